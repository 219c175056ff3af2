package methods

import (
	"context"
	"strings"

	"github.com/octolink/octolink/pbx"
	"github.com/octolink/octolink/protocol"
)

// me is the user behind a client. A user whom a new configuration has removed has none.
func (a *API) me(c *protocol.Client) (*pbx.User, error) {
	user := a.sw.Directory().UserByLogin(c.Login())
	if user == nil {
		return nil, pbx.ErrNoSuchUser
	}
	return user, nil
}

// asker is the user behind a client, or who a CRM server is when it asks on its own behalf: somebody
// without a phone who sees everything [P 4.4].
func (a *API) asker(c *protocol.Client) (*pbx.User, error) {
	if ch := c.Server(); ch != nil && !c.Tunnelled() {
		return &pbx.User{Name: ch.Name(), Supervisor: true}, nil
	}
	return a.me(c)
}

// settled waits until what a command wrote is on the disk. A telephone call goes on where the
// storage fails: that is logged, and the answer is the call's.
func (a *API) settled(ctx context.Context, err error) (struct{}, error) {
	if err != nil {
		return struct{}{}, err
	}
	if err := a.opts.Settings.Sync(ctx); err != nil {
		a.log.Warn("a call goes on without its journal", "err", err)
	}
	return struct{}{}, nil
}

type autoCallIn struct {
	Number   string `wire:"number,required" doc:"a number, or the id of a user or a number"`
	Sequence string `wire:"sequence" doc:"user (default): his phone rings first; abonent: the number is dialled first"`
	Intercom bool   `wire:"intercom" doc:"the other phone answers by itself"`
}

func (a *API) autoCallStart(ctx context.Context, c *protocol.Client, in autoCallIn) (struct{}, error) {
	if in.Sequence != "" && in.Sequence != "user" && in.Sequence != "abonent" {
		return struct{}{}, badField("sequence", "user or abonent")
	}
	abonentFirst := in.Sequence == "abonent" && !in.Intercom // intercom is always user first [P 6.4]
	_, err := a.sw.AutoCall(ctx, c.Login(), strings.TrimSpace(in.Number), abonentFirst, in.Intercom)
	return a.settled(ctx, err)
}

func (a *API) autoCallAbort(ctx context.Context, c *protocol.Client, _ struct{}) (struct{}, error) {
	return a.settled(ctx, a.sw.AbortAutoCall(ctx, c.Login()))
}

func (a *API) answerCall(ctx context.Context, c *protocol.Client, _ struct{}) (struct{}, error) {
	return a.settled(ctx, a.sw.Answer(ctx, c.Login()))
}

func (a *API) declineCall(ctx context.Context, c *protocol.Client, _ struct{}) (struct{}, error) {
	return a.settled(ctx, a.sw.Decline(ctx, c.Login()))
}

func (a *API) abortCall(ctx context.Context, c *protocol.Client, _ struct{}) (struct{}, error) {
	return a.settled(ctx, a.sw.Abort(ctx, c.Login()))
}

type flashIn struct {
	Mode   string `wire:"mode" doc:"absent, switch: hold, take back or toggle; abort: drop the present party and return; next: drop it and dial the next"`
	Number string `wire:"number" doc:"whom to dial with mode next"`
}

func (a *API) makeFlash(ctx context.Context, c *protocol.Client, in flashIn) (struct{}, error) {
	switch in.Mode {
	case "", "switch", "abort", "next":
	default:
		return struct{}{}, badField("mode", "switch, abort or next")
	}
	return a.settled(ctx, a.sw.Flash(ctx, c.Login(), in.Mode, in.Number))
}

type transferIn struct {
	To     string `wire:"transferto" doc:"where the call goes; empty: to the party on hold"`
	Number string `wire:"number" doc:"other name of transferto"`
}

func (a *API) makeTransfer(ctx context.Context, c *protocol.Client, in transferIn) (struct{}, error) {
	if in.To == "" {
		in.To = in.Number
	}
	return a.settled(ctx, a.sw.Transfer(ctx, c.Login(), strings.TrimSpace(in.To)))
}
