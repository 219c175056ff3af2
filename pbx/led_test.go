package pbx_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/octolink/octolink/pbx"
)

// A conductor is a driver of which tests decide what its commands say.
type conductor struct {
	desk
	did  []string // only by one goroutine at a time
	fail map[string]error
	wait bool // commands that take time wait for the end of their context
}

func (d *conductor) note(format string, args ...any) error {
	d.did = append(d.did, fmt.Sprintf(format, args...))
	return d.fail[strings.Fields(format)[0]]
}

func (d *conductor) Accept(_ context.Context, leg string) error { return d.note("accept %s", leg) }

func (d *conductor) Play(ctx context.Context, leg string, p pbx.Prompt) (string, error) {
	if d.wait {
		<-ctx.Done()
		return "", ctx.Err()
	}
	return "1", d.note("play %s %s", leg, p.Text)
}

func (d *conductor) Digits(_ context.Context, leg string, r pbx.DigitsRequest) (string, error) {
	return "12", d.note("digits %s %d %v %v", leg, r.Max, r.First, r.Between)
}

func (d *conductor) RecordCaller(_ context.Context, leg string, r pbx.RecordRequest) (pbx.RecordResult, error) {
	return pbx.RecordResult{Length: time.Second}, d.note("record %s %v", leg, r.Max)
}

func (d *conductor) RingFor(_ context.Context, leg string, r pbx.RingRequest) (pbx.RingResult, error) {
	return pbx.RingResult{Outcome: pbx.Answered}, d.note("ring %s %v %v", leg, r.To, r.Timeout)
}

func (d *conductor) Enqueue(_ context.Context, leg string, r pbx.QueueRequest) (pbx.RingResult, error) {
	return pbx.RingResult{Outcome: pbx.NoAnswer}, d.note("queue %s %s", leg, r.Number)
}

func (d *conductor) Send(_ context.Context, leg string, to pbx.Route) error {
	return d.note("send %s %s", leg, to)
}

func (d *conductor) Confer(_ context.Context, leg, conference string) error {
	return d.note("confer %s %s", leg, conference)
}

func (d *conductor) Music(_ context.Context, leg string, on bool) error {
	return d.note("music %s %v", leg, on)
}

func (d *conductor) Release(_ context.Context, leg string, c pbx.Cause) error {
	return d.note("release %s %d", leg, c)
}

// lead starts a switch with a conductor and gives a flow the call of an outside caller.
func lead(t *testing.T, d *conductor) (*pbx.Switch, pbx.Board, *pbx.Led) {
	t.Helper()
	d.board = make(chan pbx.Board, 1)
	sw := pbx.NewSwitch(pbx.Options{Driver: d, Directory: office(t)})
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- sw.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	board := <-d.board
	calls := make(chan *pbx.Led, 1)
	sw.Lead(func(c *pbx.Led) { calls <- c })
	err := board.Do(ctx, func() {
		if !board.Leads() || !board.Offer("leg", pbx.FlowNumber{Flow: "menu", Fallback: "user:boris"}, "900") {
			t.Error("nobody leads")
		}
		tellLed(board, "menu", pbx.LegDialling)
	})
	if err != nil {
		t.Fatal(err)
	}
	return sw, board, <-calls
}

func tellLed(board pbx.Board, flow string, state pbx.LegState) {
	board.Leg(pbx.Leg{
		ID: "leg", Chain: "chain", Number: "79161234567", State: state, Flow: flow,
		Peer: pbx.Party{Number: "900", Name: flow, IVR: true},
	})
}

// What a flow leaves out has a value when the driver sees it, and what it names is a number.
func TestLedCommands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &conductor{}
		_, _, c := lead(t, d)
		ctx := t.Context()
		_, play := c.Play(ctx, pbx.Prompt{Text: "hello"})
		_, digits := c.Digits(ctx, pbx.DigitsRequest{})
		res, record := c.Record(ctx, pbx.RecordRequest{})
		_, ring := c.Ring(ctx, pbx.RingRequest{To: []string{"ALICE", "301", "+7 916 765-43-21"}})
		_, queue := c.Queue(ctx, pbx.QueueRequest{Number: "700"})
		_, confer := c.Conference(ctx, "room")
		err := errors.Join(c.Answer(ctx), play, digits, record, ring, queue, c.Hold(ctx), c.Resume(ctx), confer,
			c.Transfer(ctx, "boris"), c.Fallback(ctx), c.Hangup(ctx, pbx.CauseRejected))
		if err != nil {
			t.Error(err)
		}
		want := []string{
			"play leg hello", "digits leg 1 5s 3s", "record leg 1m0s", "ring leg [300 301 +79167654321] 30s", "queue leg 700", "confer leg room",
			"accept leg", "music leg true", "music leg false", "send leg number:301", "send leg user:boris", fmt.Sprint("release leg ", pbx.CauseRejected),
		}
		if !slices.Equal(d.did, want) {
			t.Errorf("the driver did\n%q\nwant\n%q", d.did, want)
		}
		if res.ID == "" || res.ID != c.Info().Entry {
			t.Errorf("the recording %q is not that of entry %q", res.ID, c.Info().Entry)
		}
	})
}

func TestLedRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &conductor{}
		_, _, c := lead(t, d)
		ctx, long := t.Context(), strings.Repeat("x", 5000)
		play := func(p pbx.Prompt) error { _, err := c.Play(ctx, p); return err }
		digits := func(r pbx.DigitsRequest) error { _, err := c.Digits(ctx, r); return err }
		record := func(r pbx.RecordRequest) error { _, err := c.Record(ctx, r); return err }
		ring := func(r pbx.RingRequest) error { _, err := c.Ring(ctx, r); return err }
		queue := func(r pbx.QueueRequest) error { _, err := c.Queue(ctx, r); return err }
		confer := func(id string) error { _, err := c.Conference(ctx, id); return err }
		tests := []struct {
			name      string
			got, want error
		}{
			{"nothing to play", play(pbx.Prompt{Keys: "1"}), pbx.ErrInvalid},
			{"too long a text", play(pbx.Prompt{Text: long}), pbx.ErrInvalid},
			{"no keys", play(pbx.Prompt{Text: "a", Keys: "x"}), pbx.ErrInvalid},
			{"too many digits", digits(pbx.DigitsRequest{Max: 65}), pbx.ErrInvalid},
			{"less than none", digits(pbx.DigitsRequest{Max: -1}), pbx.ErrInvalid},
			{"stop keys", digits(pbx.DigitsRequest{Stop: "enter"}), pbx.ErrInvalid},
			{"a time below zero", digits(pbx.DigitsRequest{First: -1}), pbx.ErrInvalid},
			{"a time for ever", digits(pbx.DigitsRequest{Between: 25 * time.Hour}), pbx.ErrInvalid},
			{"a prompt of digits", digits(pbx.DigitsRequest{Prompt: pbx.Prompt{File: long}}), pbx.ErrInvalid},
			{"a long recording", record(pbx.RecordRequest{Max: 25 * time.Hour}), pbx.ErrInvalid},
			{"silence", record(pbx.RecordRequest{Silence: -1}), pbx.ErrInvalid},
			{"keys of a recording", record(pbx.RecordRequest{Stop: "?"}), pbx.ErrInvalid},
			{"nobody", ring(pbx.RingRequest{}), pbx.ErrInvalid},
			{"everybody", ring(pbx.RingRequest{To: slices.Repeat([]string{"300"}, 65)}), pbx.ErrInvalid},
			{"a queue's phone", ring(pbx.RingRequest{To: []string{"300", "700"}}), pbx.ErrNoSuchNumber},
			{"a stranger", ring(pbx.RingRequest{To: []string{"zoe"}}), pbx.ErrNoSuchNumber},
			{"who has no phone", ring(pbx.RingRequest{To: []string{"vera"}}), pbx.ErrNoPhone},
			{"ringing for ever", ring(pbx.RingRequest{To: []string{"300"}, Timeout: 25 * time.Hour}), pbx.ErrInvalid},
			{"no queue", queue(pbx.QueueRequest{Number: "300"}), pbx.ErrNoSuchNumber},
			{"waiting", queue(pbx.QueueRequest{Number: "700", Timeout: -1}), pbx.ErrInvalid},
			{"a conference's name", confer(strings.Repeat("x", 65)), pbx.ErrInvalid},
			{"a transfer to nobody", c.Transfer(ctx, "zoe"), pbx.ErrNoSuchNumber},
			{"a transfer to no phone", c.Transfer(ctx, "vera"), pbx.ErrNoPhone},
			{"a tag without a key", c.Tag("", "a"), pbx.ErrInvalid},
			{"a tag's key", c.Tag("a\x00", "a"), pbx.ErrInvalid},
			{"a tag's value", c.Tag("a", long), pbx.ErrInvalid},
			{"a tag that is no text", c.Tag("a", "\xff"), pbx.ErrInvalid},
		}
		for _, tt := range tests {
			if !errors.Is(tt.got, tt.want) {
				t.Errorf("%s: got %v, want %v", tt.name, tt.got, tt.want)
			}
		}
		if len(d.did) > 0 {
			t.Errorf("the driver did %q", d.did)
		}
		for i := range 32 {
			if err := c.Tag(fmt.Sprint("key", i), "a"); err != nil {
				t.Fatal(err)
			}
		}
		if err := c.Tag("key32", "a"); !errors.Is(err, pbx.ErrInvalid) {
			t.Errorf("the 33rd tag: %v", err)
		}
		if err := c.Tag("key3", "b"); err != nil {
			t.Errorf("another value: %v", err)
		}
	})
}

// Whatever the telephone system says, a fallback leaves no call in the air, or tells that it could not.
func TestFallbackOfADriver(t *testing.T) {
	broken := errors.New("broken")
	tests := []struct {
		name          string
		send, release error
		did           []string
		want          error
	}{
		{"there", nil, nil, []string{"send leg user:boris"}, nil},
		{"the caller is gone", pbx.ErrNoSuchLeg, nil, []string{"send leg user:boris"}, nil},
		{"given away already", pbx.ErrGivenAway, nil, []string{"send leg user:boris"}, nil},
		{"busy", pbx.ErrBusy, nil, []string{"send leg user:boris", fmt.Sprint("release leg ", pbx.CauseBusy)}, nil},
		{"no such number", pbx.ErrNoSuchNumber, nil, []string{"send leg user:boris", fmt.Sprint("release leg ", pbx.CauseNoNumber)}, nil},
		{"broken, and the caller gone then", broken, pbx.ErrHungUp, []string{"send leg user:boris", fmt.Sprint("release leg ", pbx.CauseNormal)}, nil},
		{"all broken", broken, broken, []string{"send leg user:boris", fmt.Sprint("release leg ", pbx.CauseNormal)}, broken},
	}
	for _, tt := range tests {
		synctest.Test(t, func(t *testing.T) {
			d := &conductor{fail: map[string]error{"send": tt.send, "release": tt.release}}
			_, _, c := lead(t, d)
			gone, cancel := context.WithCancel(t.Context())
			cancel() // the flow was stopped: its fallback comes all the same
			if err := c.Fallback(gone); !errors.Is(err, tt.want) || (err == nil) != (tt.want == nil) {
				t.Errorf("%s: got %v, want %v", tt.name, err, tt.want)
			}
			if !slices.Equal(d.did, tt.did) {
				t.Errorf("%s: the driver did %q, want %q", tt.name, d.did, tt.did)
			}
		})
	}
}

// A command ends with its call, whatever the driver is waiting for, and so does the context.
func TestLedEndsWithItsCall(t *testing.T) {
	tests := []struct {
		name string
		end  func(b pbx.Board)
		want error
	}{
		{"hung up", func(b pbx.Board) { tellLed(b, "", pbx.LegEnded) }, pbx.ErrHungUp},
		{"taken out of the flow", func(b pbx.Board) { tellLed(b, "", pbx.LegDialling) }, pbx.ErrGivenAway},
		{"to another flow", func(b pbx.Board) {
			b.Offer("leg", pbx.FlowNumber{Flow: "menu"}, "901")
			tellLed(b, "menu", pbx.LegTalking)
		}, pbx.ErrGivenAway},
	}
	for _, tt := range tests {
		synctest.Test(t, func(t *testing.T) {
			_, board, c := lead(t, &conductor{wait: true})
			ended := make(chan error, 1)
			go func() {
				_, err := c.Play(t.Context(), pbx.Prompt{Text: "hello"})
				ended <- err
			}()
			synctest.Wait()
			if err := c.Answer(t.Context()); !errors.Is(err, pbx.ErrState) {
				t.Errorf("%s: a second command: %v", tt.name, err)
			}
			if err := board.Do(t.Context(), func() { tt.end(board) }); err != nil {
				t.Fatal(err)
			}
			if err := <-ended; !errors.Is(err, tt.want) || !errors.Is(context.Cause(c.Context()), tt.want) {
				t.Errorf("%s: the command ended with %v, the context with %v, want %v", tt.name, err, context.Cause(c.Context()), tt.want)
			}
			if err := c.Answer(t.Context()); !errors.Is(err, tt.want) {
				t.Errorf("%s: a later command: %v", tt.name, err)
			}
			if err := c.Fallback(t.Context()); err != nil {
				t.Errorf("%s: fallback: %v", tt.name, err)
			}
		})
	}
}

// The driver may know earlier than the picture that a call is over.
func TestDriverKnowsFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, _, c := lead(t, &conductor{fail: map[string]error{"accept": pbx.ErrNoSuchLeg}})
		if err := c.Answer(t.Context()); !errors.Is(err, pbx.ErrHungUp) || !errors.Is(context.Cause(c.Context()), pbx.ErrHungUp) {
			t.Errorf("got %v, the context %v", err, context.Cause(c.Context()))
		}
	})
}

func TestSwitchStopsInAFlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &conductor{wait: true}
		stop := make(chan struct{})
		d.run = func(context.Context) error { <-stop; return nil }
		_, _, c := lead(t, d)
		ended := make(chan error, 1)
		go func() {
			_, err := c.Play(t.Context(), pbx.Prompt{Text: "hello"})
			ended <- err
		}()
		synctest.Wait()
		close(stop)
		if err := <-ended; !errors.Is(err, pbx.ErrOffline) {
			t.Errorf("got %v, want ErrOffline", err)
		}
	})
}

// A driver that cannot lead calls is told that nobody does.
func TestDriverThatCannotLead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := watch(t, pbx.Options{})
		w.Lead(func(*pbx.Led) { t.Error("a call was led") })
		w.do(t, func() {
			if w.board.Leads() || w.board.Offer("leg", pbx.FlowNumber{Flow: "menu"}, "900") {
				t.Error("a driver that cannot lead calls was told that somebody does")
			}
		})
	})
}
