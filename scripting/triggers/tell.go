package triggers

import (
	"strings"

	"github.com/octolink/octolink/pbx"
)

type stateTrigger struct {
	State
	*trigger
}

// Tell hears what happens on the telephone side. It is meant for pbx.Switch.Subscribe and does not
// wait.
func (s *Set) Tell(e pbx.Event) {
	l := s.live.Load()
	switch what := e.What.(type) {
	case pbx.StateChanged:
		s.stateOf(l, e.Login, what.State)
	case pbx.TalkStarted:
		s.answeredBy(l, e.Login, what.Leg)
	case pbx.CallRecorded:
		s.abandonedBy(l, what.Record)
	}
}

// stateOf tells of a user who came into another state; what else changed of him is no trigger.
func (s *Set) stateOf(l *live, login string, state pbx.UserState) {
	before := s.states[login]
	if before == state.State {
		return
	}
	s.states[login] = state.State
	for _, t := range l.states {
		if t.State.State != state.State || t.User != "*" && !strings.EqualFold(t.User, login) {
			continue
		}
		s.start(t.trigger, runsEach, Start{
			Flow: t.Flow, Cause: t.cause(), Kind: "state", User: login,
			Details: []Detail{
				{"state", stateName(state.State)}, {"before", stateName(before)},
				{"breakId", float64(state.BreakID)}, {"breakText", state.BreakText},
			},
		})
	}
}
