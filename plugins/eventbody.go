package plugins

import (
	"strconv"
	"time"

	"github.com/octolink/octolink/crm"
	"github.com/octolink/octolink/pbx"
)

// eventBody is an event's kind and what it tells; no kind: plugins are not told of it.
func eventBody(what any) (kind string, body crm.Values) {
	switch e := what.(type) {
	case pbx.RingStarted:
		return "ringstarted", legBody(e.Leg)
	case pbx.RingStopped:
		return "ringstopped", legBody(e.Leg)
	case pbx.TalkStarted:
		return "talkstarted", legBody(e.Leg)
	case pbx.TalkStopped:
		return "talkstopped", legBody(e.Leg)
	case pbx.CallbackStarted:
		return "callbackstarted", legBody(e.Leg)
	case pbx.CallbackStopped:
		return "callbackstopped", legBody(e.Leg)
	case pbx.IVRStarted:
		return "ivrstarted", legBody(e.Leg)
	case pbx.IVRStopped:
		return "ivrstopped", legBody(e.Leg)
	case pbx.LineChanged:
		return "linechanged", crm.Values{{Key: "state", Value: e.State.String()}}
	case pbx.FlashChanged:
		return "flashchanged", append(legBody(e.Leg), crm.Value{Key: "flash", Value: integer(int(e.Type))})
	case pbx.StateChanged:
		return "statechanged", stateBody(e.State)
	}
	return otherBody(what)
}

func otherBody(what any) (kind string, body crm.Values) {
	switch e := what.(type) {
	case pbx.NumbersChanged:
		list := crm.List{}
		for _, n := range e.Numbers {
			list = append(list, crm.Values{{Key: "number", Value: n.Number}, {Key: "state", Value: integer(int(n.State))}})
		}
		return "numberschanged", crm.Values{{Key: "numbers", Value: list}}
	case pbx.ConferenceChanged:
		return "conferencechanged", conferenceBody(e.Conference)
	case pbx.MemberChanged:
		return "memberchanged", crm.Values{{Key: "conference", Value: e.Conference.ID}, {Key: "member", Value: memberBody(e.Member)}}
	case pbx.DirectoryChanged:
		return "directorychanged", nil
	case pbx.CallRecorded:
		return "callrecord", recordBody(e.Record)
	case pbx.Notified:
		return "notification", crm.Values{
			{Key: "id", Value: e.Notice.ID}, {Key: "sender", Value: e.Notice.Sender}, {Key: "text", Value: e.Notice.Text},
		}
	}
	return "", nil
}

func legBody(l pbx.Leg) crm.Values {
	return crm.Values{
		{Key: "leg", Value: l.ID}, {Key: "chain", Value: l.Chain}, {Key: "user", Value: l.User}, {Key: "number", Value: l.Number},
		{Key: "state", Value: l.State.String()}, {Key: "peer", Value: partyBody(l.Peer)}, {Key: "outgoing", Value: l.Outgoing},
		{Key: "callback", Value: l.Callback != pbx.NoCallback}, {Key: "talk", Value: l.Talk}, {Key: "since", Value: instant(l.Since)},
		{Key: "conference", Value: l.Conference}, {Key: "queue", Value: l.Queue},
	}
}

func partyBody(p pbx.Party) crm.Values {
	user := ""
	if p.User != nil {
		user = p.User.Login
	}
	return crm.Values{
		{Key: "number", Value: p.Number}, {Key: "name", Value: p.Name}, {Key: "user", Value: user}, {Key: "external", Value: p.External},
	}
}

func stateBody(s pbx.UserState) crm.Values {
	return crm.Values{
		{Key: "state", Value: integer(int(s.State))}, {Key: "callcenter", Value: s.CallCenter}, {Key: "lunch", Value: s.Lunch},
		{Key: "redirect", Value: s.Redirect}, {Key: "breakid", Value: integer(s.BreakID)}, {Key: "breaktext", Value: s.BreakText},
	}
}

func conferenceBody(c pbx.Conference) crm.Values {
	members := crm.List{}
	for _, m := range c.Members {
		members = append(members, memberBody(m))
	}
	return crm.Values{
		{Key: "conference", Value: c.ID}, {Key: "room", Value: integer(c.Room)}, {Key: "name", Value: c.Name}, {Key: "members", Value: members},
	}
}

func memberBody(m pbx.ConferenceMember) crm.Values {
	return crm.Values{
		{Key: "id", Value: m.ID}, {Key: "party", Value: partyBody(m.Party)}, {Key: "state", Value: string(m.State)}, {Key: "creator", Value: m.Creator},
	}
}

func recordBody(r pbx.CallRecord) crm.Values {
	tags := crm.Values{}
	for _, t := range r.Tags {
		tags = append(tags, crm.Value{Key: t.Key, Value: t.Value})
	}
	return crm.Values{
		{Key: "id", Value: r.ID}, {Key: "chain", Value: r.Chain}, {Key: "user", Value: r.Login}, {Key: "number", Value: r.Number},
		{Key: "peer", Value: r.Peer}, {Key: "peername", Value: r.PeerName}, {Key: "peeruser", Value: r.PeerLogin},
		{Key: "direction", Value: string(r.Direction)}, {Key: "queue", Value: r.Queue}, {Key: "started", Value: instant(r.Started)},
		{Key: "answered", Value: instant(r.AnsweredAt)}, {Key: "ended", Value: instant(r.Ended)}, {Key: "outcome", Value: string(r.Outcome)},
		{Key: "recorded", Value: r.Recorded}, {Key: "flow", Value: r.Flow}, {Key: "tags", Value: tags},
	}
}

func integer(n int) crm.Number { return crm.Number(strconv.Itoa(n)) }

// instant is a moment as a text; none is null.
func instant(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format(time.RFC3339Nano)
}
