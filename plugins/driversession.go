package plugins

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"

	"google.golang.org/grpc"

	"github.com/octolink/octolink/pbx"
	contract "github.com/octolink/octolink/plugins/proto"
	pbxv1 "github.com/octolink/octolink/plugins/proto/pbx/v1"
)

// A session is the conversation with one process of a telephone system.
type session struct {
	d      *Driver
	i      *instance
	board  pbx.Board
	stream grpc.BidiStreamingClient[pbxv1.RunRequest, pbxv1.RunResponse]
	told   atomic.Bool // it is away by its own word

	wake chan struct{} // there is something to send
	idle chan struct{} // closed when it is retired and no command is under way

	doing   sync.Mutex
	ready   bool // it has told everything, and is not away
	retired bool // another process takes over
	busy    int  // commands under way

	// What waits to be sent: only the latest of each, so a plugin that reads slowly costs no more than
	// the directory.
	mu        sync.Mutex
	directory bool
	users     map[string]pbx.UserState
	answers   []*pbxv1.RedirectAnswer // at most contract.MaxQuestions
}

// run talks until the stream ends, and says why.
func (s *session) run(ctx context.Context) error {
	if err := s.board.Do(ctx, s.begin); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	var sender sync.WaitGroup
	sender.Go(func() { s.send(ctx) })
	err := s.receive(ctx)
	s.d.live.CompareAndSwap(s, nil)
	cancel()
	sender.Wait()
	return err
}

// open lets commands in. It is false when they were let in already.
func (s *session) open() bool {
	s.doing.Lock()
	defer s.doing.Unlock()
	was := s.ready
	s.ready = true
	return !was
}

// close lets no more commands in. It is false when none were let in anyway.
func (s *session) close() bool {
	s.doing.Lock()
	defer s.doing.Unlock()
	was := s.ready
	s.ready = false
	return was
}

// enter begins a command, if that is possible.
func (s *session) enter() bool {
	s.doing.Lock()
	defer s.doing.Unlock()
	if !s.ready || s.retired {
		return false
	}
	s.busy++
	return true
}

// exit ends a command.
func (s *session) exit() {
	s.doing.Lock()
	defer s.doing.Unlock()
	if s.busy--; s.busy == 0 && s.retired {
		close(s.idle)
	}
}

func (s *session) leaving() bool {
	s.doing.Lock()
	defer s.doing.Unlock()
	return s.retired
}

// retire lets no more commands in.
func (s *session) retire() {
	s.doing.Lock()
	defer s.doing.Unlock()
	if !s.retired && s.busy == 0 {
		close(s.idle)
	}
	s.retired = true
}

// rest returns when the commands of a session that is retired have ended, or ctx has.
func (s *session) rest(ctx context.Context) {
	select {
	case <-s.idle:
	case <-ctx.Done():
	}
}

// begin has everything told that there is; from now on what changes is told too. Inside Do.
func (s *session) begin() {
	s.d.live.Store(s)
	s.directoryChanged()
}

// directoryChanged tells it. Inside Do.
func (s *session) directoryChanged() {
	s.mu.Lock()
	s.directory = true
	clear(s.users)
	for _, u := range s.board.Directory().Users() {
		s.users[u.Login] = s.board.User(u.Login)
	}
	s.mu.Unlock()
	s.nudge()
}

func (s *session) userChanged(login string, st pbx.UserState) {
	s.mu.Lock()
	s.users[login] = st
	s.mu.Unlock()
	s.nudge()
}

func (s *session) nudge() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// send sends what waits until ctx ends or the stream does.
func (s *session) send(ctx context.Context) {
	for {
		select {
		case <-s.wake:
		case <-ctx.Done():
			return
		}
		for _, m := range s.take() {
			if s.stream.Send(m) != nil {
				return // the receiver learns the reason
			}
		}
	}
}

// take is what waits.
func (s *session) take() []*pbxv1.RunRequest {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []*pbxv1.RunRequest
	if s.directory {
		d := directoryMessage(s.board.Directory())
		all = append(all, &pbxv1.RunRequest{What: &pbxv1.RunRequest_Directory{Directory: d}})
		s.directory = false
	}
	for login, st := range s.users {
		u := &pbxv1.UserState{Login: login, State: int32(st.State), CallCenter: st.CallCenter, Redirect: st.Redirect}
		all = append(all, &pbxv1.RunRequest{What: &pbxv1.RunRequest_User{User: u}})
	}
	clear(s.users)
	for _, a := range s.answers {
		all = append(all, &pbxv1.RunRequest{What: &pbxv1.RunRequest_Redirect{Redirect: a}})
	}
	s.answers = nil
	return all
}

// errQuestions ends a plugin that asks and does not read.
var errQuestions = fmt.Errorf("it asks more than %d questions without reading an answer", contract.MaxQuestions)

// receive takes what the plugin tells until the stream ends.
func (s *session) receive(ctx context.Context) error {
	for {
		in, err := s.stream.Recv()
		if err != nil {
			return err
		}
		switch what := in.GetWhat().(type) {
		case *pbxv1.RunResponse_Report:
			err = s.report(ctx, what.Report)
		case *pbxv1.RunResponse_Redirect:
			err = s.redirect(ctx, what.Redirect)
		case *pbxv1.RunResponse_Away:
			s.i.out.note(slog.LevelWarn, "the telephone system is away", "err", errors.New(what.Away.GetReason()))
			s.told.Store(true)
			err = s.board.Do(ctx, func() { s.d.away(s.board, s) })
		}
		if err != nil {
			return err
		}
	}
}

// redirect answers a question.
func (s *session) redirect(ctx context.Context, q *pbxv1.RedirectQuestion) error {
	a := &pbxv1.RedirectAnswer{Id: q.GetId()}
	if err := s.board.Do(ctx, func() { a.To = s.board.Redirect(q.GetUser(), q.GetCaller()) }); err != nil {
		return err
	}
	s.mu.Lock()
	s.answers = append(s.answers, a)
	many := len(s.answers) > contract.MaxQuestions
	s.mu.Unlock()
	s.nudge()
	if many {
		return errQuestions
	}
	return nil
}

// report takes over what a telephone system tells. What is wrong in it is left out, with a line in the log.
func (s *session) report(ctx context.Context, r *pbxv1.Report) error {
	t, faults := readReport(s.board.Directory(), r)
	for _, f := range faults {
		s.i.out.write("octolink", "the telephone system told something wrong, it is passed over: "+f)
	}
	return s.show(ctx, t, r.GetWhole())
}

// atOnce is how many legs are told to the switch in one step, so that others get their turn.
const atOnce = 500

// show tells the switch what is. A report that is not whole and not large is one step for everybody.
func (s *session) show(ctx context.Context, t truth, whole bool) error {
	var full error
	swept, done := false, false
	err := s.board.Do(ctx, func() {
		full, swept = s.d.full(t, whole), whole || s.d.clashes(t)
		if done = full == nil && !swept && len(t.legs) <= atOnce; done {
			s.d.take(s.board, t)
		}
	})
	if err != nil || full != nil || done {
		return errors.Join(err, full)
	}
	for more := swept; more; { // before the rest: an id may name another call now
		if err := s.board.Do(ctx, func() { more = s.d.sweep(s.board, t, whole) }); err != nil {
			return err
		}
	}
	for len(t.legs) > atOnce {
		part := truth{legs: t.legs[:atOnce]}
		if err := s.board.Do(ctx, func() { s.d.take(s.board, part) }); err != nil {
			return err
		}
		t.legs = t.legs[atOnce:]
	}
	return s.board.Do(ctx, func() {
		s.d.take(s.board, t)
		if whole {
			s.told.Store(false)
			s.d.ready(s)
		}
	})
}

// full is an error when there would be too much. Inside Do.
func (d *Driver) full(t truth, whole bool) error {
	legs, confs, queues := len(d.legs), len(d.confs), len(d.queues)
	if whole {
		legs, confs, queues = 0, 0, 0
	}
	for _, l := range t.legs {
		if _, known := d.legs[l.ID]; l.State != pbx.LegEnded && (whole || !known) {
			legs++
		}
	}
	if legs > maxLegs || confs+len(t.confs) > maxConferences || queues+len(t.queues) > maxQueues {
		return fmt.Errorf("it has more than %d calls, %d conferences or %d queues", maxLegs, maxConferences, maxQueues)
	}
	return nil
}

// clashes reports whether an id has gone to another call. Inside Do.
func (d *Driver) clashes(t truth) bool {
	return slices.ContainsFunc(t.legs, func(l pbx.Leg) bool {
		known, ok := d.legs[l.ID]
		return ok && known.Chain != l.Chain
	})
}

// sweep ends what a report shows to be over: all that a whole one does not name, and legs whose id has
// gone to another call. It is true when there is more. Inside Do.
func (d *Driver) sweep(b pbx.Board, t truth, whole bool) (more bool) {
	if !whole {
		for _, l := range t.legs {
			if known, ok := d.legs[l.ID]; ok && known.Chain != l.Chain {
				d.interrupt(b, known)
			}
		}
		return false
	}
	chains := map[string]string{}
	for _, l := range t.legs {
		chains[l.ID] = l.Chain
	}
	for _, c := range t.confs { // told anew: not over in between
		delete(d.confs, c.ID)
	}
	for number := range t.queues {
		delete(d.queues, number)
	}
	return d.forget(b, func(leg string) bool { return chains[leg] != "" && chains[leg] == d.legs[leg].Chain })
}

// take shows a part of a report to the switch. Inside Do.
func (d *Driver) take(b pbx.Board, t truth) {
	for _, l := range t.legs {
		if l.State == pbx.LegEnded {
			delete(d.legs, l.ID)
		} else {
			d.legs[l.ID] = l
		}
		b.Leg(l)
	}
	for _, c := range t.confs {
		if len(c.Members) == 0 {
			delete(d.confs, c.ID)
		} else {
			d.confs[c.ID] = c
		}
		b.Conference(c)
	}
	for number, waiting := range t.queues {
		if len(waiting) == 0 {
			delete(d.queues, number)
		} else {
			d.queues[number] = true
		}
		b.Queue(number, waiting)
	}
}
