package pbx

import (
	"context"
	"io"
	"time"
)

// A Driver is a telephone system. Commands name legs by the IDs that the driver told; they return
// when the telephone system has accepted them, what happens then is told to the [Board].
// Errors: [ErrOffline] while the telephone system is away, [ErrNoSuchLeg], [ErrNoSuchNumber],
// [ErrBusy], [ErrState] when the leg is not in a state for that.
type Driver interface {
	// Run connects, stays connected and tells the board until ctx ends.
	Run(ctx context.Context, b Board) error
	// Dial makes a callback for a user, see DialRequest.
	Dial(ctx context.Context, r DialRequest) error
	// Answer takes a ringing leg's phone off the hook remotely.
	Answer(ctx context.Context, leg string) error
	// Hangup ends a leg; a ringing one is rejected, a callback stopped.
	Hangup(ctx context.Context, leg string) error
	// Transfer sends the leg's other side to number `to` without asking there; the leg ends.
	Transfer(ctx context.Context, leg, to string) error
}

// A DialRequest asks for a callback: the telephone system dials both sides.
type DialRequest struct {
	User         string // login
	From         string // his number
	To           string // the number that he wants
	AbonentFirst bool   // dial To first, then the user's phone; default: the user first
	Intercom     bool   // the destination's phone answers by itself
	Chain        string // GUID for the new call
}

// Holder is a driver that can hold.
type Holder interface {
	// Hold puts the leg's other side on hold; the phone is off-hook and free then.
	Hold(ctx context.Context, leg string) error
	// Resume takes the other side back; a current leg of the same phone goes on hold for it.
	Resume(ctx context.Context, held string) error
	// Connect joins the other sides of two legs of one phone, which is free then
	// (the end of an attended transfer).
	Connect(ctx context.Context, held, current string) error
}

// Conferencer is a driver that can hold conferences.
type Conferencer interface {
	// Create rings all members, the creator too, and gathers them.
	Create(ctx context.Context, c Conference, creator string, members []string) error
	// Gather turns a talk of two into a conference.
	Gather(ctx context.Context, leg, conference string) error
	// Invite rings numbers into a conference.
	Invite(ctx context.Context, conference string, numbers []string) error
	// Kick ends a member's part by its ConferenceMember.ID.
	Kick(ctx context.Context, conference, member string) error
	// Join takes a held leg's other side into the conference of the current leg, or makes one
	// of the three.
	Join(ctx context.Context, held, current string) error
}

// Eavesdropper is a driver with supervision.
type Eavesdropper interface {
	// Listen makes the supervisor's phone a silent member of the target's talk. It does not ring.
	Listen(ctx context.Context, supervisor, targetLeg, conference string) error
	// GhostMode changes what the ghosts of a conference may do; member "" means all of them.
	GhostMode(ctx context.Context, conference, member string, m GhostMode) error
}

// Recorder is a driver that keeps recordings of talks.
type Recorder interface {
	// Recording opens the recording of a journal entry. The media type is that of a Content-Type header.
	// fs.ErrNotExist: there is none.
	Recording(ctx context.Context, r CallRecord) (rc io.ReadSeekCloser, mediaType string, err error)
}

// Attendant is a driver that wants to know what users do: which agents are ready, who redirects.
type Attendant interface {
	// UserChanged runs on the switch's goroutine and must not block.
	UserChanged(login string, s UserState)
}

// Reloader is a driver that wants to know of another directory.
type Reloader interface {
	// DirectoryChanged runs on the switch's goroutine and must not block.
	DirectoryChanged()
}

// Board is the Switch as a driver sees it.
type Board interface {
	// Do runs fn on the switch's goroutine and waits for it. Inside fn the driver may call Leg,
	// Conference and Queue as often as it likes; state that it touches only inside Do needs no lock.
	Do(ctx context.Context, fn func()) error
	// After runs fn on the switch's goroutine after d.
	After(d time.Duration, fn func()) (cancel func())
	// Leg tells the whole truth about one leg. Only inside Do. That it has ended is told once. A leg
	// that is ended when it is first told is a call for the journal only: a busy phone, for example.
	Leg(l Leg)
	// Conference tells the whole truth about one conference. Only inside Do.
	Conference(c Conference)
	// Queue tells who waits in a queue, first in line first. Only inside Do.
	Queue(number string, waiting []Waiter)
	// Now is the present.
	Now() time.Time
	// NewID is a new lower-case GUID.
	NewID() string
	// Directory is who exists.
	Directory() *Directory
	// User is what a user does now.
	User(login string) UserState
	// Flow is the flow to which a number leads; outside: for a call from there, see FlowNumber.Match.
	// It comes before a user's or a queue's phone.
	Flow(number string, outside bool) (FlowNumber, bool)
	// Leads reports whether somebody leads calls and the driver is a Conductor. When not, a driver
	// sends a call to a flow number by FlowNumber.Route itself.
	Leads() bool
	// Offer gives a caller's leg to whoever leads calls. Only inside Do, with which the driver also
	// tells the leg: LegDialling with Leg.Flow set and a Peer with IVR set, the number `to` and the
	// flow's name. When the same leg comes from another flow, that one has given it away. False:
	// nobody leads, see Leads.
	Offer(leg string, f FlowNumber, to string) bool
	// Told runs fn on the switch's goroutine when what was told in this Do has become known: with
	// that a driver lets a command return. Only inside Do; fn must not block.
	Told(fn func())
	// Redirect is where calls to a user go, "" when to his own phone: the first of his enabled
	// rules that matches his state and the caller.
	Redirect(login, caller string) string
}
