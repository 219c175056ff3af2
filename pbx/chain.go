package pbx

import (
	"sync"
	"sync/atomic"
	"time"
)

// How much is remembered of what happened to calls.
const (
	maxSteps    = 200              // of one chain; later ones are not kept
	keepChain   = 10 * time.Minute // after its last leg ended
	maxFinished = 10000            // chains that are kept only for that
)

// chains are the traces of calls, by chain. Written by the switch's goroutine only.
type chains struct {
	traces   sync.Map // chain → *trace
	finished []finishedChain
}

type trace struct {
	steps atomic.Pointer[[]Step] // a longer slice replaces a shorter one; what is there never changes
	legs  int                    // that are not over; only the goroutine
}

type finishedChain struct {
	chain string
	trace *trace
	at    time.Time
}

// Chain is what happened to a call so far, oldest first; it is known for ten minutes after the end.
// The slice is shared: do not change it.
func (s *Switch) Chain(chain string) []Step {
	if t, ok := s.chains.traces.Load(chain); ok {
		return *t.(*trace).steps.Load()
	}
	return nil
}

// follow writes down what happened to a leg. Legs of outside parties count
// while they wait in a queue or a flow leads them.
func (cs *chains) follow(c *legChange) {
	l, was, is := c.new, 0, 0
	if c.old != nil && traced(c.old) {
		was = 1
	}
	if traced(l) && l.State != LegEnded {
		is = 1
	}
	if l.Chain == "" || was+is == 0 && !traced(l) {
		return
	}
	t := cs.trace(l.Chain)
	if kind := stepKind(c); kind != "" {
		t.add(Step{At: time.Now(), Kind: kind, Login: l.User, Number: l.Number, Peer: l.Peer.Number, Talk: l.Talk})
	}
	t.legs += is - was
	if t.legs == 0 {
		cs.finish(l.Chain, t)
	}
}

func traced(l *Leg) bool { return l.User != "" || l.State == LegQueued || l.Flow != "" }

func (cs *chains) trace(chain string) *trace {
	if t, ok := cs.traces.Load(chain); ok {
		return t.(*trace)
	}
	t := &trace{}
	t.steps.Store(new([]Step))
	cs.traces.Store(chain, t)
	return t
}

func (t *trace) add(s Step) {
	steps := *t.steps.Load()
	if len(steps) >= maxSteps {
		return
	}
	steps = append(steps, s)
	t.steps.Store(&steps)
}

// finish keeps the trace for a while and forgets old ones.
func (cs *chains) finish(chain string, t *trace) {
	now := time.Now()
	cs.finished = append(cs.finished, finishedChain{chain: chain, trace: t, at: now})
	for len(cs.finished) > maxFinished || len(cs.finished) > 0 && now.Sub(cs.finished[0].at) > keepChain {
		if old := cs.finished[0]; old.trace.legs == 0 {
			cs.traces.CompareAndDelete(old.chain, old.trace)
		}
		cs.finished = cs.finished[1:]
	}
}

// stepKind names what happened; "" for what is not worth a line.
func stepKind(c *legChange) string {
	var was LegState
	if c.old != nil {
		was = c.old.State
	}
	if c.new.State == LegEnded {
		return causes[c.new.Cause]
	}
	if c.new.Conference != "" && (c.old == nil || c.old.Conference != c.new.Conference) {
		return "conference"
	}
	if kind, known := flowKind(c); known {
		return kind
	}
	if was == c.new.State && (c.new.State != LegTalking || c.old.Talk == c.new.Talk) {
		return ""
	}
	switch c.new.State {
	case LegReserved:
		return "callback"
	case LegRinging:
		return "ring"
	case LegDialling:
		return "dial"
	case LegHolding:
		return "hold"
	case LegQueued:
		return "queue"
	case LegTalking:
		return talkKind(c, was)
	}
	return ""
}

// flowKind names what happened between a leg and its flow: it came there ("flow"), hears it ("ivr"),
// was sent elsewhere. Whom the flow rings is told by the legs of those.
func flowKind(c *legChange) (kind string, known bool) {
	l, before := c.new, ""
	if c.old != nil {
		before = c.old.Flow
	}
	switch {
	case l.Flow != before && l.Flow != "":
		return "flow", true
	case inScenario(l) && c.old != nil && inScenario(c.old) && l.Talk == c.old.Talk:
		return "", true
	case inScenario(l):
		return "ivr", true
	case l.State == LegDialling && l.Flow == before && l.Flow != "":
		return "", true
	case l.State == LegDialling && before != "":
		return "transfer", true
	}
	return "", false
}

func talkKind(c *legChange, was LegState) string {
	switch {
	case c.new.User == "":
		return ""
	case was == LegHolding, was == LegHeld && c.old.Talk == c.new.Talk:
		return "resume"
	case was == LegTalking, was == LegHeld:
		return "connect"
	}
	return "answer"
}

var causes = map[Cause]string{
	CauseNormal: "end", CauseHungUp: "end", CauseCancelled: "cancel", CauseElsewhere: "elsewhere", CauseNoAnswer: "noanswer",
	CauseBusy: "busy", CauseRejected: "reject", CauseNoNumber: "nonumber", CauseMoved: "transfer", CauseInterrupted: "interrupted",
}
