package methods

import (
	"context"

	"github.com/octolink/octolink/pbx"
	"github.com/octolink/octolink/protocol"
)

// userState has all state fields, always: clients of different years read different ones [P 5.8].
type userState struct {
	StateID    int    `wire:"userstateid" doc:"number of the state"`
	State      int    `wire:"userstate" doc:"the same number"`
	Name       string `wire:"userstatestr" doc:"name of the state"`
	CallCenter bool   `wire:"oncallcenter" doc:"takes calls of the queues"`
	Manual     bool   `wire:"onccmanual" doc:"call-centre's manual mode"`
	Lunch      bool   `wire:"onlunch" doc:"on a break, or will be after the call"`
	Redirect   bool   `wire:"onredirect" doc:"calls go by the redirect rules"`
	Task       bool   `wire:"ontask" doc:"busy with a call of a queue"`
	BreakID    *int   `wire:"lunchreasonid" doc:"reason of the break"`
	BreakText  string `wire:"lunchreasonmsg,omitempty" doc:"reason in the user's own words"`
}

func stateOf(s pbx.UserState) (out userState) {
	out.take(&s)
	return out
}

// take fills a state that is empty. It does not keep s.
func (u *userState) take(s *pbx.UserState) {
	u.StateID, u.State, u.Name = int(s.State), int(s.State), s.State.String()
	u.CallCenter, u.Manual, u.Lunch, u.Redirect, u.Task = s.CallCenter, s.Manual, s.Lunch, s.Redirect, s.Task
	if s.BreakID != 0 {
		id := s.BreakID
		u.BreakID = &id
	}
	u.BreakText = s.BreakText
}

// ownState is a state with its owner's name, as answers carry it on the live wire.
type ownState struct {
	Login string `wire:"userlogin" doc:"whose state"`
	ID    string `wire:"userid" doc:"whose state"`
	userState
}

// ownState is the state of the client's user as it is now.
func (a *API) ownState(c *protocol.Client) (out ownState) {
	if id := c.Identity(); id != nil {
		out.Login, out.ID = id.Login, id.UserID
	}
	s := a.sw.User(out.Login)
	out.take(&s)
	return out
}

func (a *API) userState(_ context.Context, c *protocol.Client, _ struct{}) (ownState, error) {
	return a.ownState(c), nil
}

type setStateIn struct {
	State      *int    `wire:"userstateid" doc:"1 ready, 2 break, 3 do not disturb, 5 busy"`
	CallCenter *bool   `wire:"oncallcenter" doc:"take calls of the queues"`
	Manual     *bool   `wire:"onccmanual" doc:"call-centre's manual mode"`
	Redirect   *bool   `wire:"onredirect" doc:"send all calls by the redirect rules"`
	BreakID    *int    `wire:"lunchreasonid" doc:"reason of a break"`
	BreakText  *string `wire:"lunchreasonmsg" doc:"reason of a break in the user's own words"`
}

// maxBreakText is how long a break's reason may be, in bytes.
const maxBreakText = 1024

func (a *API) setUserState(ctx context.Context, c *protocol.Client, in setStateIn) (ownState, error) {
	change := pbx.StateChange{
		CallCenter: in.CallCenter, Manual: in.Manual, Redirect: in.Redirect,
		BreakID: in.BreakID, BreakText: in.BreakText,
	}
	if in.State != nil {
		s := pbx.StateID(*in.State)
		switch s {
		case pbx.Ready, pbx.OnBreak, pbx.DND, pbx.Busy:
		default:
			return ownState{}, badField("userstateid", "1, 2, 3 or 5")
		}
		change.State = &s
	}
	if in.BreakID != nil && *in.BreakID != 0 && !a.isBreak(*in.BreakID) {
		return ownState{}, noSuch("reason for a break")
	}
	if in.BreakText != nil && len(*in.BreakText) > maxBreakText {
		return ownState{}, badField("lunchreasonmsg", "too long")
	}
	return a.change(ctx, c, change)
}

// change answers with the state as it is when the answer leaves: clients take it for the newest
// [P 5.8], and while it was written to the disk a queue may have rung the user who became ready.
func (a *API) change(ctx context.Context, c *protocol.Client, change pbx.StateChange) (ownState, error) {
	if _, err := a.sw.SetState(ctx, c.Login(), change); err != nil {
		return ownState{}, err
	}
	if err := a.opts.Settings.Sync(ctx); err != nil {
		a.log.Error("a user's state is not kept", "user", c.Login(), "err", err)
		return ownState{}, ErrStorage
	}
	return a.ownState(c), nil
}

func (a *API) enterCallCenter(ctx context.Context, c *protocol.Client, _ struct{}) (ownState, error) {
	on := true
	return a.change(ctx, c, pbx.StateChange{CallCenter: &on})
}

func (a *API) exitCallCenter(ctx context.Context, c *protocol.Client, _ struct{}) (ownState, error) {
	off := false
	return a.change(ctx, c, pbx.StateChange{CallCenter: &off})
}

type lunchTypesOut struct {
	Items []lunchType `wire:"items" doc:"the reasons"`
}

type lunchType struct {
	ID   int    `wire:"id" doc:"number of the reason"`
	Name string `wire:"name" doc:"its name"`
}

func (a *API) lunchTypes(context.Context, *protocol.Client, struct{}) (lunchTypesOut, error) {
	breaks := a.sw.Directory().Breaks()
	out := lunchTypesOut{Items: make([]lunchType, len(breaks))}
	for i, b := range breaks {
		out.Items[i] = lunchType{b.ID, b.Name}
	}
	return out, nil
}

func (a *API) isBreak(id int) bool {
	for _, b := range a.sw.Directory().Breaks() {
		if b.ID == id {
			return true
		}
	}
	return false
}
