package triggers

import (
	"fmt"
	"time"

	"github.com/octolink/octolink/pbx"
)

// Config says what starts which flow.
type Config struct {
	Queues []Queue
	States []State
	Timers []Timer
	Events []Event
}

// On is what happens to a caller in a queue.
type On string

// What may happen to a caller in a queue.
const (
	Waiting   On = "waiting"   // he has waited for a time
	Abandoned On = "abandoned" // he gave up, or was let go
	Answered  On = "answered"  // somebody took him
)

// A Queue starts a flow for what happens to a caller in a queue: once for each caller.
type Queue struct {
	Queue string // number
	On    On
	After time.Duration // of waiting
	Flow  string
}

// A State starts a flow when a user comes into a state.
type State struct {
	User  string // login; "*" is everybody
	State pbx.StateID
	Flow  string
}

// A Timer starts a flow again and again: after each Every, or at times of chosen days.
type Timer struct {
	Every   time.Duration // from the moment in which the timer was learned
	At      []int         // minutes of the day
	Days    [7]bool       // from Sunday on
	Zone    *time.Location
	Overlap bool // start it although its last run goes on
	Flow    string
}

// An Event starts a flow when a client or a flow tells an event of that name.
type Event struct {
	Name string
	Flow string
}

// A Start asks for a run of a flow.
type Start struct {
	Flow    string
	Cause   string   // what started it, in words: "queue 700 waiting 30s"
	Kind    string   // queue, state, timer or event
	User    string   // login whom it is about; "" for nobody
	Chain   string   // the call that it is about; "" for none
	Depth   int      // how many runs before it each caused the next by an event
	Details []Detail // what the script is told
}

// A Detail is something that a script is told of what started it.
type Detail struct {
	Key   string
	Value any // string or float64; an event's parameter as it came
}

func (q Queue) cause() string {
	if q.On == Waiting {
		return fmt.Sprintf("queue %s %s %s", q.Queue, q.On, q.After)
	}
	return fmt.Sprintf("queue %s %s", q.Queue, q.On)
}

func (s State) cause() string { return fmt.Sprintf("state %s of %s", stateName(s.State), s.User) }

func (t Timer) cause() string {
	if t.Every > 0 {
		return "timer every " + t.Every.String()
	}
	text := "timer at"
	for i, m := range t.At {
		if i > 0 {
			text += ","
		}
		text += fmt.Sprintf(" %02d:%02d", m/60, m%60)
	}
	return text
}

// key is all that tells timers apart: each reading of a configuration makes time zones anew.
func (t Timer) key() string {
	zone := t.Zone.String()
	t.Zone = nil
	return fmt.Sprintf("%+v in %s", t, zone)
}

func (e Event) cause() string { return "event " + e.Name }

// stateName is a state as the configuration and scripts call it.
func stateName(s pbx.StateID) string {
	switch s {
	case pbx.Offline:
		return "offline"
	case pbx.Ready:
		return "ready"
	case pbx.OnBreak:
		return "break"
	case pbx.DND:
		return "dnd"
	case pbx.Busy:
		return "busy"
	case pbx.Reserved:
		return "reserved"
	case pbx.NoPhone:
		return "nophone"
	}
	return s.String()
}
