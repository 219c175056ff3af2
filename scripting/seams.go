package scripting

import (
	"context"
	"time"

	"github.com/octolink/octolink/crm"
	"github.com/octolink/octolink/pbx"
)

// A Call is a call that a flow leads: *pbx.Led, or a scripted one in tests.
type Call interface {
	Context() context.Context // ends when the caller is gone; its cause is pbx.ErrHungUp or pbx.ErrGivenAway
	Info() pbx.LedInfo
	Answer(ctx context.Context) error
	Play(ctx context.Context, p pbx.Prompt) (key string, err error)
	Digits(ctx context.Context, r pbx.DigitsRequest) (string, error)
	Record(ctx context.Context, r pbx.RecordRequest) (pbx.RecordResult, error)
	Ring(ctx context.Context, r pbx.RingRequest) (pbx.RingResult, error)
	Queue(ctx context.Context, r pbx.QueueRequest) (pbx.RingResult, error)
	Transfer(ctx context.Context, to string) error
	Conference(ctx context.Context, id string) (string, error)
	Hold(ctx context.Context) error
	Resume(ctx context.Context) error
	Hangup(ctx context.Context, c pbx.Cause) error
	Tag(key, value string) error
	Fallback(ctx context.Context) error
}

var _ Call = (*pbx.Led)(nil)

// A Desk shows forms at users' screens.
type Desk interface {
	// Show opens "provider.form" for a user and does not wait. Errors: crm.ErrNoForm, crm.ErrNobody when
	// no screen of his can show it.
	Show(ctx context.Context, user, form string, in crm.Values) (Window, error)
}

// A Window is one form at one user's screens.
type Window interface {
	ID() string
	// Wait is for what the user enters; it closes the form when ctx ends. Errors: crm.ErrCancelled when
	// the form was closed without an answer, those of ctx.
	Wait(ctx context.Context) (button string, values crm.Values, err error)
	Close()
}

// A House is what flows do beside calls and CRMs.
type House interface {
	// Notify shows a short text at a user's screens. Errors: pbx.ErrNoSuchUser, crm.ErrNobody.
	Notify(ctx context.Context, user, text string) error
	// Emit tells everybody who listens about a custom event; data is nil, bool, string, crm.Number,
	// crm.List or crm.Values.
	Emit(ctx context.Context, event string, data any) error
	// Callback rings a user and then the number for him. It returns when the telephone system has taken
	// the order: the GUID of the call.
	Callback(ctx context.Context, user, number string) (call string, err error)
}

// A KV keeps values of flows. Values are JSON of at most [Limits.Value] bytes, keys at most 256 bytes.
type KV interface {
	Get(ctx context.Context, flow, key string) (value []byte, found bool, err error)
	// Set fails with ErrFull when the flow has too many keys.
	Set(ctx context.Context, flow, key string, value []byte) error
	Delete(ctx context.Context, flow, key string) error
}

// Traces keeps what runs did.
type Traces interface {
	// Save is called once for each run, at its end, from the run's goroutine.
	Save(ctx context.Context, t Trace) error
}

// A Clock is the time that flows live in.
type Clock interface {
	Now() time.Time
	Sleep(ctx context.Context, d time.Duration) error
}

// A Bounder is a Clock that bounds contexts by its own time: a context whose time is over ends with
// context.DeadlineExceeded. Other clocks leave that to the real time.
type Bounder interface {
	WithTimeout(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc)
}

// withTimeout bounds a context by the time that flows live in.
func (e *Engine) withTimeout(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	if b, ok := e.opts.Clock.(Bounder); ok {
		return b.WithTimeout(ctx, d)
	}
	return context.WithTimeout(ctx, d)
}

// realTime is the clock of everything but tests of flows.
type realTime struct{}

func (realTime) Now() time.Time { return time.Now() }

func (realTime) Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
