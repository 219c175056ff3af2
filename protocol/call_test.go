package protocol_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/octolink/octolink/protocol"
	"github.com/octolink/octolink/protocol/wire"
)

// asked gives the qids of questions of ours that a CRM got since the last look.
func (p *pipe) asked(name string) (qids []wire.Token) {
	p.t.Helper()
	p.mu.Lock()
	fresh := slices.Clone(p.got[p.seen:])
	p.seen = len(p.got)
	p.mu.Unlock()
	for _, w := range fresh {
		if msg, err := wire.Decode(p.info.Format, whole(w.frame), wire.Limits{}); err == nil && msg.Name == name {
			qids = append(qids, wire.Token(strings.Clone(string(msg.QID))))
		}
	}
	return qids
}

// answer sends a message under a qid of ours.
func (p *pipe) answer(name string, qid wire.Token, fields ...wire.Member) {
	frame, err := wire.Append(nil, p.info.Format, name, qid, wire.Object(fields))
	if err != nil {
		p.t.Fatal(err)
	}
	p.send(frame)
}

// peer is the CRM at the other end of a connection.
func (s *linkScene) peer() protocol.Peer {
	s.t.Helper()
	p := s.link.Peer()
	if p == nil {
		s.t.Fatal("no CRM is there")
	}
	return p
}

// A result is what a call came to.
type result struct {
	text string
	err  error
}

// call asks the CRM and gives what came of it.
func (s *linkScene) call(ctx context.Context, p protocol.Peer, replies ...string) <-chan result {
	got := make(chan result, 1)
	go func() {
		msg, err := p.Call(ctx, "find", textIn{"?"}, replies...)
		var out textIn
		if err == nil {
			err = msg.Unmarshal(&out)
		}
		got <- result{out.Text, err}
	}()
	synctest.Wait()
	return got
}

func pending(got <-chan result) bool {
	synctest.Wait()
	return len(got) == 0
}

func TestOnlyExpectedNamesOnTheRightChannelSettle(t *testing.T) {
	inBothFormats(t, func(t *testing.T, f wire.Format) {
		s := newLinkScene(t, protocol.Options{}, protocol.LinkOptions{})
		p := s.crm(f)
		s.engine.AddLink(protocol.LinkOptions{Name: "other"})
		other, stranger, browser := s.dial(f, "other"), s.dial(f, "crm"), s.tabOf(f, "alice")
		other.ask("whoareyou", "w")
		synctest.Wait()
		got := s.call(t.Context(), s.peer(), "foundresult", "alsoresult")
		qid := p.asked("find")[0]

		for _, wrong := range []*pipe{other, stranger, browser} {
			wrong.answer("foundresult", qid, with("text", "from elsewhere"))
		}
		p.answer("foundresult", wire.Text("another"), with("text", "another question's"))
		p.answer("foundresult", "", with("text", "without a qid"))
		p.answer("findresult", qid, with("text", "another name"))
		if !pending(got) {
			t.Fatal("a wrong answer was taken")
		}
		p.answer("say", qid, with("text", "its own question under our qid"))
		if !pending(got) {
			t.Fatal("a question was taken for an answer")
		}
		if text := p.take(); len(text) != 1 || !strings.Contains(text[0], "sayresult") {
			t.Errorf("got %q, want the answer to its own question", text)
		}
		p.answer("alsoresult", qid, with("text", "right"))
		p.answer("foundresult", qid, with("text", "twice"))
		if r := <-got; r != (result{"right", nil}) {
			t.Errorf("got %+v, want the right answer", r)
		}
		synctest.Wait()
		p.want() // late answers are not answered
		s.stop()
	})
}

// tabOf is a browser of a user, logged in.
func (s *linkScene) tabOf(f wire.Format, login string, events ...string) *pipe {
	s.t.Helper()
	p := s.open(f)
	p.ask("login", "l", as(login))
	p.ask("subscribeevent", "sub", with("eventmethod", events))
	synctest.Wait()
	p.take()
	return p
}

func TestCallsEndWithTheChannelAndTheCaller(t *testing.T) {
	inBothFormats(t, func(t *testing.T, f wire.Format) {
		s := newLinkScene(t, protocol.Options{}, protocol.LinkOptions{})
		p := s.crm(f)
		peer := s.peer()
		start := time.Now()
		ctx, cancel := context.WithCancel(t.Context())
		cancelled := s.call(ctx, peer, "foundresult")
		short, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		timed := s.call(short, peer, "foundresult")
		var waiting []<-chan result
		for range 100 {
			waiting = append(waiting, s.call(t.Context(), peer, "foundresult"))
		}
		qids := p.asked("find")
		cancel()
		if r := <-cancelled; !errors.Is(r.err, context.Canceled) {
			t.Errorf("cancelled: got %v", r.err)
		}
		if r := <-timed; !errors.Is(r.err, context.DeadlineExceeded) || time.Since(start) != time.Second {
			t.Errorf("after its time: got %v after %v", r.err, time.Since(start))
		}
		p.answer("foundresult", qids[0]) // too late: ignored
		p.answer("foundresult", qids[1])
		p.end(errors.New("reset"))
		for _, w := range waiting {
			if r := <-w; !errors.Is(r.err, protocol.ErrGone) {
				t.Errorf("got %v, want ErrGone", r.err)
			}
		}
		if time.Since(start) != time.Second {
			t.Errorf("they waited until %v", time.Since(start))
		}
		if r := <-s.call(t.Context(), peer, "foundresult"); !errors.Is(r.err, protocol.ErrGone) {
			t.Errorf("afterwards: got %v, want ErrGone", r.err)
		}
		if err := peer.Notify(t.Context(), "tell", nil); !errors.Is(err, protocol.ErrGone) {
			t.Errorf("afterwards: Notify got %v, want ErrGone", err)
		}
		s.stop()
	})
}

func TestOpenQuestionsAreLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newLinkScene(t, protocol.Options{}, protocol.LinkOptions{})
		p := s.crm(wire.JSON)
		ch := s.peer().(*protocol.Channel)
		var open []*protocol.Question
		var err error
		for range 5000 {
			var q *protocol.Question
			if q, err = ch.Ask("find", nil, "foundresult"); err != nil {
				break
			}
			open = append(open, q)
		}
		if !errors.Is(err, protocol.ErrTooManyCalls) || len(open) != 4096 {
			t.Errorf("%d questions are open, then %v; want 4096 and ErrTooManyCalls", len(open), err)
		}
		qids := p.asked("find")
		if len(qids) != len(open) {
			t.Errorf("%d questions were sent, %d asked", len(qids), len(open))
		}
		p.answer("foundresult", qids[7], with("text", "x"))
		if _, err := open[7].Wait(t.Context()); err != nil {
			t.Errorf("the answer: %v", err)
		}
		q, err := ch.Ask("find", nil, "foundresult") // there is room again
		if err != nil {
			t.Errorf("after an answer: %v", err)
		}
		p.end(nil)
		if _, err := q.Wait(t.Context()); !errors.Is(err, protocol.ErrGone) {
			t.Errorf("got %v, want ErrGone", err)
		}
		for i, q := range open {
			if i == 7 {
				continue
			}
			if _, err := q.Wait(t.Context()); !errors.Is(err, protocol.ErrGone) {
				t.Fatalf("%d: got %v, want ErrGone", i, err)
			}
		}
		s.stop()
	})
}

// What cannot be encoded leaves no question open.
func TestAQuestionThatCannotBeEncoded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newLinkScene(t, protocol.Options{}, protocol.LinkOptions{})
		s.crm(wire.JSON)
		ch := s.peer().(*protocol.Channel)
		for range 5000 {
			if _, err := ch.Ask("find", wire.Object{{Key: "bad", Value: make(chan int)}}, "foundresult"); err == nil || errors.Is(err, protocol.ErrTooManyCalls) {
				t.Fatalf("got %v", err)
			}
		}
		s.stop()
	})
}

// Questions, answers, ends of contexts and of the channel at once, for -race: each call ends once,
// with its own answer.
func TestCallsUnderLoad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newLinkScene(t, protocol.Options{}, protocol.LinkOptions{})
		p := s.crm(wire.JSON)
		ch := s.peer().(*protocol.Channel)
		var busy sync.WaitGroup
		questions := make(chan string, 10_000)
		p.mu.Lock()
		p.onWrite = func(int) {
			select {
			case questions <- "":
			default:
			}
		}
		p.mu.Unlock()
		for i := range 8 {
			busy.Go(func() {
				for j := range 50 {
					ctx, cancel := context.WithTimeout(t.Context(), time.Duration(1+(i+j)%3)*time.Millisecond)
					text := numbered(i*50 + j)
					msg, err := ch.Call(ctx, "find", textIn{text}, "foundresult")
					var out textIn
					if err == nil {
						err = msg.Unmarshal(&out)
					}
					if err == nil && out.Text != text {
						t.Errorf("got %q, want %q", out.Text, text)
					}
					if err != nil && ctx.Err() == nil && !errors.Is(err, protocol.ErrGone) {
						t.Errorf("got %v", err)
					}
					cancel()
				}
			})
		}
		busy.Go(func() { // the CRM answers every second one, and some twice
			seen := 0
			for round := 0; round < 200; round++ {
				<-time.After(time.Millisecond / 2)
				for _, f := range p.frames()[seen:] {
					seen++
					msg, err := wire.Decode(wire.JSON, whole(f), wire.Limits{})
					if err != nil || msg.Name != "find" || seen%2 == 0 {
						continue
					}
					var in textIn
					_ = msg.Unmarshal(&in)
					for range 1 + seen%3 {
						p.answer("foundresult", msg.QID, with("text", in.Text))
					}
				}
			}
			p.end(nil)
		})
		busy.Wait()
		s.stop()
	})
}
