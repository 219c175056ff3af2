package scripting_test

import (
	"testing"
	"time"

	"github.com/octolink/octolink/pbx"
	"github.com/octolink/octolink/scripting"
)

func TestCallGoesToTheResponsible(t *testing.T) {
	h := open(t, `
		export default function incoming(call: Call) {
			call.answer();
			const who = crm.contacts.find({ phone: call.from });
			call.tag("debt", String(who!.debt + 1));
			if (who?.manager && call.dial(who.manager, { timeout: 20 }).answered) return call.user;
			call.queue("700");
		}`, scripting.Options{})
	h.crms.Put(contacts())
	if _, err := h.sim.Ring(h.ctx, client, "500"); err != nil {
		t.Fatal(err)
	}
	h.wait("alice's phone rings", func() bool { return h.sw.Line("alice").State == pbx.LineRinging })
	if err := h.sw.Answer(h.ctx, "alice"); err != nil {
		t.Fatal(err)
	}
	if err := h.sw.Abort(h.ctx, "alice"); err != nil {
		t.Fatal(err)
	}
	got := h.ended()
	if got.Outcome != scripting.Returned || got.Returned != `"alice"` {
		t.Errorf("got %s %s (%s), want alice returned", got.Outcome, got.Returned, got.Reason)
	}
	if got.Fallback != "" {
		t.Errorf("got fallback %q: who has talked with somebody is let go when the flow returns", got.Fallback)
	}
	var names []string
	for _, s := range got.Steps {
		names = append(names, s.Name)
		t.Logf("%+v", s)
	}
	want := []string{"call.answer", "crm.contacts.find", "call.tag", "call.dial"}
	if len(names) != len(want) {
		t.Fatalf("got %v, want %v", names, want)
	}
	for i := range want {
		if names[i] != want[i] {
			t.Errorf("got %v, want %v", names, want)
		}
	}
}

// A flow that gives up leaves its caller to the number's rule, in the real switch.
func TestFallbackRings(t *testing.T) {
	h := open(t, `export default function incoming(call: Call) { call.answer(); throw new Error("broken"); }`, scripting.Options{})
	if _, err := h.sim.Ring(h.ctx, client, "500"); err != nil {
		t.Fatal(err)
	}
	if got := h.ended(); got.Outcome != scripting.Threw || got.Fallback != "queue:700" {
		t.Errorf("got %s (%s), fallback %q", got.Outcome, got.Reason, got.Fallback)
	}
	if n := len(h.sw.Waiting("700")) + busy(h.sw.Line("boris").State); n == 0 {
		t.Error("the caller is neither in the queue nor at its agent")
	}
}

func busy(s pbx.LineState) int {
	if s == pbx.LineRinging {
		return 1
	}
	return 0
}

// A caller who hangs up ends a flow that ignores it, in the real switch.
func TestCallerHangsUpInTheSwitch(t *testing.T) {
	h := open(t, `export default function incoming(call: Call) {
		for (;;) { try { call.dial("alice", { timeout: 600 }); } catch {} }
	}`, scripting.Options{})
	if _, err := h.sim.Ring(h.ctx, client, "500"); err != nil {
		t.Fatal(err)
	}
	h.wait("alice's phone rings", func() bool { return h.sw.Line("alice").State == pbx.LineRinging })
	if err := h.sim.HangupPhone(h.ctx, client); err != nil {
		t.Fatal(err)
	}
	if got := h.ended(); got.Outcome != scripting.HungUp || got.Fallback != "" || len(got.Steps) != 1 {
		t.Errorf("got %+v", got)
	}
}

// Scripts that work without end leave the others their turns.
func TestOthersGoOnBesideLoops(t *testing.T) {
	e := engineOf(t, `export default function f() { for (let i = 0; i < 5; i++) sleep(0.001); return "done"; }`,
		map[string]string{"loop.ts": `export default function f() { for (;;) {} }`}, scripting.Options{Limits: scripting.Limits{CPU: time.Hour}})
	var loops, others []*scripting.Running
	start := func(flow string) *scripting.Running {
		g, err := e.Start(scripting.Trigger{Flow: flow})
		if err != nil {
			t.Fatal(err)
		}
		return g
	}
	for range 2 {
		loops = append(loops, start("loop"))
	}
	for range 1000 {
		others = append(others, start("flow"))
	}
	for _, g := range others {
		if r, _ := g.Wait(t.Context()); r.Value != "done" {
			t.Errorf("got %s: %v", r.Outcome, r.Err)
		}
	}
	for _, g := range loops {
		if now := g.Trace(); now.Outcome != "" {
			t.Errorf("a loop has ended early: %s", now.Reason)
		}
		g.Stop(scripting.ErrShutdown)
		<-g.Done()
	}
}
