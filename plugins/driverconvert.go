package plugins

import (
	"fmt"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/octolink/octolink/pbx"
	pbxv1 "github.com/octolink/octolink/plugins/proto/pbx/v1"
)

// maxName bounds the texts of a telephone system that are kept: ids, numbers, names.
const maxName = 128

// truth is a report in the switch's words.
type truth struct {
	legs   []pbx.Leg
	confs  []pbx.Conference
	queues map[string][]pbx.Waiter
}

// readReport translates a report. What cannot be is left out and is a fault.
func readReport(dir *pbx.Directory, r *pbxv1.Report) (t truth, faults []string) {
	t.queues = map[string][]pbx.Waiter{}
	for _, m := range r.GetLegs() {
		if why := legFault(m); why != "" {
			faults = append(faults, fmt.Sprintf("the leg %.64q: %s", m.GetId(), why))
			continue
		}
		t.legs = append(t.legs, legOf(dir, m))
	}
	for _, m := range r.GetConferences() {
		if why := conferenceFault(m); why != "" {
			faults = append(faults, fmt.Sprintf("the conference %.64q: %s", m.GetId(), why))
			continue
		}
		t.confs = append(t.confs, conferenceOf(dir, m))
	}
	for _, m := range r.GetQueues() {
		if dir.QueueByNumber(m.GetNumber()) == nil {
			faults = append(faults, fmt.Sprintf("there is no queue %.64q", m.GetNumber()))
			continue
		}
		t.queues[m.GetNumber()] = waitersOf(dir, m)
	}
	return t, faults
}

func legFault(m *pbxv1.Leg) string {
	switch {
	case m.GetId() == "":
		return "it has no id"
	case m.GetChain() == "":
		return "it has no chain"
	case m.GetState() <= pbxv1.LegState_LEG_STATE_UNSPECIFIED || int(m.GetState()) > len(pbxv1.LegState_name)-1:
		return fmt.Sprintf("the state %d is none", m.GetState())
	case long(m.GetId(), m.GetChain(), m.GetUser(), m.GetNumber(), m.GetTalk(), m.GetConference(), m.GetInvited(), m.GetQueue(), m.GetPeer().GetNumber(), m.GetPeer().GetName()):
		return fmt.Sprintf("one of its texts has more than %d bytes", maxName)
	}
	return ""
}

// maxMembers is how many a conference may have.
const maxMembers = 1000

func conferenceFault(m *pbxv1.Conference) string {
	if m.GetId() == "" {
		return "it has no id"
	}
	if len(m.GetMembers()) > maxMembers {
		return fmt.Sprintf("it has more than %d members", maxMembers)
	}
	tooLong := long(m.GetId(), m.GetName())
	for _, p := range m.GetMembers() {
		if memberStates[p.GetState()] == "" {
			return fmt.Sprintf("the state %d of a member is none", p.GetState())
		}
		tooLong = tooLong || long(p.GetId(), p.GetChain(), p.GetParty().GetNumber(), p.GetParty().GetName())
	}
	if tooLong {
		return fmt.Sprintf("one of its texts has more than %d bytes", maxName)
	}
	return ""
}

func long(texts ...string) bool {
	for _, t := range texts {
		if len(t) > maxName {
			return true
		}
	}
	return false
}

// The contract's enumerations have the order of the switch's; the first of them are one apart.
func legOf(dir *pbx.Directory, m *pbxv1.Leg) pbx.Leg {
	l := pbx.Leg{
		ID: m.GetId(), Chain: m.GetChain(), User: m.GetUser(), Number: m.GetNumber(), State: pbx.LegState(m.GetState() - 1),
		Peer: partyOf(dir, m.GetPeer()), Outgoing: m.GetOutgoing(), Callback: callbackOf(m.GetCallback()), AbonentFirst: m.GetAbonentFirst(),
		Talk: m.GetTalk(), Conference: m.GetConference(), Invited: m.GetInvited(), Queue: m.GetQueue(), Recorded: m.GetRecorded(),
		Cause: causeOf(m.GetCause()),
	}
	if m.Since != nil {
		l.Since = m.GetSince().AsTime()
	}
	return l
}

func callbackOf(c pbxv1.Callback) pbx.Callback {
	if _, known := pbxv1.Callback_name[int32(c)]; !known {
		return pbx.NoCallback
	}
	return pbx.Callback(c)
}

func causeOf(c pbxv1.Cause) pbx.Cause {
	if _, known := pbxv1.Cause_name[int32(c)]; !known {
		return pbx.CauseNormal
	}
	return pbx.Cause(c)
}

func partyOf(dir *pbx.Directory, m *pbxv1.Party) pbx.Party {
	p := pbx.Party{Number: m.GetNumber(), Name: m.GetName(), External: m.GetExternal(), IVR: m.GetIvr()}
	if m.GetUser() != "" {
		p.User = dir.UserByLogin(m.GetUser())
	}
	return p
}

var memberStates = map[pbxv1.MemberState]pbx.MemberState{
	pbxv1.MemberState_MEMBER_STATE_INVITING: pbx.MemberInviting, pbxv1.MemberState_MEMBER_STATE_TALKING: pbx.MemberTalking,
	pbxv1.MemberState_MEMBER_STATE_EXITED: pbx.MemberExited, pbxv1.MemberState_MEMBER_STATE_BUSY: pbx.MemberBusy,
	pbxv1.MemberState_MEMBER_STATE_NO_ANSWER: pbx.MemberNoAnswer, pbxv1.MemberState_MEMBER_STATE_TIMEOUT: pbx.MemberTimeout,
	pbxv1.MemberState_MEMBER_STATE_STOPPED: pbx.MemberStopped, pbxv1.MemberState_MEMBER_STATE_ABORTED: pbx.MemberAborted,
	pbxv1.MemberState_MEMBER_STATE_REFUSED: pbx.MemberRefused,
}

var ghostModes = map[pbxv1.GhostMode]pbx.GhostMode{
	pbxv1.GhostMode_GHOST_MODE_MONITOR: pbx.GhostMonitor, pbxv1.GhostMode_GHOST_MODE_HELP: pbx.GhostHelp,
	pbxv1.GhostMode_GHOST_MODE_CONFERENCE: pbx.GhostConference,
}

func conferenceOf(dir *pbx.Directory, m *pbxv1.Conference) pbx.Conference {
	o := m.GetOptions()
	c := pbx.Conference{
		ID: m.GetId(), Room: int(m.GetRoom()), Name: m.GetName(), Ghost: m.GetGhost(), Mode: ghostModes[m.GetMode()],
		Options: pbx.ConferenceOptions{
			Description: o.GetDescription(), AccessMode: o.GetAccessMode(), Selector: o.GetSelector(), Record: o.GetRecord(),
			RecordRights: o.GetRecordRights(), EveryoneInvites: o.GetEveryoneInvites(), SeeEachOther: o.GetSeeEachOther(),
		},
	}
	for _, p := range m.GetMembers() {
		member := pbx.ConferenceMember{
			ID: p.GetId(), Party: partyOf(dir, p.GetParty()), Chain: p.GetChain(), State: memberStates[p.GetState()], Creator: p.GetCreator(),
			Director: p.GetDirector(), Ghost: p.GetGhost(), GhostMain: p.GetGhostMain(), Help: p.GetHelp(),
		}
		if member.Party.User == nil && !member.Party.External {
			member.Party.User = dir.UserByNumber(member.Party.Number)
		}
		c.Members = append(c.Members, member)
	}
	return c
}

func waitersOf(dir *pbx.Directory, m *pbxv1.Queue) []pbx.Waiter {
	var all []pbx.Waiter
	for _, w := range m.GetWaiting() {
		all = append(all, pbx.Waiter{Queue: m.GetNumber(), Party: partyOf(dir, w.GetParty()), Chain: w.GetChain(), Since: w.GetSince().AsTime()})
	}
	return all
}

// conferenceMessage is a new conference as a command carries it.
func conferenceMessage(c pbx.Conference) *pbxv1.Conference {
	m := &pbxv1.Conference{
		Id: c.ID, Room: int32(c.Room), Name: c.Name, Ghost: c.Ghost, Mode: ghostModeMessage(c.Mode),
		Options: &pbxv1.ConferenceOptions{
			Description: c.Options.Description, AccessMode: c.Options.AccessMode, Selector: c.Options.Selector, Record: c.Options.Record,
			RecordRights: c.Options.RecordRights, EveryoneInvites: c.Options.EveryoneInvites, SeeEachOther: c.Options.SeeEachOther,
		},
	}
	return m
}

func ghostModeMessage(mode pbx.GhostMode) pbxv1.GhostMode {
	for m, known := range ghostModes {
		if known == mode {
			return m
		}
	}
	return pbxv1.GhostMode_GHOST_MODE_UNSPECIFIED
}

// directoryMessage is who exists.
func directoryMessage(d *pbx.Directory) *pbxv1.Directory {
	m := &pbxv1.Directory{}
	for _, u := range d.Users() {
		m.Users = append(m.Users, &pbxv1.User{Login: u.Login, Id: u.ID, Name: u.Name, Numbers: u.Numbers})
	}
	for _, q := range d.Queues() {
		m.Queues = append(m.Queues, &pbxv1.QueueSettings{
			Number: q.Number, Name: q.Name, Members: q.Members, Ring: durationpb.New(q.Ring), Retry: durationpb.New(q.Retry),
			Strategy: string(q.Strategy),
		})
	}
	return m
}

// recordingMessage names the talk of a journal entry.
func recordingMessage(r pbx.CallRecord) *pbxv1.RecordingRequest {
	return &pbxv1.RecordingRequest{Chain: r.Chain, Talk: r.Talk, Number: r.Number}
}
