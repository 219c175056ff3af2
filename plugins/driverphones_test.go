package plugins_test

import (
	"context"
	"errors"
	"fmt"
	"strings"

	pbxv1 "github.com/octolink/octolink/plugins/proto/pbx/v1"
	"github.com/octolink/octolink/plugins/sdk"
	"github.com/octolink/octolink/plugins/sdk/sdktest/telephones"
)

// wired are telephones that can everything, and misbehave on demand.
type wired struct {
	telephones.System
	done chan string // commands beyond the least
	quit chan error
}

// servePhones is a plugin that is a telephone system; its methods drive it from outside.
func servePhones() {
	w := &wired{done: make(chan string, 100), quit: make(chan error, 1)}
	sdk.Serve(sdk.Plugin{Name: "phones", Version: "1.0.0", Summary: "Is a telephone system."}, append(w.Parts()[1:],
		sdk.PBX(w),
		sdk.Method("tell", "Tells something odd.", w.tell),
		sdk.Method("did", "Says what was done.", func(context.Context, none) (text, error) { return text{<-w.done}, nil }),
		sdk.Method("redirect", "Asks where a call goes.", func(ctx context.Context, in text) (text, error) {
			to, err := w.Board().Redirect(ctx, in.Text, "79161234567")
			return text{to}, err
		}),
		sdk.Method("state", "Says what a user does.", func(_ context.Context, in text) (text, error) {
			u := w.Board().User(in.Text)
			return text{fmt.Sprintf("%d %t", u.GetState(), u.GetCallCenter())}, nil
		}),
		sdk.Method("users", "Says who exists.", func(context.Context, none) (text, error) {
			var all []string
			for _, u := range w.Board().Directory().GetUsers() {
				all = append(all, u.GetLogin()+"="+strings.Join(u.GetNumbers(), "+"))
			}
			return text{strings.Join(all, " ")}, nil
		}),
	)...)
}

// Run implements [sdk.Telephony].
func (w *wired) Run(ctx context.Context, b *sdk.Board) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		select {
		case err := <-w.quit:
			cancel(err)
		case <-ctx.Done():
		}
	}()
	_ = w.System.Run(ctx, b)
	return context.Cause(ctx)
}

// tell tells things that are wrong, or that the telephones themselves never do.
func (w *wired) tell(_ context.Context, in text) (none, error) {
	b := w.Board()
	leg := &pbxv1.Leg{Id: "x", Chain: "c1", Number: "300", State: pbxv1.LegState_LEG_STATE_RINGING, Peer: &pbxv1.Party{Number: "79161234567", External: true}}
	switch in.Text {
	case "ring":
		return none{}, b.Legs(leg)
	case "same id":
		leg.Chain = "c2"
		return none{}, b.Legs(leg)
	case "wrong":
		return none{}, b.Report(&pbxv1.Report{
			Legs:        []*pbxv1.Leg{{}, {Id: "a"}, {Id: "b", Chain: "c", State: 77}, {Id: strings.Repeat("l", 200), Chain: "c", State: 3}, nil},
			Conferences: []*pbxv1.Conference{{}}, Queues: []*pbxv1.Queue{{Number: "unknown"}},
		})
	case "many":
		r := &pbxv1.Report{Whole: true}
		for i := range 2000 {
			r.Legs = append(r.Legs, &pbxv1.Leg{Id: fmt.Sprintf("%05d", i), Chain: "many", State: pbxv1.LegState_LEG_STATE_TALKING})
		}
		r.Legs[1999].Number = "300"
		return none{}, b.Report(r)
	case "too many":
		r := &pbxv1.Report{}
		for i := range 20_001 {
			r.Legs = append(r.Legs, &pbxv1.Leg{Id: fmt.Sprint(i), Chain: "c", State: pbxv1.LegState_LEG_STATE_TALKING})
		}
		return none{}, b.Report(r)
	case "away":
		return none{}, b.Away("the cable is out")
	case "there":
		return none{}, b.Report(&pbxv1.Report{Whole: true})
	case "quit":
		w.quit <- errors.New("the exchange does not want me")
		return none{}, nil
	case "conference":
		return none{}, b.Report(&pbxv1.Report{
			Conferences: []*pbxv1.Conference{{Id: "conf", Name: "Talk", Members: []*pbxv1.Member{{Id: "m", Party: &pbxv1.Party{Number: "300"}, State: pbxv1.MemberState_MEMBER_STATE_TALKING}}}},
			Queues:      []*pbxv1.Queue{{Number: "700", Waiting: []*pbxv1.Waiter{{Chain: "w", Party: &pbxv1.Party{Number: "79160000000", External: true}}}}},
		})
	}
	return none{}, errors.New("no such thing")
}

func (w *wired) did(format string, args ...any) error {
	w.done <- fmt.Sprintf(format, args...)
	return nil
}

func (w *wired) Hold(_ context.Context, leg string) error { return w.did("hold %s", leg) }

func (w *wired) Resume(_ context.Context, held string) error { return w.did("resume %s", held) }

func (w *wired) Connect(_ context.Context, held, current string) error {
	return w.did("connect %s %s", held, current)
}

func (w *wired) CreateConference(_ context.Context, c *pbxv1.Conference, creator string, members []string) error {
	return w.did("create %s %s %s %v", c.GetId(), c.GetName(), creator, members)
}

func (w *wired) Gather(_ context.Context, leg, conference string) error {
	return w.did("gather %s %s", leg, conference)
}

func (w *wired) Invite(_ context.Context, conference string, numbers []string) error {
	return w.did("invite %s %v", conference, numbers)
}

func (w *wired) Kick(_ context.Context, conference, member string) error {
	return w.did("kick %s %s", conference, member)
}

func (w *wired) Join(_ context.Context, held, current string) error {
	panic("no conferences of three today")
}

func (w *wired) Listen(_ context.Context, supervisor, leg, conference string) error {
	return w.did("listen %s %s %s", supervisor, leg, conference)
}

func (w *wired) SetGhostMode(_ context.Context, conference, member string, mode pbxv1.GhostMode) error {
	return w.did("ghost %s %s %s", conference, member, mode)
}

func (w *wired) Recording(_ context.Context, r *pbxv1.RecordingRequest, piece func(string, []byte) error) error {
	if r.GetTalk() == "none" {
		return nil
	}
	return piece("audio/wav", []byte(strings.Repeat(r.GetTalk(), 1<<20)))
}
