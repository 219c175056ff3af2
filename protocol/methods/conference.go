package methods

import (
	"context"
	"strings"

	"github.com/octolink/octolink/pbx"
	"github.com/octolink/octolink/protocol"
	"github.com/octolink/octolink/protocol/wire"
)

// competitor is a participant of a conference as clients read it [P 8.4].
type competitor struct {
	ID        string `wire:"competitorid" doc:"this participation"`
	UserID    string `wire:"userid" doc:"who, if it is a user"`
	UserLogin string `wire:"userlogin" doc:"his login"`
	UserName  string `wire:"username" doc:"his name"`
	Number    string `wire:"number" doc:"number"`
	CallerID  string `wire:"callerid" doc:"number of an outside party"`
	Name      string `wire:"name" doc:"name of an outside party"`
	ChainID   string `wire:"chainid" doc:"the call"`
	State     string `wire:"confstatestr" doc:"Commutated, Inviting, Exited or why not: MisInviteBusy …"`
	ExtLine   bool   `wire:"isextline" doc:"outside"`
	Creator   bool   `wire:"iscreator" doc:"made the conference"`
	Director  bool   `wire:"isdirector" doc:"leads it"`
	Ghost     bool   `wire:"isghost" doc:"listens in, or is listened to"`
	GhostMain bool   `wire:"isghostmajor" doc:"is listened to"`
	Hidden    bool   `wire:"ishidden" doc:"not shown to the others"`
	Help      bool   `wire:"ghosthelp" doc:"only the one who is listened to hears him"`
}

func competitorOf(m pbx.ConferenceMember) competitor {
	p := abonentOf(m.Party, m.Chain)
	return competitor{
		ID: m.ID, UserID: p.UserID, UserLogin: p.UserLogin, UserName: p.UserName, Number: p.Number,
		CallerID: p.CallerID, Name: p.Name, ChainID: p.ChainID, State: string(m.State), ExtLine: p.IsExtLine,
		Creator: m.Creator, Director: m.Director, GhostMain: m.GhostMain, Hidden: m.Ghost, Help: m.Help,
		// In a ghost conference oktell.js shows nobody else, and changes the mode only for a party
		// that it shows: so the one who is listened to has the flag too [P 8.4].
		Ghost: m.Ghost || m.GhostMain,
	}
}

func competitorsOf(c pbx.Conference) []competitor {
	out := make([]competitor, len(c.Members))
	for i, m := range c.Members {
		out[i] = competitorOf(m)
	}
	return out
}

type createConferenceIn struct {
	Conference newConference    `wire:"conference,required" doc:"the conference to be"`
	Members    []conferenceName `wire:"competitors" doc:"whom to call; the caller himself may be among them"`
}

type newConference struct {
	ID              string `wire:"id,required" doc:"id made by the client"`
	Room            int    `wire:"room" doc:"0 to 10000"`
	Name            string `wire:"name" doc:"name"`
	Description     string `wire:"description" doc:"kept and told"`
	AccessMode      string `wire:"accessmode" doc:"kept and told"`
	Selector        bool   `wire:"isselector" doc:"kept and told"`
	Record          bool   `wire:"record" doc:"kept and told"`
	RecordRights    string `wire:"recordrights" doc:"kept and told"`
	EveryoneInvites bool   `wire:"everyonecaninvite" doc:"kept and told"`
	SeeEachOther    bool   `wire:"canvieweachother" doc:"kept and told"`
}

// conferenceName names whom to call into a conference, in one of the ways of clients of all years
// [P 6.5].
type conferenceName struct {
	Login     string `wire:"userlogin" doc:"a user's login"`
	UserID    string `wire:"userid" doc:"a user's id"`
	Number    string `wire:"number" doc:"a number"`
	IntNumber string `wire:"intnumber" doc:"older name of number"`
}

const (
	maxRoom           = 10_000
	maxConferenceText = 1024
	maxInvited        = 100
)

func (a *API) createConference(ctx context.Context, c *protocol.Client, in createConferenceIn) (struct{}, error) {
	n := in.Conference
	switch {
	case n.Room < 0 || n.Room > maxRoom:
		return struct{}{}, badField("conference.room", "0 to 10000")
	case len(n.ID) > 64 || len(n.Name) > maxConferenceText || len(n.Description) > maxConferenceText:
		return struct{}{}, badField("conference", "too long")
	}
	members, err := a.numbersOf(in.Members, c.Login())
	if err != nil {
		return struct{}{}, err
	}
	conf := pbx.Conference{ID: n.ID, Room: n.Room, Name: n.Name, Options: pbx.ConferenceOptions{
		Description: n.Description, AccessMode: n.AccessMode, Selector: n.Selector, Record: n.Record,
		RecordRights: n.RecordRights, EveryoneInvites: n.EveryoneInvites, SeeEachOther: n.SeeEachOther,
	}}
	return a.settled(ctx, a.sw.CreateConference(ctx, c.Login(), conf, members))
}

// numbersOf turns the names of parties into numbers; the caller himself is left out, he comes anyway.
func (a *API) numbersOf(names []conferenceName, caller string) ([]string, error) {
	if len(names) > maxInvited {
		return nil, badField("competitors", "too many")
	}
	dir := a.sw.Directory()
	numbers := make([]string, 0, len(names))
	for _, n := range names {
		user := dir.UserByLogin(n.Login)
		if n.UserID != "" {
			user = dir.UserByID(n.UserID)
		}
		number := n.Number + n.IntNumber
		switch {
		case user != nil && strings.EqualFold(user.Login, caller):
			continue
		case user != nil && user.Main() == "":
			return nil, pbx.ErrNoPhone
		case user != nil:
			number = user.Main()
		case number == "":
			return nil, pbx.ErrNoSuchUser
		}
		numbers = append(numbers, number)
	}
	return numbers, nil
}

type buildConferenceOut struct {
	ID string `wire:"conferenceid" doc:"the conference"`
}

func (a *API) buildConference(ctx context.Context, c *protocol.Client, _ struct{}) (buildConferenceOut, error) {
	id, err := a.sw.BuildConference(ctx, c.Login())
	_, err = a.settled(ctx, err)
	return buildConferenceOut{id}, err
}

type inviteIn struct {
	ID      string           `wire:"conferenceid,required" doc:"the conference"`
	Members []conferenceName `wire:"competitors,required" doc:"whom to call"`
}

func (a *API) inviteToConference(ctx context.Context, c *protocol.Client, in inviteIn) (struct{}, error) {
	numbers, err := a.numbersOf(in.Members, c.Login())
	if err != nil {
		return struct{}{}, err
	}
	return a.settled(ctx, a.sw.Invite(ctx, c.Login(), in.ID, numbers))
}

type conferenceIn struct {
	ID string `wire:"conferenceid" doc:"the conference"`
}

type conferenceOut struct {
	Result     int          `wire:"result" doc:"1, or 0 when there is no such conference"`
	Conference any          `wire:"conference" doc:"id, room, name, isghost, ghostmode, and what it was created with"`
	Members    []competitor `wire:"competitors" doc:"its participants"`
}

type conferenceInfo struct {
	ID    string `wire:"id" doc:"the conference"`
	Room  int    `wire:"room" doc:"its room"`
	Name  string `wire:"name" doc:"its name"`
	Ghost bool   `wire:"isghost" doc:"somebody listens in"`
	Mode  string `wire:"ghostmode,omitempty" doc:"who hears him"`

	Description     string `wire:"description" doc:"as created"`
	AccessMode      string `wire:"accessmode" doc:"as created"`
	Selector        bool   `wire:"isselector" doc:"as created"`
	Record          bool   `wire:"record" doc:"as created"`
	RecordRights    string `wire:"recordrights" doc:"as created"`
	EveryoneInvites bool   `wire:"everyonecaninvite" doc:"as created"`
	SeeEachOther    bool   `wire:"canvieweachother" doc:"as created"`
}

// conferenceInfo answers with empty fields, not with an error, when there is no conference:
// clients ask for `false` when they know of none, and read the fields all the same [P 6.5].
func (a *API) conferenceInfo(_ context.Context, c *protocol.Client, in conferenceIn) (conferenceOut, error) {
	conf, err := a.mine(c, in.ID)
	if err != nil {
		return conferenceOut{Conference: wire.Object{}, Members: []competitor{}}, nil //nolint:nilerr // see above
	}
	o := conf.Options
	return conferenceOut{Result: 1, Members: competitorsOf(conf), Conference: conferenceInfo{
		ID: conf.ID, Room: conf.Room, Name: conf.Name, Ghost: conf.Ghost, Mode: string(conf.Mode),
		Description: o.Description, AccessMode: o.AccessMode, Selector: o.Selector, Record: o.Record,
		RecordRights: o.RecordRights, EveryoneInvites: o.EveryoneInvites, SeeEachOther: o.SeeEachOther,
	}}, nil
}

// mine is a conference that the client's user takes part in; others may not look into it.
func (a *API) mine(c *protocol.Client, id string) (pbx.Conference, error) {
	conf, ok := a.sw.Conference(id)
	if !ok {
		return pbx.Conference{}, pbx.ErrNoSuchConference
	}
	if !conf.ShownTo(c.Login()) {
		return pbx.Conference{}, pbx.ErrForbidden
	}
	return conf, nil
}

type competitorsOut struct {
	Members []competitor `wire:"competitorlist" doc:"the participants"`
}

// conferenceCompetitors tells an error with an empty list: clients walk along the list without a
// look at the result [P 6.5].
func (a *API) conferenceCompetitors(_ context.Context, c *protocol.Client, in conferenceIn) (competitorsOut, error) {
	conf, err := a.mine(c, in.ID)
	if err != nil {
		refused := *ReplyError(err)
		refused.Fields = wire.Object{{Key: "competitorlist", Value: wire.List{}}}
		return competitorsOut{}, &refused
	}
	return competitorsOut{competitorsOf(conf)}, nil
}

type kickIn struct {
	ID     string       `wire:"conferenceid,required" doc:"the conference"`
	Member memberChange `wire:"competitor,required" doc:"the participant"`
}

type memberChange struct {
	ID   string `wire:"competitorid,required" doc:"his id in the conference"`
	Help bool   `wire:"ghosthelp" doc:"only the one who is listened to hears him"`
}

func (a *API) kick(ctx context.Context, c *protocol.Client, in kickIn) (struct{}, error) {
	return a.settled(ctx, a.sw.Kick(ctx, c.Login(), in.ID, in.Member.ID))
}

func (a *API) exitConference(ctx context.Context, c *protocol.Client, in conferenceIn) (struct{}, error) {
	return a.settled(ctx, a.sw.ExitConference(ctx, c.Login(), in.ID))
}

type joinHeldOut struct {
	Can bool `wire:"canconnecttogather" doc:"the party on hold can be taken into the conference"`
}

func (a *API) canJoinHeld(_ context.Context, c *protocol.Client, _ struct{}) (joinHeldOut, error) {
	return joinHeldOut{a.sw.CanJoinHeld(c.Login())}, nil
}

func (a *API) joinHeld(ctx context.Context, c *protocol.Client, _ struct{}) (struct{}, error) {
	return a.settled(ctx, a.sw.JoinHeld(ctx, c.Login()))
}

type ghostIn struct {
	Target string `wire:"ghostedid,required" doc:"id of the user to listen to"`
}

type ghostOut struct {
	ID string `wire:"conferenceid" doc:"the conference of the two parties and the listener"`
}

func (a *API) attachAsGhost(ctx context.Context, c *protocol.Client, in ghostIn) (ghostOut, error) {
	target := a.sw.Directory().UserByID(in.Target)
	if target == nil {
		return ghostOut{}, pbx.ErrNoSuchUser
	}
	id, err := a.sw.Ghost(ctx, c.Login(), target.Login)
	_, err = a.settled(ctx, err)
	return ghostOut{id}, err
}

type ghostModeIn struct {
	ID   string `wire:"conferenceid,required" doc:"the conference"`
	Mode string `wire:"ghostmode,required" doc:"monitor: nobody hears the listener; help: the user does; conference: everybody"`
}

func (a *API) setGhostMode(ctx context.Context, c *protocol.Client, in ghostModeIn) (struct{}, error) {
	mode := pbx.GhostMode(in.Mode)
	switch mode {
	case pbx.GhostMonitor, pbx.GhostHelp, pbx.GhostConference:
		return a.settled(ctx, a.sw.SetGhostMode(ctx, c.Login(), in.ID, mode))
	}
	return struct{}{}, badField("ghostmode", "monitor, help or conference")
}

func (a *API) setVoice(ctx context.Context, c *protocol.Client, in kickIn) (struct{}, error) {
	return a.settled(ctx, a.sw.SetVoice(ctx, c.Login(), in.ID, in.Member.ID, in.Member.Help))
}
