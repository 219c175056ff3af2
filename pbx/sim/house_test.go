package sim_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/octolink/octolink/pbx"
	"github.com/octolink/octolink/pbx/sim"
)

// A house is a telephone system with five people, a queue, and somebody who writes down all events.
type house struct {
	t       *testing.T
	ctx     context.Context
	sw      *pbx.Switch
	sim     *sim.Sim
	journal *journal
	timers  atomic.Int64 // of the simulator that are running
	rooms   bool         // flows make conferences in which one waits for others

	mu     sync.Mutex          // guards what the switch's goroutine writes: told, events, the journal
	told   map[string][]string // since the last look, by login; "" for everybody
	events []pbx.Event
}

// Somebody outside.
const client = "79161234567"

func staff() pbx.Config {
	anyone := []string{"*"}
	return pbx.Config{
		Users: []pbx.User{
			{Login: "alice", Name: "Alice Ivanova", Numbers: []string{"300", "78005550300"}, Dial: anyone, Subordinates: []string{"boris"}},
			{Login: "boris", Name: "Boris Petrov", Numbers: []string{"301"}, Dial: anyone},
			{Login: "vera", Name: "Vera Orlova", Numbers: []string{"302"}, Dial: anyone},
			{Login: "dmitry", Name: "Dmitry Li", Numbers: []string{"303"}, Dial: anyone},
			{Login: "elena", Name: "Elena Sokol", Numbers: []string{"304"}},
			{Login: "nophone", Name: "Nobody's Phone"},
		},
		Queues: []pbx.Queue{
			{Number: "700", Name: "sales", Members: []string{"alice", "boris", "vera"}},
			{Number: "701", Name: "all hands", Members: []string{"alice", "boris", "vera"}, Strategy: pbx.RingAll},
			{Number: "702", Name: "in order", Members: []string{"vera", "boris", "alice"}, Strategy: pbx.InOrder, Ring: 10 * time.Second, Retry: 3 * time.Second},
		},
		Breaks: []pbx.Break{{ID: 1, Name: "Technical"}, {ID: 4, Name: "Lunch"}},
	}
}

// inHouse runs a scenario in a bubble of virtual time, with everybody logged in.
func inHouse(t *testing.T, o sim.Options, scenario func(h *house)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		h := open(t, o, staff())
		for _, u := range h.sw.Directory().Users() {
			h.must(h.sw.Connect(h.ctx, u.Login))
		}
		h.pass(time.Second)
		h.forget()
		scenario(h)
		h.check()
	})
}

func inBubble(t *testing.T, fn func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, fn)
}

func open(t *testing.T, o sim.Options, c pbx.Config) *house {
	t.Helper()
	dir, err := pbx.NewDirectory(c)
	if err != nil {
		t.Fatal(err)
	}
	h := &house{t: t, sim: sim.New(o), told: map[string][]string{}, journal: &journal{open: map[string]pbx.CallRecord{}}}
	h.sw = pbx.NewSwitch(pbx.Options{Driver: clocked{h.sim, &h.timers}, Directory: dir, Memory: h.journal})
	h.journal.mu = &h.mu
	h.sw.Subscribe(func(e pbx.Event) {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.events = append(h.events, e)
		h.told[e.Login] = append(h.told[e.Login], describe(e.What))
	})
	ctx, stop := context.WithCancel(t.Context())
	h.ctx = ctx
	ended := make(chan error, 1)
	go func() { ended <- h.sw.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	return h
}

func (h *house) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// pass lets time pass and everything happen that is due.
func (h *house) pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

func (h *house) forget() {
	h.mu.Lock()
	defer h.mu.Unlock()
	clear(h.told)
}

// settled waits until the windows are closed and forgets what was told.
func settled(h *house) {
	h.pass(100 * time.Millisecond)
	h.forget()
}

func (h *house) fails(err, want error) {
	h.t.Helper()
	if !errors.Is(err, want) {
		h.t.Errorf("got error %v, want %v", err, want)
	}
}

// wish changes a user's state.
func (h *house) wish(login string, c pbx.StateChange) {
	h.t.Helper()
	_, err := h.sw.SetState(h.ctx, login, c)
	h.must(err)
}

// agents take the users into the call-centre.
func (h *house) agents(logins ...string) {
	h.t.Helper()
	for _, login := range logins {
		h.wish(login, pbx.StateChange{CallCenter: yes()})
	}
	settled(h)
}

func yes() *bool { on := true; return &on }
func no() *bool  { off := false; return &off }

func is(st pbx.StateID) *pbx.StateID { return &st }

// ringing are the users whose phones ring.
func (h *house) ringing(want ...string) {
	h.t.Helper()
	synctest.Wait()
	var got []string
	for _, u := range h.sw.Directory().Users() {
		if h.sw.Line(u.Login).State == pbx.LineRinging {
			got = append(got, u.Login)
		}
	}
	if !slices.Equal(got, want) {
		h.t.Errorf("%v ring, want %v", got, want)
	}
}

// expect compares what a user was told since the last look, without his states; "" is everybody.
func (h *house) expect(login string, want ...string) {
	h.t.Helper()
	synctest.Wait()
	h.mu.Lock()
	defer h.mu.Unlock()
	got := slices.DeleteFunc(h.told[login], func(s string) bool { return strings.HasPrefix(s, "record ") })
	delete(h.told, login)
	if !slices.Equal(got, want) {
		h.t.Errorf("%q was told\n\t%s\nwant\n\t%s", login, strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}

// line compares the picture of a phone: state, current and held party.
func (h *house) line(login, want string) {
	h.t.Helper()
	synctest.Wait()
	if got := draw(h.sw.Line(login)); got != want {
		h.t.Errorf("line of %s: got %q, want %q", login, got, want)
	}
}

// draw writes a line in words, as a client would compute it from the fields of [P 5.6].
func draw(l pbx.Line) string {
	words := []string{l.State.String()}
	if c := l.Current; c != nil {
		words = append(words, c.State.String(), c.Peer.Number)
		if c.Callback != pbx.NoCallback {
			words = append(words, fmt.Sprintf("callback%d", c.Callback))
		}
		if l.Conf != nil {
			words = append(words, "conference")
		}
		if c.Queue != "" {
			words = append(words, "queue "+c.Queue)
		}
	}
	if l.Held != nil {
		words = append(words, "held", l.Held.Peer.Number)
		if l.HeldConf != nil {
			words = append(words, "conference")
		}
	}
	return strings.Join(slices.DeleteFunc(words, func(w string) bool { return w == "" }), " ")
}

func describe(what any) string {
	switch e := what.(type) {
	case pbx.RingStarted:
		return strings.TrimSpace("ring+ " + e.Leg.Peer.Number)
	case pbx.RingStopped:
		return strings.TrimSpace("ring- " + e.Leg.Peer.Number)
	case pbx.TalkStarted:
		return strings.TrimSpace("talk+ " + e.Leg.Peer.Number + inConference(e.Leg))
	case pbx.TalkStopped:
		return strings.TrimSpace("talk- " + e.Leg.Peer.Number + inConference(e.Leg))
	case pbx.CallbackStarted:
		return "acm+ " + e.Leg.Peer.Number
	case pbx.CallbackStopped:
		return "acm- " + e.Leg.Peer.Number
	case pbx.LineChanged:
		return fmt.Sprintf("line %d", e.State)
	case pbx.FlashChanged:
		return fmt.Sprintf("flash %d", e.Type)
	case pbx.StateChanged:
		return "state " + stateWords(e.State)
	case pbx.NumbersChanged:
		var all []string
		for _, n := range e.Numbers {
			all = append(all, fmt.Sprintf("%s=%d", n.Number, n.State))
		}
		return "numbers " + strings.Join(all, " ")
	case pbx.ConferenceChanged:
		return "composition " + composition(e.Conference)
	case pbx.MemberChanged:
		return "member " + e.Member.Party.Number + " " + string(e.Member.State)
	case pbx.CallRecorded:
		return "record " + string(e.Record.Outcome)
	}
	return fmt.Sprintf("%T", what)
}

func inConference(l pbx.Leg) string {
	if l.Conference == "" {
		return ""
	}
	return "conference"
}

func composition(c pbx.Conference) string {
	var all []string
	for _, m := range c.Members {
		all = append(all, m.Party.Number+":"+string(m.State))
	}
	return strings.Join(all, " ")
}

func stateWords(st pbx.UserState) string {
	words := []string{fmt.Sprint(int(st.State))}
	for _, flag := range []struct {
		on   bool
		name string
	}{{st.CallCenter, "cc"}, {st.Manual, "manual"}, {st.Lunch, "lunch"}, {st.Redirect, "redirect"}, {st.Task, "task"}} {
		if flag.on {
			words = append(words, flag.name)
		}
	}
	if st.BreakID != 0 {
		words = append(words, fmt.Sprint("reason", st.BreakID))
	}
	return strings.Join(words, " ")
}

// journal is a memory that only remembers calls.
type journal struct {
	mu     *sync.Mutex
	open   map[string]pbx.CallRecord
	closed []pbx.CallRecord
	states map[string]pbx.SavedState
}

func (j *journal) OpenCall(r pbx.CallRecord) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.open[r.ID] = r
}

func (j *journal) CloseCall(r pbx.CallRecord) {
	j.mu.Lock()
	defer j.mu.Unlock()
	delete(j.open, r.ID)
	if r.Outcome != pbx.Taken {
		j.closed = append(j.closed, r)
	}
}

func (j *journal) SaveState(login string, s pbx.SavedState) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.states == nil {
		j.states = map[string]pbx.SavedState{}
	}
	j.states[login] = s
}

// take hands out the entries that were closed since the last look.
func (j *journal) take() []pbx.CallRecord {
	synctest.Wait()
	j.mu.Lock()
	defer j.mu.Unlock()
	taken := j.closed
	j.closed = nil
	return taken
}

// unfinished are the entries that are open.
func (j *journal) unfinished() []pbx.CallRecord {
	synctest.Wait()
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Collect(maps.Values(j.open))
}

func (j *journal) SaveEvent(pbx.Event) {}

// rows are the entries so far: login, direction, peer, outcome, seconds of talk.
func (h *house) rows(want ...string) {
	h.t.Helper()
	var got []string
	for _, r := range h.journal.take() {
		got = append(got, fmt.Sprintf("%s %s %s %s %d", r.Login, r.Direction, r.Peer, r.Outcome, int(r.Talked()/time.Second)))
	}
	if !slices.Equal(got, want) {
		h.t.Errorf("journal:\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}

// check looks for what must hold at every moment.
func (h *house) check() {
	h.t.Helper()
	synctest.Wait()
	checkPairs(h)
	checkLegs(h)
}
