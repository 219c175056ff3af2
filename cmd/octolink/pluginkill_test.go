package main

import (
	"context"
	"errors"
	"os"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/octolink/octolink/crm"
	"github.com/octolink/octolink/plugins/status"
	"github.com/octolink/octolink/protocol/wire"
)

// A plugin of a whole server is killed under load. Whoever waits for it is told that it is gone; a call at
// the telephones, a client channel and another plugin do not notice; and it comes back. OCTOLINK_KILLS
// says how often, OCTOLINK_KILLS_WITHIN how fast both must be: a machine that has nothing else to do
// manages it within 1s.
func TestNobodyNoticesTheDeathOfAPlugin(t *testing.T) {
	kills, pause := 3, time.Duration(0)
	if n, err := strconv.Atoi(os.Getenv("OCTOLINK_KILLS")); err == nil {
		kills, pause = n, 2*time.Second // so that each death is the first one within a while
	}
	dir := t.TempDir()
	addTestPlugin(t, dir, "victim", "")
	addTestPlugin(t, dir, "other", "")
	s := start(t, dir, people+"plugins: {enabled: [victim, other]}\n")
	k := &killing{running: s, stop: make(chan struct{})}
	end := sync.OnceFunc(func() {
		close(k.stop)
		k.all.Wait()
	})
	t.Cleanup(end)
	k.state("victim", status.Running)
	k.state("other", status.Running)

	alice := s.tab(wire.JSON)
	alice.logIn("alice", "demo")
	s.sim("ring", `{"from":"79161234567","to":"300"}`)
	alice.event("phoneevent_ringstarted")
	alice.must("pbxanswercall", nil)
	talk := alice.event("phoneevent_commstarted")
	k.load()
	var word, back time.Duration
	for n := range kills {
		w, b := k.kill(n + 1)
		word, back = max(word, w), max(back, b)
		alice.patient()
		if got := text(alice.must("getextendedlineinfo", nil), "linestatestr"); got != "lsCommutated" {
			t.Fatalf("after death %d the line is %s", n+1, got)
		}
		<-time.After(pause)
	}
	end()
	t.Logf("%d kills: who waited knew within %s, methods were back within %s", kills, word, back)
	if limit, err := time.ParseDuration(os.Getenv("OCTOLINK_KILLS_WITHIN")); err == nil && max(word, back) > limit {
		t.Errorf("want both within %s", limit)
	}
	s.sim("hangup", `{"number":"79161234567"}`)
	if got, want := text(alice.event("phoneevent_commstopped"), "chainid"), text(talk, "chainid"); got != want {
		t.Errorf("got the end of %q, want of %q", got, want)
	}
	for _, e := range alice.events {
		if slices.Contains([]string{"phoneevent_ringstarted", "phoneevent_commstarted", "phoneevent_commstopped"}, e.Name) {
			t.Errorf("got one more %s", e.Name)
		}
	}
	if other := k.state("other", status.Running); other.Starts != 1 || other.Deaths != 0 {
		t.Errorf("the other plugin: got %+v", other)
	}
}

// patient gives a channel that lives long another while for its next frames.
func (c *tab) patient() {
	c.t.Helper()
	if err := c.stream.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		c.t.Error(err)
	}
}

// killing is a server whose plugin is killed.
type killing struct {
	*running
	stop chan struct{}
	all  sync.WaitGroup
}

func (k *killing) status(name string) status.Plugin {
	for _, p := range k.m.plugins.List() {
		if p.Name == name {
			return p
		}
	}
	return status.Plugin{}
}

func (k *killing) state(name string, want status.State) (now status.Plugin) {
	k.t.Helper()
	soon(k.t, name+" is "+string(want), func() bool {
		now = k.status(name)
		return now.State == want
	})
	return now
}

func (k *killing) call(name string, in ...crm.Value) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	_, err := k.m.api.CRMs().Invoke(ctx, name, crm.Call{In: in})
	return err
}

// load has both plugins called, and the channel of another user, until stop.
func (k *killing) load() {
	loop := func(do func()) {
		k.all.Go(func() {
			for {
				select {
				case <-k.stop:
					return
				default:
					do()
				}
			}
		})
	}
	for range 4 {
		loop(func() {
			if err := k.call("other.echo", crm.Value{Key: "key", Value: "x"}); err != nil {
				k.t.Errorf("the other plugin: %v", err)
			}
		})
		loop(func() {
			err := k.call("victim.echo", crm.Value{Key: "key", Value: "x"})
			if err == nil {
				return
			}
			if !errors.Is(err, crm.ErrGone) && !errors.Is(err, crm.ErrNoProvider) && !errors.Is(err, crm.ErrNoMethod) {
				k.t.Errorf("the victim: %v", err)
			}
			<-time.After(time.Millisecond)
		})
	}
	boris := k.tab(wire.XML)
	boris.logIn("boris", "Пароль1")
	loop(func() {
		boris.patient()
		if got := text(boris.ask("getuserstate", nil), "result"); got != "1" {
			k.t.Errorf("the channel: got %q", got)
		}
	})
}

// kill kills the victim with calls in flight and waits until a method works again. It measures how long
// the callers did not know, and how long the methods were away.
func (k *killing) kill(n int) (word, back time.Duration) {
	k.t.Helper()
	const waiting = 16
	before := k.state("victim", status.Running)
	ended := make(chan time.Time, waiting)
	for range waiting {
		k.all.Go(func() {
			if err := k.call("victim.wait"); !errors.Is(err, crm.ErrGone) {
				k.t.Errorf("a call in flight: got %v, want %v", err, crm.ErrGone)
			}
			ended <- time.Now()
		})
	}
	soon(k.t, "calls are in flight", func() bool {
		out, err := k.m.api.CRMs().Invoke(k.t.Context(), "victim.waiting", crm.Call{})
		n, _ := out.Get("n")
		return err == nil && n == crm.Number(strconv.Itoa(waiting))
	})
	killed := time.Now()
	if err := syscall.Kill(before.PID, syscall.SIGKILL); err != nil {
		k.t.Fatal(err)
	}
	for range waiting {
		word = max(word, (<-ended).Sub(killed))
	}
	soon(k.t, "the victim works again", func() bool { return k.call("victim.echo") == nil })
	if now := k.state("victim", status.Running); now.Starts != n+1 || now.PID == before.PID {
		k.t.Errorf("after death %d: got %+v", n, now)
	}
	return word, time.Since(killed)
}
