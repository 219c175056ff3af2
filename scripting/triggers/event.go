package triggers

import "time"

// maxDepth is how many runs may follow from each other by events.
const maxDepth = 8

type eventTrigger struct {
	Event
	*trigger
}

// A CustomEvent is an event that a client or a flow tells.
type CustomEvent struct {
	Name   string
	Param  any    // as the script will see it
	Sender string // login; "" for a CRM server or a flow
	Flow   string // that told it; "" for a client
	Depth  int    // of the run that told it, plus one; 0 for a client
}

// Event hears an event. An event at the end of eight runs that each caused the next starts nothing:
// flows that answer each other for ever are a mistake.
func (s *Set) Event(e CustomEvent) {
	for _, t := range s.live.Load().events[e.Name] {
		if e.Depth >= maxDepth {
			s.skipped.Add(1)
			if n := t.skipped.add(time.Now()); n > 0 {
				s.o.Log.Warn("a flow is not started: events and flows cause each other in a circle",
					"flow", t.Flow, "cause", t.cause(), "told by", e.Flow, "depth", e.Depth, "skipped", n)
			}
			continue
		}
		s.start(t.trigger, runsEach, Start{
			Flow: t.Flow, Cause: t.cause(), Kind: "event", User: e.Sender, Depth: e.Depth,
			Details: []Detail{{"event", e.Name}, {"param", e.Param}, {"emitter", e.Flow}},
		})
	}
}
