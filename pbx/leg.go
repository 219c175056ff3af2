package pbx

import (
	"slices"
	"strings"
	"time"
)

// LegState is what one telephone leg does.
type LegState uint8

// The states of a leg.
const (
	LegEnded    LegState = iota // gone; Leg.Cause says why
	LegReserved                 // the telephone system prepares a call of this phone: a callback before it rings
	LegRinging                  // this phone rings
	LegDialling                 // this phone is off-hook and waits for the other side to answer
	LegTalking                  // this phone hears the other side
	LegHolding                  // this phone has put the other side on hold
	LegHeld                     // the other side has put this phone on hold
	LegQueued                   // an outside caller waits in a queue
	LegOffHook                  // this phone is off-hook and connected to nobody
)

// String is the state's name for logs and people.
func (s LegState) String() string {
	names := [...]string{"ended", "reserved", "ringing", "dialling", "talking", "holding", "held", "queued", "off-hook"}
	if int(s) < len(names) {
		return names[s]
	}
	return "unknown"
}

// Callback is the stage of a call that the telephone system makes on behalf of a user
// (an "autocall"): it dials both sides, one after the other.
type Callback uint8

// The stages of a callback.
const (
	NoCallback      Callback = iota
	CallbackUser             // the user's phone is made ready or rings
	CallbackAbonent          // the number that he asked for is being dialled
)

// Cause says why a leg ended.
type Cause uint8

// The causes.
const (
	CauseNormal    Cause = iota // the other side hung up after a talk, or nobody knows who did
	CauseHungUp                 // this phone hung up after a talk
	CauseCancelled              // the caller gave up
	CauseElsewhere              // another phone answered
	CauseNoAnswer
	CauseBusy
	CauseRejected
	CauseNoNumber
	CauseMoved       // transferred or joined to others
	CauseInterrupted // the telephone system or the server went away
)

// A Leg is the whole present truth about one phone's part in a call.
// A user's phone has at most one leg that is not [LegHolding] and at most one that is.
type Leg struct {
	ID           string // the driver's own name of the leg
	Chain        string // GUID of the logical call; constant from the first ring to the end of the talk [P 5.5]
	User         string // login of the phone's owner; "" for a party that is not ours
	Number       string // number of this phone
	State        LegState
	Peer         Party     // the other side; zero in a conference and while nobody is there
	Outgoing     bool      // the owner, or a callback for him, made the call
	Callback     Callback  // stage, while a callback is under way
	AbonentFirst bool      // the callback dials the number first, then the user
	Talk         string    // GUID of the commutation; changes with every new connection of two parties
	Since        time.Time // start of the commutation; zero before it
	Conference   string    // GUID; "" when in none
	Invited      string    // GUID of the conference that a ringing phone is called into; it is in it once it answered
	Queue        string    // number of the queue that the call came through
	Flow         string    // name of the flow that leads the owner's call, also while it rings others, lets him wait or talk; "" for none
	Recorded     bool      // the telephone system keeps a recording of the talk
	Cause        Cause     // of a LegEnded
}

// ConferenceMember is one participant of a conference, or one who was invited.
type ConferenceMember struct {
	ID        string // competitorid: GUID of this participation
	Party     Party
	Chain     string
	State     MemberState
	Creator   bool
	Director  bool
	Ghost     bool // listens in; the target and the outside party do not see him as a party
	GhostMain bool // the one who is listened to
	Help      bool // a ghost whom only the main hears
}

// MemberState is what a participant of a conference does; its text is the wire's confstatestr [P 8.4].
type MemberState string

// The states of a participant. All but the first two mean: not in the conference.
const (
	MemberInviting MemberState = "Inviting"
	MemberTalking  MemberState = "Commutated"
	MemberExited   MemberState = "Exited"
	MemberBusy     MemberState = "MisInviteBusy"
	MemberNoAnswer MemberState = "MisInviteNotRespond"
	MemberTimeout  MemberState = "MisInviteTimeout"
	MemberStopped  MemberState = "MisInviteStop"
	MemberAborted  MemberState = "MisInviteAbort"
	MemberRefused  MemberState = "MisInviteRefuse"
)

// Present reports whether the participant is in the conference or being called into it.
func (s MemberState) Present() bool { return s == MemberInviting || s == MemberTalking }

// A Conference is the whole present truth about one conference.
type Conference struct {
	ID      string // GUID; made by the client for a new one [P 6.5]
	Room    int    // 0..10000
	Name    string
	Ghost   bool // made by a supervisor who listens in
	Mode    GhostMode
	Members []ConferenceMember // empty: the conference is over
	Options ConferenceOptions
}

// ConferenceOptions are stored and given back as the client sent them.
type ConferenceOptions struct {
	Description     string
	AccessMode      string // "free" is the only one seen
	Selector        bool
	Record          bool
	RecordRights    string // "selected" is the only one seen
	EveryoneInvites bool
	SeeEachOther    bool
}

// GhostMode is what a supervisor in somebody's call may do.
type GhostMode string

// The ghost modes [P 8.6].
const (
	GhostMonitor    GhostMode = "monitor"    // hears both, nobody hears him
	GhostHelp       GhostMode = "help"       // only the colleague hears him
	GhostConference GhostMode = "conference" // everybody hears him
)

// A Waiter is a caller who waits in a queue.
type Waiter struct {
	Queue string // number of the queue
	Party Party
	Chain string
	Since time.Time
}

// member finds a participant by its ID.
func (c Conference) member(id string) (ConferenceMember, bool) {
	for _, m := range c.Members {
		if m.ID == id {
			return m, true
		}
	}
	return ConferenceMember{}, false
}

// Participant finds a user among those who are in the conference or being called into it.
func (c Conference) Participant(login string) (ConferenceMember, bool) {
	for _, m := range c.Members {
		if m.Party.User != nil && strings.EqualFold(m.Party.User.Login, login) && m.State.Present() {
			return m, true
		}
	}
	return ConferenceMember{}, false
}

// ShownTo reports whether a user may know of the conference: its participants may, but what a
// listening supervisor sees is his alone. Who is listened to must not learn of it.
func (c Conference) ShownTo(login string) bool {
	m, ok := c.Participant(login)
	return ok && (!c.Ghost || m.Ghost)
}

// sameConference reports whether a participant would see the same.
func sameConference(a, b Conference) bool {
	return a.ID == b.ID && a.Room == b.Room && a.Name == b.Name && a.Ghost == b.Ghost && a.Mode == b.Mode &&
		a.Options == b.Options && slices.Equal(a.Members, b.Members)
}
