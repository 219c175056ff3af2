package scripting_test

import (
	"testing"

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
