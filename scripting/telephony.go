package scripting

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/octolink/octolink/pbx"
)

// callFacts are what a flow reads of its call.
var callFacts = map[string]func(r *Run) any{
	"id":        func(r *Run) any { return r.call.Info().Chain },
	"from":      func(r *Run) any { return r.call.Info().From.Number },
	"to":        func(r *Run) any { return r.call.Info().To },
	"direction": func(r *Run) any { return direction(r.call.Info().Direction) },
	"user":      func(r *Run) any { return r.callUser() },
}

func direction(d pbx.Direction) string {
	switch d {
	case pbx.Internal:
		return "internal"
	case pbx.Outgoing:
		return "outgoing"
	}
	return "incoming"
}

// callUser is the user of a call: the colleague with whom the flow has connected the caller last, else the
// one for whom the run was started, else a colleague who calls himself; nil: nobody's.
func (r *Run) callUser() any {
	if partner := r.call.partner.Load(); partner != nil {
		return *partner
	}
	if r.trigger.User != "" {
		return r.trigger.User
	}
	if u := r.call.Info().From.User; u != nil {
		return u.Login
	}
	return nil
}

// lead is the call of the run.
func (r *Run) lead() (*lead, error) {
	if r.call == nil {
		return nil, ErrNoCall
	}
	if r.call.own.Load() {
		return nil, ErrCallOver
	}
	return r.call, nil
}

// command runs a command of the call.
func command[In, Out any](fn func(ctx context.Context, c *lead, in In) (Out, error)) func(context.Context, *Run, In) (Out, error) {
	return func(ctx context.Context, r *Run, in In) (Out, error) {
		c, err := r.lead()
		if err != nil {
			var nothing Out
			return nothing, err
		}
		return fn(ctx, c, in)
	}
}

// parting runs a command after which the flow has the call no more. What follows in the flow goes on.
func parting[In, Out any](fn func(ctx context.Context, c *lead, in In) (Out, error)) func(context.Context, *Run, In) (Out, error) {
	return command(func(ctx context.Context, c *lead, in In) (Out, error) {
		c.own.Store(true) // from here on the end of the call is not the end of the run
		bound, cancel := context.WithCancelCause(ctx)
		defer cancel(nil)
		defer context.AfterFunc(c.Context(), func() { cancel(context.Cause(c.Context())) })()
		out, err := fn(bound, c, in)
		if err != nil {
			c.own.Store(false)
		}
		return out, err
	})
}

var answer = command(func(ctx context.Context, c *lead, _ none) (none, error) { return none{}, c.Answer(ctx) })

type playIn struct {
	Prompt  prompt `arg:"prompt" doc:"a file's name, a text to speak, or {file, text}"`
	Options struct {
		Keys string `arg:"keys" doc:"keys that stop it, such as \"0123456789*#\""`
	} `arg:"options"`
}

var play = command(func(ctx context.Context, c *lead, in playIn) (string, error) {
	return c.Play(ctx, in.Prompt.pbx(in.Options.Keys))
})

type recordIn struct {
	Options struct {
		Max     time.Duration `arg:"max" doc:"seconds; 60 if not said"`
		Silence time.Duration `arg:"silence" doc:"seconds of silence that end it; none if not said"`
		Stop    string        `arg:"stop" doc:"keys that end it"`
	} `arg:"options"`
}

// A recording is what record returns.
type recording struct {
	ID       string        `js:"id" doc:"of the call, whose journal entry has the recording"`
	Duration time.Duration `js:"duration" doc:"seconds"`
}

var record = command(func(ctx context.Context, c *lead, in recordIn) (recording, error) {
	got, err := c.Record(ctx, pbx.RecordRequest{Max: in.Options.Max, Silence: in.Options.Silence, Stop: in.Options.Stop})
	return recording{got.ID, got.Length}, err
})

type menuIn struct {
	Prompt  prompt `arg:"prompt" doc:"a file's name, a text to speak, or {file, text}"`
	Options struct {
		Choices string        `arg:"choices" doc:"keys that may be chosen; \"0123456789\" if not said"`
		Tries   int           `arg:"tries" doc:"how often the prompt is played; 3 if not said"`
		Timeout time.Duration `arg:"timeout" doc:"seconds for a key after the prompt; 5 if not said"`
	} `arg:"options"`
}

// maxTries is how often a prompt is played in vain.
const maxTries = 100

var menu = command(func(ctx context.Context, c *lead, in menuIn) (string, error) {
	o := in.Options
	if o.Choices == "" {
		o.Choices = "0123456789"
	}
	if o.Tries == 0 {
		o.Tries = 3
	}
	for range min(o.Tries, maxTries) {
		key, err := c.Digits(ctx, pbx.DigitsRequest{Prompt: in.Prompt.pbx(""), Max: 1, First: o.Timeout})
		if err != nil || key != "" && strings.Contains(o.Choices, key) {
			return key, err
		}
	}
	return "", nil
})

type collectIn struct {
	Prompt  prompt `arg:"prompt" doc:"a file's name, a text to speak, or {file, text}"`
	Options struct {
		Max     int           `arg:"max" doc:"so many digits are enough; 32 if not said"`
		Stop    string        `arg:"stop" doc:"keys that end the input; \"#\" if not said"`
		Timeout time.Duration `arg:"timeout" doc:"seconds for the first digit; 5 if not said"`
		Between time.Duration `arg:"between" doc:"seconds between two digits; 3 if not said"`
		Secret  bool          `arg:"secret" doc:"the digits are masked in the trace, here and in what follows"`
	} `arg:"options"`
}

func (in collectIn) resultIsSecret() bool { return in.Options.Secret }

const defaultDigits = 32

var collect = command(func(ctx context.Context, c *lead, in collectIn) (string, error) {
	o := in.Options
	if o.Max == 0 {
		o.Max = defaultDigits
	}
	if o.Stop == "" {
		o.Stop = "#"
	}
	return c.Digits(ctx, pbx.DigitsRequest{Prompt: in.Prompt.pbx(""), Max: o.Max, Stop: o.Stop, First: o.Timeout, Between: o.Between})
})

type dialIn struct {
	To      targets `arg:"to" doc:"a number, a login, or a list of them that are tried in order"`
	Options struct {
		Timeout time.Duration `arg:"timeout" doc:"seconds for each of them, or for all at once; 30 if not said"`
		AtOnce  bool          `arg:"atOnce" doc:"all ring together"`
	} `arg:"options"`
}

// A talk is how a call to somebody ended.
type talk struct {
	Answered bool          `js:"answered" doc:"somebody took the call, and the talk is over"`
	Reason   string        `js:"reason" ts:"Reason" doc:"why it ended"`
	Duration time.Duration `js:"duration" doc:"seconds of the talk"`
	Waited   time.Duration `js:"waited" doc:"seconds until the answer, or the end"`
	Number   string        `js:"number" doc:"who took it, or who was tried last"`
	User     any           `js:"user" ts:"string | null" doc:"his login, if he is a user"`
}

var dial = command(func(ctx context.Context, c *lead, in dialIn) (talk, error) {
	got, err := c.Ring(ctx, pbx.RingRequest{To: in.To, AtOnce: in.Options.AtOnce, Timeout: in.Options.Timeout})
	return c.talk(got, err)
})

type queueIn struct {
	Number  string `arg:"number" doc:"of the queue"`
	Options struct {
		Timeout time.Duration `arg:"timeout" doc:"seconds; if not said, the caller waits as long as he likes"`
	} `arg:"options"`
}

var queue = command(func(ctx context.Context, c *lead, in queueIn) (talk, error) {
	got, err := c.Queue(ctx, pbx.QueueRequest{Number: in.Number, Timeout: in.Options.Timeout})
	return c.talk(got, err)
})

// Reasons for the end of a call to somebody.
const (
	reasonTalked   = "talked"
	reasonNoAnswer = "noanswer"
	reasonBusy     = "busy"
	reasonRejected = "rejected"
	reasonNoNumber = "nonumber"
	reasonFailed   = "failed"
)

// talk is what a flow is told. A number that does not exist is a result: numbers come from CRMs.
func (c *lead) talk(got pbx.RingResult, err error) (talk, error) {
	c.talked.Store(err == nil && got.Outcome == pbx.Answered)
	if errors.Is(err, pbx.ErrNoSuchNumber) || errors.Is(err, pbx.ErrNoSuchUser) || errors.Is(err, pbx.ErrNoPhone) {
		return talk{Reason: reasonNoNumber}, nil
	}
	if err != nil {
		return talk{}, err
	}
	t := talk{Number: got.Number, Duration: got.Talked, Waited: got.Waited, Reason: reasonFailed}
	if got.Login != "" {
		t.User = got.Login
	}
	switch got.Outcome {
	case pbx.Answered:
		t.Answered, t.Reason = true, reasonTalked
		if got.Login != "" {
			c.partner.Store(&got.Login)
		}
	case pbx.NoAnswer:
		t.Reason = reasonNoAnswer
	case pbx.BusyThere:
		t.Reason = reasonBusy
	case pbx.Rejected:
		t.Reason = reasonRejected
	}
	return t, nil
}

type transferIn struct {
	To string `arg:"to" doc:"a number, a queue's too, or a login"`
}

var transfer = parting(func(ctx context.Context, c *lead, in transferIn) (none, error) { return none{}, c.Transfer(ctx, in.To) })

type conferenceIn struct {
	ID string `arg:"id,optional" doc:"the conference; a new one if not said"`
}

var conference = parting(func(ctx context.Context, c *lead, in conferenceIn) (string, error) { return c.Conference(ctx, in.ID) })

type holdIn struct {
	Music string `arg:"music,optional" ts:"\"on\" | \"off\"" doc:"\"off\" ends it; \"on\" if not said"`
}

var hold = command(func(ctx context.Context, c *lead, in holdIn) (none, error) {
	switch in.Music {
	case "", "on":
		return none{}, c.Hold(ctx)
	case "off":
		return none{}, c.Resume(ctx)
	}
	return none{}, &ArgError{Function: "call.hold", Number: 1, Name: "music", Want: `"on" or "off"`, Got: fmt.Sprintf("%.40q", in.Music)}
})

type hangupIn struct {
	Cause string `arg:"cause,optional" ts:"\"normal\" | \"busy\" | \"rejected\" | \"nonumber\"" doc:"what a caller who was not answered is told; \"normal\" if not said"`
}

var causes = map[string]pbx.Cause{
	"": pbx.CauseNormal, "normal": pbx.CauseNormal, "busy": pbx.CauseBusy, "rejected": pbx.CauseRejected, "nonumber": pbx.CauseNoNumber,
}

var hangup = func(ctx context.Context, r *Run, in hangupIn) (none, error) {
	cause, known := causes[in.Cause]
	if !known {
		return none{}, &ArgError{Function: "call.hangup", Number: 1, Name: "cause", Want: `"normal", "busy", "rejected" or "nonumber"`, Got: fmt.Sprintf("%.40q", in.Cause)}
	}
	return parting(func(ctx context.Context, c *lead, _ hangupIn) (none, error) { return none{}, c.Hangup(ctx, cause) })(ctx, r, in)
}

type tagIn struct {
	Key   string `arg:"key" doc:"at most 64 bytes"`
	Value string `arg:"value" doc:"at most 1024 bytes"`
}

// A call keeps its notes when the flow has it no more.
func tag(_ context.Context, r *Run, in tagIn) (none, error) {
	if r.call == nil {
		return none{}, ErrNoCall
	}
	err := r.call.Tag(in.Key, in.Value)
	if isCallOver(err) && r.call.own.Load() {
		err = ErrCallOver
	}
	return none{}, err
}
