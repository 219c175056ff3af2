package sim_test

import (
	"testing"
	"time"

	"github.com/octolink/octolink/pbx/sim"
)

// The traces of docs/protocol.md section 10, event by event and line by line.

func TestIncomingCall(t *testing.T) { // [P 10.3]
	inHouse(t, sim.Options{}, func(h *house) {
		_, err := h.sim.Ring(h.ctx, client, "300")
		h.must(err)
		h.line("alice", "lsRinging ringing "+client)
		h.expect("alice", "ring+ "+client, "line 16", "state 5")
		h.expect("")
		h.pass(50 * time.Millisecond)
		h.expect("", "numbers 300=5 78005550300=5")

		h.must(h.sw.Answer(h.ctx, "alice"))
		h.line("alice", "lsCommutated talking "+client)
		h.expect("alice", "ring- "+client, "talk+ "+client, "line 32")

		h.pass(10 * time.Second)
		h.must(h.sw.Abort(h.ctx, "alice"))
		h.line("alice", "lsReady")
		h.expect("alice", "talk- "+client, "line 4", "state 1")
		h.pass(time.Second)
		h.expect("", "numbers 300=1 78005550300=1")
		h.rows("alice incoming " + client + " answered 10")
	})
}
