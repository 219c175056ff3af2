package pbx

import (
	"context"
	"time"
)

// Conductor is a driver whose calls can be led by flows. A driver that is none sends calls to flow
// numbers by their fallback, see Board.Leads.
//
// All commands are about the leg of a caller that was offered and is still in the flow. There is one
// at a time, and those that take time return when they are done, from a goroutine of the caller's: a
// driver needs none of its own for them. They end at once with
//   - ctx.Err() when ctx ends. What they began ends too, except a talk: that goes on, and when it
//     ends the caller is in the flow again;
//   - ErrHungUp when the leg ends, whoever did that;
//   - ErrGivenAway when it leaves the flow: sent elsewhere, transferred or taken into a conference by
//     the user to whom the flow had connected it.
//
// Others: ErrOffline, ErrNoSuchLeg, ErrState for a second command beside one that is running and for
// what makes no sense now. Send and Release need not wait for the running command: they end it.
// Values were checked by Led, and nothing is zero that has a default.
type Conductor interface {
	// Accept answers the call: the leg is LegTalking with Peer.IVR. Nothing changes for one that
	// was answered.
	Accept(ctx context.Context, leg string) error
	// Play lets the caller hear a prompt, see Led.Play.
	Play(ctx context.Context, leg string, p Prompt) (key string, err error)
	// Digits gathers keys, see Led.Digits.
	Digits(ctx context.Context, leg string, r DigitsRequest) (digits string, err error)
	// RecordCaller records the caller, see Led.Record.
	RecordCaller(ctx context.Context, leg string, r RecordRequest) (RecordResult, error)
	// RingFor rings numbers of users and outside ones, no flows' and queues', and connects the
	// caller, see Led.Ring.
	RingFor(ctx context.Context, leg string, r RingRequest) (RingResult, error)
	// Enqueue lets the caller wait in a queue, see Led.Queue.
	Enqueue(ctx context.Context, leg string, r QueueRequest) (RingResult, error)
	// Send lets the leg leave the flow. RouteHangup ends it. A busy destination is refused with
	// ErrBusy and one that does not exist with ErrNoSuchNumber; then the flow keeps the call. A caller
	// who talks with somebody is left to that talk, whatever the route.
	Send(ctx context.Context, leg string, to Route) error
	// Confer lets the leg leave the flow into a conference, which is made when there is none.
	Confer(ctx context.Context, leg, conference string) error
	// Music lets the caller hear music until the next command, or ends that.
	Music(ctx context.Context, leg string, on bool) error
	// Release ends the leg.
	Release(ctx context.Context, leg string, c Cause) error
}

// Bounds of what a flow may ask for, and what stands for zero.
const (
	MaxPrompt  = 4096 // bytes of a text, or of a file's name
	MaxDigits  = 64
	MaxTargets = 64 // of one Ring
	MaxWait    = 24 * time.Hour

	defaultFirst   = 5 * time.Second
	defaultBetween = 3 * time.Second
	defaultTake    = time.Minute
	defaultTimeout = 30 * time.Second
)

// A Prompt is what a caller hears: a file of the telephone system, a text that it speaks, or both,
// the file first.
type Prompt struct {
	File string
	Text string
	Keys string // keys that stop it: of "0123456789*#ABCD". Zero means none.
}

// A DigitsRequest asks for keys.
type DigitsRequest struct {
	Prompt  Prompt        // heard before; any key stops it and counts, whatever Prompt.Keys says. Zero means silence.
	Max     int           // so many are enough, at most MaxDigits. Zero means 1.
	Stop    string        // keys that end it; they are not part of the answer. Zero means none.
	First   time.Duration // for the first key after the prompt. Zero means 5 s.
	Between time.Duration // for each one after it. Zero means 3 s.
}

// A RecordRequest asks for a recording of the caller.
type RecordRequest struct {
	Max     time.Duration // Zero means one minute.
	Silence time.Duration // of the caller, which ends it. Zero means that silence does not.
	Stop    string        // keys that end it. Zero means none.
}

// A RecordResult is a recording.
type RecordResult struct {
	ID     string        // of the journal entry that has the recording, LedInfo.Entry; a driver leaves it empty
	Length time.Duration // until a key, the silence, the time or the caller ended it
}

// A RingRequest asks for somebody to talk with.
type RingRequest struct {
	To      []string      // numbers, logins or GUIDs of users; 1 to MaxTargets
	AtOnce  bool          // all ring together; default: one after the other
	Timeout time.Duration // for all together, or for each one. Zero means 30 s.
}

// A QueueRequest asks for an agent.
type QueueRequest struct {
	Number  string        // of the queue
	Timeout time.Duration // Zero means that the caller waits as long as he likes.
}

// A RingResult tells how it ended that others were called for a caller.
//   - Answered: somebody took the call, and the talk is over;
//   - NoAnswer: the time is over;
//   - BusyThere: the phone was engaged, or its user on do-not-disturb, or his redirect rules lead to a
//     queue or a flow;
//   - Rejected: declined;
//   - Failed: the queue is there no more.
//
// When several were called and nobody took it, it is about the last who was given up.
type RingResult struct {
	Outcome Outcome
	Number  string        // of whom it is about; "" when nobody was rung
	Login   string        // his, if he is a user
	Waited  time.Duration // until the answer, or the end
	Talked  time.Duration
}
