package methods

import (
	"context"
	"strconv"
	"time"

	"github.com/octolink/octolink/pbx"
	"github.com/octolink/octolink/protocol"
)

// lineInfo is what clients compute their phone's state from [P 5.6].
type lineInfo struct {
	State     int       `wire:"linestate" doc:"number of the line's state"`
	StateName string    `wire:"linestatestr" doc:"name of the line's state"`
	LineID    string    `wire:"lineid" doc:"the line"`
	Number    string    `wire:"linenumber" doc:"number of the line"`
	ChainID   string    `wire:"chainid" doc:"the present call, zero for none"`
	TalkSec   int       `wire:"timertalklensec" doc:"seconds talked so far"`
	Flashing  bool      `wire:"isflashing" doc:"the user has somebody on hold"`
	Flashed   *heldInfo `wire:"flashed,omitempty" doc:"whom"`
	Abonent   lineParty `wire:"abonent" doc:"the other side, always there"`
}

// lineParty is the other side of the present call with the flags of the line.
type lineParty struct {
	abonent
	AutoCall   bool   `wire:"isautocall" doc:"the exchange dials the number that the user asked for"`
	Ringing    bool   `wire:"isringing" doc:"the user's phone rings"`
	Direction  string `wire:"direction" doc:"acm_callback while the exchange calls the user back"`
	Commutated bool   `wire:"iscommutated" doc:"they talk"`
	OnHold     bool   `wire:"iswaitinginflash" doc:"the other side put the user on hold"`
	Conference bool   `wire:"isconference" doc:"the user is in a conference"`
	ConfID     string `wire:"conferenceid" doc:"which"`
	ConfName   string `wire:"conferencename" doc:"its name"`
	Waiting    bool   `wire:"iswaitingforanswer" doc:"dialled, not answered yet"`
	ExtLine    bool   `wire:"extline" doc:"an outside line is in use"`
}

// heldInfo is the party on hold, or the conference that waits.
type heldInfo struct {
	abonent
	ConfID   string `wire:"conferenceid" doc:"the conference on hold"`
	ConfName string `wire:"conferencename" doc:"its name"`
	ConfRoom int    `wire:"conferenceroom" doc:"its room"`
}

func (a *API) extendedLineInfo(_ context.Context, c *protocol.Client, _ struct{}) (lineInfo, error) {
	user, err := a.me(c)
	if err != nil {
		return lineInfo{}, err
	}
	line := a.sw.Line(user.Login)
	info := lineInfoOf(user, line, time.Now())
	if l := line.Current; l != nil && l.Invited != "" && info.Abonent.Number == "" {
		// Older web panels fail over a party without a number, and the client's state with them.
		if conf, ok := a.sw.Conference(l.Invited); ok {
			info.Abonent.Number = strconv.Itoa(conf.Room)
		}
	}
	return info, nil
}

func lineInfoOf(user *pbx.User, line pbx.Line, now time.Time) lineInfo {
	info := lineInfo{
		State: int(line.State), StateName: line.State.String(), ChainID: zeroGUID,
		LineID: lineID(user), Number: lineNumber(user),
	}
	if line.Held != nil {
		info.Flashing, info.Flashed = true, heldOf(line)
	}
	if line.Current != nil {
		info.ChainID = line.Current.Chain
		info.Abonent = partyOf(line)
		if !line.Current.Since.IsZero() {
			info.TalkSec = int(now.Sub(line.Current.Since) / time.Second)
		}
	}
	return info
}

// partyOf sets the flags by which a client tells ring, call and talk apart [P 5.6].
func partyOf(line pbx.Line) lineParty {
	l := line.Current
	p := lineParty{abonent: abonentOf(l.Peer, l.Chain)}
	switch l.State {
	case pbx.LegReserved:
		p.AutoCall = l.Callback == pbx.CallbackAbonent
		if !p.AutoCall {
			// The number alone is a call to clients that read the line twice before the phone rings [P 5.6].
			p.Ringing, p.Direction = true, "acm_callback"
		}
	case pbx.LegRinging:
		p.Ringing = true
		if l.Callback != pbx.NoCallback {
			p.Direction = "acm_callback"
		} else {
			p.ExtLine = l.Peer.External
		}
	case pbx.LegDialling:
		p.AutoCall = l.Callback != pbx.NoCallback
		p.Waiting = !p.AutoCall
	case pbx.LegTalking:
		p.Commutated, p.ExtLine = true, l.Peer.External
	case pbx.LegHeld:
		p.OnHold, p.ExtLine = true, l.Peer.External
	case pbx.LegOffHook:
		p.abonent = abonent{}
	}
	if line.Conf != nil && (l.State == pbx.LegTalking || l.State == pbx.LegHeld) {
		p.Conference, p.ConfID, p.ConfName = true, line.Conf.ID, line.Conf.Name
		p.abonent = abonent{Number: strconv.Itoa(line.Conf.Room), ChainID: l.Chain}
	}
	return p
}

func heldOf(line pbx.Line) *heldInfo {
	h := &heldInfo{abonent: abonentOf(line.Held.Peer, line.Held.Chain)}
	if line.HeldConf != nil {
		h.ConfID, h.ConfName, h.ConfRoom = line.HeldConf.ID, line.HeldConf.Name, line.HeldConf.Room
	}
	return h
}

type flashedInfo struct {
	Contains bool     `wire:"containsflashed" doc:"the user has somebody on hold"`
	Abonent  heldInfo `wire:"abonent" doc:"whom; empty when nobody"`
}

func (a *API) flashedInfo(_ context.Context, c *protocol.Client, _ struct{}) (flashedInfo, error) {
	line := a.sw.Line(c.Login())
	if line.Held == nil {
		return flashedInfo{}, nil
	}
	return flashedInfo{Contains: true, Abonent: *heldOf(line)}, nil
}
