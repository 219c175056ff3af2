package pbx

import "time"

// An Event is something that happened. The picture already shows it when it is told.
type Event struct {
	Number int64 // grows by one with every event; survives restarts
	At     time.Time
	Login  string // whom it is about; "" for everybody
	What   any    // one of the structs below
}

// Event kinds, as found in Event.What.
type (
	// RingStarted: the user's phone starts to ring.
	RingStarted struct{ Leg Leg }
	// RingStopped: it stopped, whatever the reason.
	RingStopped struct{ Leg Leg }
	// TalkStarted: two parties hear each other, or the user entered a conference.
	TalkStarted struct{ Leg Leg }
	// TalkStopped: the end of that, a hold too.
	TalkStopped struct{ Leg Leg }
	// CallbackStarted: a callback of the user begins ("acm" on the wire).
	CallbackStarted struct{ Leg Leg }
	// CallbackStopped: both sides are connected, or it failed or was stopped.
	CallbackStopped struct{ Leg Leg }
	// IVRStarted: the user's leg is connected to a scenario.
	IVRStarted struct{ Leg Leg }
	// IVRStopped: the end of that.
	IVRStopped struct{ Leg Leg }
	// LineChanged: the state of the user's line changed.
	LineChanged struct{ State LineState }
	// FlashChanged: something happened to a hold of the user, or he was put on hold.
	FlashChanged struct {
		Type FlashType
		Leg  Leg
	}
	// StateChanged: the user's own state.
	StateChanged struct{ State UserState }
	// NumbersChanged: states of numbers, gathered over a window of 50 ms; only what differs from what was told last.
	NumbersChanged struct{ Numbers []NumberState }
	// ConferenceChanged: the composition of a conference; Login is empty, participants and watchers want it.
	ConferenceChanged struct{ Conference Conference }
	// MemberChanged: one participant of a conference changed.
	MemberChanged struct {
		Conference Conference
		Member     ConferenceMember
	}
	// DirectoryChanged: another configuration; users, numbers or queues differ.
	DirectoryChanged struct{}
	// CallRecorded: a journal entry was closed.
	CallRecorded struct{ Record CallRecord }
)

// NumberState is one number's state for the directory.
type NumberState struct {
	Number string
	State  StateID
}

// Outcome is how a call ended for the journal.
type Outcome string

// The outcomes.
const (
	InProgress  Outcome = ""
	Answered    Outcome = "answered"
	Missed      Outcome = "missed"   // incoming, nobody took it
	NoAnswer    Outcome = "noanswer" // outgoing, nobody took it
	BusyThere   Outcome = "busy"
	Rejected    Outcome = "rejected"
	Cancelled   Outcome = "cancelled" // the caller gave up
	Failed      Outcome = "failed"
	Elsewhere   Outcome = "elsewhere"   // incoming, another phone took it
	Interrupted Outcome = "interrupted" // the server stopped meanwhile
	// Taken closes the entry of a wait in a queue that a user ended: his own entry tells the rest,
	// so the memory forgets this one.
	Taken Outcome = "taken"
)

// Direction of a call, seen from the user.
type Direction string

// The directions.
const (
	Incoming Direction = "incoming"
	Outgoing Direction = "outgoing"
	Internal Direction = "internal"
)

// A CallRecord is one journal entry: one user's part in one call, an outside caller's wait in a queue
// that no user ended, or the whole call of an outside caller whom a flow led, whoever took it. It is written when the part begins and closed when it ends.
type CallRecord struct {
	ID         string // GUID
	Chain      string
	Talk       string // commutationid of the last talk; "" when there was none
	Login      string // "" for the entry of a queue or a flow
	Number     string // the user's number, the queue's, or the one dialled for a flow
	Peer       string // the other side's number
	PeerName   string
	PeerLogin  string
	External   bool // the other side was reached over an outside line
	Direction  Direction
	Queue      string
	Started    time.Time
	AnsweredAt time.Time // zero: not answered
	Ended      time.Time // zero: in progress
	Outcome    Outcome
	Recorded   bool // a recording exists
	Conference string
	Flow       string // name of the last flow that led the call; "" for none
	Tags       []Tag  // what flows noted; shared, never changed
}

// Talked is how long the parties talked.
func (r CallRecord) Talked() time.Duration {
	if r.AnsweredAt.IsZero() || r.Ended.IsZero() {
		return 0
	}
	return r.Ended.Sub(r.AnsweredAt)
}

// A Step is one line of what happened to a call, for getchaincontent.
type Step struct {
	At     time.Time
	Kind   string // ring, answer, hold, resume, transfer, queue, flow, ivr, conference, end …
	Login  string
	Number string
	Peer   string
	Talk   string
}
