package plugins_test

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/octolink/octolink/pbx"
	"github.com/octolink/octolink/plugins"
)

func TestCallOverAPlugin(t *testing.T) {
	e := newExchange(t, time.Minute)
	ctx := t.Context()
	if _, err := e.sw.AutoCall(ctx, "alice", "301", false, false); !errors.Is(err, pbx.ErrOffline) {
		t.Errorf("before its start: got %v", err)
	}
	e.run()
	e.there()
	chain, err := e.sw.AutoCall(ctx, "alice", "301", false, false)
	if err != nil {
		t.Fatal(err)
	}
	if l := e.line("alice", pbx.LineRinging); l.Chain != chain || l.Callback != pbx.CallbackUser || l.Peer.User == nil || l.Peer.User.Login != "boris" {
		t.Errorf("got %+v", l)
	}
	for _, login := range []string{"alice", "boris"} {
		e.line(login, pbx.LineRinging)
		if err := e.sw.Answer(ctx, login); err != nil {
			t.Fatal(err)
		}
	}
	alice, boris := e.line("alice", pbx.LineCommutated), e.line("boris", pbx.LineCommutated)
	if alice.Talk == "" || alice.Talk != boris.Talk || alice.Since.IsZero() {
		t.Errorf("got %+v and %+v", alice, boris)
	}
	if err := e.sw.Transfer(ctx, "alice", "79161234567"); !errors.Is(err, pbx.ErrUnsupported) {
		t.Errorf("a transfer: got %v", err)
	}
	if err := e.sw.Abort(ctx, "boris"); err != nil {
		t.Fatal(err)
	}
	e.line("alice", pbx.LineReady)
	e.line("boris", pbx.LineReady)
}

// What goes on at the telephones outlives the plugin that tells of it.
func TestCallsOutliveThePlugin(t *testing.T) {
	e := newExchange(t, time.Minute)
	ctx := t.Context()
	e.run()
	e.there()
	if _, err := e.sw.AutoCall(ctx, "alice", "79161234567", false, false); err != nil {
		t.Fatal(err)
	}
	e.line("alice", pbx.LineRinging)
	if err := e.sw.Answer(ctx, "alice"); err != nil {
		t.Fatal(err)
	}
	talk := e.line("alice", pbx.LineCommutated)
	stopped := make(chan pbx.Leg, 10)
	defer e.sw.Subscribe(func(ev pbx.Event) {
		if end, is := ev.What.(pbx.TalkStopped); is {
			stopped <- end.Leg
		}
	})()
	for n := 2; n < 5; n++ {
		if err := syscall.Kill(e.state("p", plugins.Running).PID, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		e.until("p", func(s plugins.Status) bool { return s.State == plugins.Running && s.Starts == n })
		e.eventually(func() bool { return strings.Count(e.log.String(), "the telephone system is there") == n }, func() string { return "the next one is there" })
		if l := e.line("alice", pbx.LineCommutated); l.ID != talk.ID || l.Talk != talk.Talk || !l.Since.Equal(talk.Since) {
			t.Errorf("got %+v, want %+v", l, talk)
		}
	}
	if err := e.sw.Abort(ctx, "alice"); err != nil { // the new process knows the call
		t.Fatal(err)
	}
	if end := <-stopped; end.ID != talk.ID || end.Cause != pbx.CauseHungUp {
		t.Errorf("got the end %+v", end)
	}
	e.line("alice", pbx.LineReady)
	if len(stopped) > 0 {
		t.Errorf("one talk ended twice: %+v", <-stopped)
	}
}

// Calls that the next process does not know are over; so are all when nobody comes back.
func TestCallsThatAreGone(t *testing.T) {
	e := newExchange(t, time.Minute)
	ctx := t.Context()
	causes := make(chan pbx.Cause, 10)
	defer e.sw.Subscribe(func(ev pbx.Event) {
		if r, is := ev.What.(pbx.RingStopped); is {
			causes <- r.Leg.Cause
		}
	})()
	e.run()
	e.there()
	ring := func() {
		t.Helper()
		if _, err := e.sw.AutoCall(ctx, "alice", "79161234567", false, false); err != nil {
			t.Fatal(err)
		}
		e.line("alice", pbx.LineRinging)
	}
	ring()
	if err := os.Remove(e.file); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(e.state("p", plugins.Running).PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	e.line("alice", pbx.LineReady)
	if c := <-causes; c != pbx.CauseInterrupted {
		t.Errorf("got the cause %d", c)
	}
}

func TestNobodyComesBack(t *testing.T) {
	e := newExchange(t, 50*time.Millisecond)
	e.run()
	e.there()
	e.tell("ring")
	e.tell("conference")
	e.line("alice", pbx.LineRinging)
	e.eventually(func() bool { return len(e.sw.Waiting("700")) == 1 }, func() string { return "somebody waits" })
	if c, ok := e.sw.Conference("conf"); !ok || c.Name != "Talk" || len(c.Members) != 1 || c.Members[0].Party.User == nil {
		t.Errorf("got %+v", c)
	}
	if err := e.m.Disable(t.Context(), "p"); err != nil {
		t.Fatal(err)
	}
	e.line("alice", pbx.LineReady)
	e.eventually(func() bool {
		_, ok := e.sw.Conference("conf")
		return !ok && len(e.sw.Waiting("700")) == 0
	}, func() string { return "all is over" })
	if err := e.m.Enable(t.Context(), "p"); err != nil {
		t.Fatal(err)
	}
	e.eventually(func() bool {
		_, err := e.sw.AutoCall(t.Context(), "alice", "301", false, false)
		return err == nil
	}, func() string { return "commands work again" })
}

func TestWhatATelephoneSystemRefuses(t *testing.T) {
	e := newExchange(t, time.Minute)
	ctx := t.Context()
	e.run()
	e.there()
	for to, want := range map[string]error{"999": pbx.ErrNoSuchNumber, "998": pbx.ErrBusy} {
		if _, err := e.sw.AutoCall(ctx, "alice", to, false, false); !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", to, err, want)
		}
	}
	if _, err := e.sw.AutoCall(ctx, "alice", "997", false, false); err == nil || !strings.Contains(err.Error(), "on fire") {
		t.Errorf("got %v", err)
	}
	for what, err := range map[string]error{
		"answer": e.driver.Answer(ctx, "no"), "hang up": e.driver.Hangup(ctx, "no"),
	} {
		if !errors.Is(err, pbx.ErrNoSuchLeg) {
			t.Errorf("%s: got %v", what, err)
		}
	}
	if err := e.driver.Join(ctx, "a", "b"); err == nil || !strings.Contains(err.Error(), "panicked") {
		t.Errorf("a panic: got %v", err)
	}
	e.tell("away")
	e.logged("the telephone system is away", "the cable is out")
	if _, err := e.sw.AutoCall(ctx, "alice", "301", false, false); !errors.Is(err, pbx.ErrOffline) {
		t.Errorf("away: got %v", err)
	}
	e.tell("there")
	e.eventually(func() bool { return e.driver.Hold(ctx, "x") == nil }, func() string { return "it is there again" })
}

func TestEverythingThatATelephoneSystemCan(t *testing.T) {
	e := newExchange(t, time.Minute)
	ctx, d := t.Context(), e.driver
	e.run()
	e.there()
	for want, do := range map[string]func() error{
		"hold a": func() error { return d.Hold(ctx, "a") }, "resume a": func() error { return d.Resume(ctx, "a") },
		"connect a b":               func() error { return d.Connect(ctx, "a", "b") },
		"create c N Alice [301]":    func() error { return d.Create(ctx, pbx.Conference{ID: "c", Name: "N"}, "Alice", []string{"301"}) },
		"gather a c":                func() error { return d.Gather(ctx, "a", "c") },
		"invite c [301 302]":        func() error { return d.Invite(ctx, "c", []string{"301", "302"}) },
		"kick c m":                  func() error { return d.Kick(ctx, "c", "m") },
		"listen Alice a c":          func() error { return d.Listen(ctx, "Alice", "a", "c") },
		"ghost c m GHOST_MODE_HELP": func() error { return d.GhostMode(ctx, "c", "m", pbx.GhostHelp) },
	} {
		if err := do(); err != nil {
			t.Errorf("%s: %v", want, err)
			continue
		}
		if got := e.says("did", ""); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	rc, mediaType, err := d.Recording(ctx, pbx.CallRecord{Talk: "ab"})
	if err != nil {
		t.Fatal(err)
	}
	defer rc.Close()
	sound, err := io.ReadAll(rc)
	if err != nil || mediaType != "audio/wav" || len(sound) != 2<<20 || string(sound[:4]) != "abab" {
		t.Errorf("got %d bytes of %q, %v", len(sound), mediaType, err)
	}
	if at, err := rc.Seek(1, io.SeekStart); at != 1 || err != nil {
		t.Errorf("got %d %v", at, err)
	}
	if _, _, err := d.Recording(ctx, pbx.CallRecord{Talk: "none"}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

// A telephone system knows who exists, what they do and where their calls go.
func TestWhatATelephoneSystemKnows(t *testing.T) {
	e := newExchange(t, time.Minute)
	ctx := t.Context()
	e.run()
	e.there()
	if got := e.says("users", ""); got != "Alice=300 boris=301+302" {
		t.Errorf("got %q", got)
	}
	if err := e.sw.Connect(ctx, "alice"); err != nil {
		t.Fatal(err)
	}
	on := true
	if _, err := e.sw.SetState(ctx, "alice", pbx.StateChange{CallCenter: &on}); err != nil {
		t.Fatal(err)
	}
	e.eventually(func() bool { return e.says("state", "ALICE") == "1 true" }, func() string { return "alice is ready" })
	if got := e.says("redirect", "alice"); got != "" {
		t.Errorf("got %q", got)
	}
	if err := e.sw.SetRules(ctx, "alice", []pbx.RedirectRule{{Destination: "301", Enabled: true}}); err != nil {
		t.Fatal(err)
	}
	if got := e.says("redirect", "alice"); got != "301" {
		t.Errorf("got %q", got)
	}
	d, err := pbx.NewDirectory(pbx.Config{Users: []pbx.User{{Login: "vera", Numbers: []string{"305"}}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := e.sw.SetDirectory(ctx, d); err != nil {
		t.Fatal(err)
	}
	e.eventually(func() bool { return e.says("users", "") == "vera=305" }, func() string { return "another directory" })
}

// What is wrong in a report is passed over with a line in the log; the rest counts.
func TestReportsThatAreWrong(t *testing.T) {
	e := newExchange(t, time.Minute)
	e.run()
	e.there()
	e.tell("wrong")
	for _, want := range []string{"it has no id", "it has no chain", "the state 77 is none", "more than 128 bytes", "the conference", "there is no queue"} {
		e.logged("told something wrong", want)
	}
	e.tell("ring")
	first := e.line("alice", pbx.LineRinging)
	e.tell("same id") // of another call: the first one is over
	e.eventually(func() bool {
		l := e.sw.Line("alice").Current
		return l != nil && l.Chain == "c2"
	}, func() string { return "the second call" })
	if steps := e.sw.Chain(first.Chain); len(steps) == 0 || steps[len(steps)-1].Kind != "interrupted" {
		t.Errorf("got %+v", steps)
	}
	e.tell("many")
	e.eventually(func() bool {
		l := e.sw.Line("alice").Current
		return l != nil && l.ID == "01999"
	}, func() string { return "the last of many legs" })
	e.tell("there") // nothing of it is left
	e.line("alice", pbx.LineReady)
	e.kill("too many")
	e.logged("the plugin died", "more than 20000 calls")
	e.until("p", func(s plugins.Status) bool { return s.State == plugins.Running && s.Starts == 2 })
	e.kill("quit")
	e.logged("the plugin died", "the exchange does not want me")
	e.until("p", func(s plugins.Status) bool { return s.State == plugins.Running && s.Starts == 3 })
}

// Who is the telephone system is the operator's word, twice.
func TestWhoMayBeTheTelephoneSystem(t *testing.T) {
	for _, tt := range []struct{ name, how, allow, want string }{
		{"no permission", "phones", "", "its manifest does not allow pbx"},
		{"no telephone system", "good", "allow: {pbx: true}", "it is no telephone system"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newHouse(t)
			h.o.Telephony = plugins.NewDriver("a")
			h.add("a", tt.how, "settings: {file: "+filepath.Join(t.TempDir(), "calls")+"}\n"+tt.allow)
			h.run()
			if s := h.state("a", plugins.Refused); !strings.Contains(s.Reason, tt.want) {
				t.Errorf("got %q, want %q", s.Reason, tt.want)
			}
		})
	}
	h := newHouse(t)
	h.add("a", "phones", "settings: {file: "+filepath.Join(t.TempDir(), "calls")+"}\nallow: {pbx: true}")
	h.run()
	h.state("a", plugins.Running)
	h.logged("pbx.driver does not name it")
}

// A new version of the plugin takes the telephones over.
func TestExchangeOfATelephoneSystem(t *testing.T) {
	e := newExchange(t, time.Minute)
	e.run()
	e.there()
	if _, err := e.sw.AutoCall(t.Context(), "alice", "301", false, false); err != nil {
		t.Fatal(err)
	}
	before := e.line("alice", pbx.LineRinging)
	if err := e.m.Restart(t.Context(), "p"); err != nil {
		t.Fatal(err)
	}
	e.eventually(func() bool { // the command waits for who takes over, but not for ever
		err := e.sw.Answer(t.Context(), "alice")
		if err != nil && !errors.Is(err, pbx.ErrOffline) {
			t.Fatal(err)
		}
		return err == nil
	}, func() string { return "the next process answers" })
	if l := e.line("alice", pbx.LineHookUp); l.ID != before.ID {
		t.Errorf("got %+v, want the leg %s", l, before.ID)
	}
	e.line("boris", pbx.LineRinging)
	if s := e.state("p", plugins.Running); s.Deaths != 0 || s.Starts != 2 {
		t.Errorf("got %+v", s)
	}
}
