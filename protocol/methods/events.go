package methods

import (
	"github.com/octolink/octolink/pbx"
	"github.com/octolink/octolink/protocol"
)

const phoneGroup = "phoneevent" // [P 5.4]

// Telephone events [P 7.1].
var (
	ringStarted = protocol.NewEvent[callerEvent]("phoneevent_ringstarted", phoneGroup, "The user's phone starts to ring.")
	ringStopped = protocol.NewEvent[callerEvent]("phoneevent_ringstopped", phoneGroup, "The user's phone stops ringing: answered, rejected or given up.")
	commStarted = protocol.NewEvent[callerEvent]("phoneevent_commstarted", phoneGroup, "The user talks to somebody, or enters a conference.")
	commStopped = protocol.NewEvent[callerEvent]("phoneevent_commstopped", phoneGroup, "The talk ended; a hold ends it too.")
	acmStarted  = protocol.NewEvent[acmEvent]("phoneevent_acmcallstarted", phoneGroup, "A call that the exchange makes for the user begins.")
	acmStopped  = protocol.NewEvent[acmEvent]("phoneevent_acmcallstopped", phoneGroup, "Both sides of such a call are connected, or it failed.")
	ivrStarted  = protocol.NewEvent[ivrEvent]("phoneevent_ivrstarted", phoneGroup, "The user's line is connected to a scenario.")
	ivrStopped  = protocol.NewEvent[ivrEvent]("phoneevent_ivrstopped", phoneGroup, "The scenario let the user's line go.")
)

// Events of state and directory [P 7.2].
var (
	stateChanged  = protocol.NewEvent[userState]("userstatechanged", "", "The user's state changed.")
	lineChanged   = protocol.NewEvent[lineEvent]("linestatechanged", "", "The state of the user's line changed.")
	flashChanged  = protocol.NewEvent[flashEvent]("flashstatechanged", "", "Somebody was put on hold, taken back, or lost.")
	numbersChange = protocol.NewEvent[numbersEvent]("pbxnumberstatechanged", "", "States of numbers changed.")
)

// Events of conferences and between users [P 7.3] [P 7.4].
var (
	compositionChanged = protocol.NewEvent[compositionEvent]("confcompositionchanged", "", "Somebody entered or left a conference.")
	competitorChanged  = protocol.NewEvent[competitorEvent]("confcompetitorstatechanged", "", "One participant of a conference changed.")
	customEvent        = protocol.NewEvent[customBody]("customevent", "", "An event that another client made.")
	responseCopy       = protocol.NewEvent[responseBody]("httpresponsecopy", "", "The answer of an HTTP request that was made with a temporary password.")
	textReceived       = protocol.NewEvent[textBody]("usertextmessagereceived", "", "A text of another user.")
)

// Events is the table of all events.
func Events() *protocol.Events {
	return protocol.NewEvents(
		ringStarted.Def(), ringStopped.Def(), commStarted.Def(), commStopped.Def(),
		acmStarted.Def(), acmStopped.Def(), ivrStarted.Def(), ivrStopped.Def(),
		stateChanged.Def(), lineChanged.Def(), flashChanged.Def(), numbersChange.Def(),
		compositionChanged.Def(), competitorChanged.Def(),
		customEvent.Def(), responseCopy.Def(), textReceived.Def(), notified.Def(),
		executeEvent.Def(), cancelEvent.Def(), abortedEvent.Def(), showForm.Def(), closeForm.Def(),
	)
}

// ServerEvents are what a CRM server is told without having asked, TunnelEvents what it is told about
// each user who works through it [P 4.2].
var (
	ServerEvents = []string{"pbxnumberstatechanged"}
	TunnelEvents = []string{phoneGroup, "userstatechanged", "linestatechanged", "flashstatechanged",
		"usertextmessagereceived", "shownotifymessage", "dynamic", "dynamicwaitabort", "forms"}
)

// tell turns what happened on the telephone side into what clients are told. It runs on the
// switch's goroutine and never waits.
func (a *API) tell(ev pbx.Event) {
	switch what := ev.What.(type) {
	case pbx.NumbersChanged:
		a.hub.Publish(numbersChange.For(protocol.Everybody(), numbersOf(what)))
	case pbx.ConferenceChanged:
		a.tellComposition(what.Conference)
	case pbx.MemberChanged:
		a.tellMember(what)
	case pbx.DirectoryChanged:
		a.directory.forget()
	case pbx.CallRecorded:
		a.deliver.more()
	default:
		if user := a.sw.Directory().UserByLogin(ev.Login); user != nil {
			a.tellUser(user, ev)
		}
	}
}

// tellUser tells a user what his own phone does.
func (a *API) tellUser(user *pbx.User, ev pbx.Event) {
	to := protocol.User(user.Login, user.ID)
	switch e := ev.What.(type) {
	case pbx.Notified:
		a.hub.Publish(notified.For(to, a.noticeOf(ev, e.Notice)))
		a.deliver.more()
	case pbx.RingStarted:
		a.ringingForms(user, e.Leg)
		a.hub.Publish(ringStarted.For(to, callerOf(e.Leg)))
	case pbx.RingStopped:
		a.hub.Publish(ringStopped.For(to, callerOf(e.Leg)))
		a.closeForms(user)
	case pbx.TalkStarted:
		a.hub.Publish(commStarted.For(to, callerOf(e.Leg)))
	case pbx.TalkStopped:
		a.hub.Publish(commStopped.For(to, callerOf(e.Leg)))
		a.closeForms(user)
	case pbx.CallbackStarted:
		a.hub.Publish(acmStarted.For(to, acmOf(e.Leg)))
	case pbx.CallbackStopped:
		a.hub.Publish(acmStopped.For(to, acmOf(e.Leg)))
	case pbx.IVRStarted:
		a.hub.Publish(ivrStarted.For(to, ivrOf(e.Leg)))
	case pbx.IVRStopped:
		a.hub.Publish(ivrStopped.For(to, ivrOf(e.Leg)))
	case pbx.LineChanged:
		a.hub.Publish(lineChanged.For(to, lineEvent{int(e.State), e.State.String(), lineID(user)}))
	case pbx.FlashChanged:
		a.hub.Publish(flashChanged.For(to, flashOf(e)))
	case pbx.StateChanged:
		a.hub.Publish(stateChanged.For(to, stateOf(e.State)))
	}
}

// A callerEvent has the fields of a captured phoneevent_ringstarted [P 7.1]; all events about a
// call carry them, because receivers sort them by chain and commutation.
type callerEvent struct {
	ChainID       string `wire:"chainid" doc:"the call; the same from the first ring to the end of the talk"`
	CommutationID string `wire:"commutationid" doc:"the connection of two parties; empty while it rings"`
	CallerID      string `wire:"callerid" doc:"the other side's number; empty while the exchange calls the user back"`
	CallerName    string `wire:"callername" doc:"the other side's name"`
	Direction     string `wire:"callerdirection" doc:"oktell_pbx for a call that the exchange makes"`
	Info          string `wire:"callerinfo" doc:"text about the caller, several lines"`
	Comment       string `wire:"callercomment" doc:"always empty"`
	Description   string `wire:"callerdescription" doc:"always empty"`
	LineID        string `wire:"callerlineid" doc:"line of the caller; zero for an outside one"`
	LineNum       string `wire:"callerlinenum" doc:"number of that line"`
	Index         int    `wire:"connectionindex" doc:"which connection of the phone, from 0"`
	ExtLine       bool   `wire:"isextline" doc:"the other side is outside"`
	Conference    bool   `wire:"isconference" doc:"the call is a conference"`
	ConfID        string `wire:"confid" doc:"the conference, else empty"`
	Task          bool   `wire:"istask" doc:"the call came through a queue"`
	CanFax        bool   `wire:"canfax" doc:"always false"`
	CanVideo      bool   `wire:"canvideo" doc:"always false"`
}

func callerOf(l pbx.Leg) callerEvent {
	e := callerEvent{
		ChainID: l.Chain, CommutationID: l.Talk, CallerID: l.Peer.Number, CallerName: partyName(l.Peer),
		LineID: zeroGUID, LineNum: "00000", ExtLine: l.Peer.External,
		Conference: l.Conference != "", ConfID: l.Conference, Task: l.Queue != "",
	}
	if l.Invited != "" && l.State == pbx.LegRinging { // [P 10.6]
		e.Conference, e.ConfID = true, l.Invited
	}
	if l.Peer.User != nil {
		e.LineID, e.LineNum = lineID(l.Peer.User), lineNumber(l.Peer.User)
	}
	if l.Callback != pbx.NoCallback {
		e.Direction = "oktell_pbx"
	}
	if l.Callback != pbx.NoCallback && l.State == pbx.LegRinging { // [P 10.2]
		e.Info = "Autocall. Callback.\nAbonent: " + l.Peer.Number
		e.CallerID, e.CallerName, e.ExtLine = "", "", false
	}
	return e
}

type acmEvent struct {
	ChainID  string `wire:"chainid" doc:"the call"`
	Number   string `wire:"number" doc:"the number that the user asked for"`
	Sequence string `wire:"sequence" doc:"user: his phone first; abonent: the number first"`
}

func acmOf(l pbx.Leg) acmEvent {
	e := acmEvent{ChainID: l.Chain, Number: l.Peer.Number, Sequence: "user"}
	if l.AbonentFirst {
		e.Sequence = "abonent"
	}
	return e
}

type ivrEvent struct {
	ChainID string `wire:"chainid" doc:"the call"`
	Name    string `wire:"ivrname" doc:"the scenario"`
	Routing bool   `wire:"isroutingivr" doc:"the scenario only routes the call"`
}

func ivrOf(l pbx.Leg) ivrEvent { return ivrEvent{ChainID: l.Chain, Name: l.Peer.Name} }

type lineEvent struct {
	State int    `wire:"linestate" doc:"number of the state"`
	Name  string `wire:"linestatestr" doc:"name of the state"`
	Line  string `wire:"lineid" doc:"the line"`
}

type flashEvent struct {
	Type    int    `wire:"flashtypeid" doc:"what happened to the hold"`
	ChainID string `wire:"chainid" doc:"the call on hold"`
	Number  string `wire:"number" doc:"the other side"`
	UserID  string `wire:"abonentuserid" doc:"the other side, if it is a user"`
	Name    string `wire:"name" doc:"the other side's name"`
}

func flashOf(e pbx.FlashChanged) flashEvent {
	f := flashEvent{Type: int(e.Type), ChainID: e.Leg.Chain, Number: e.Leg.Peer.Number, Name: partyName(e.Leg.Peer)}
	if e.Leg.Peer.User != nil {
		f.UserID = e.Leg.Peer.User.ID
	}
	return f
}

type numbersEvent struct {
	Numbers []numberState `wire:"numbers" doc:"the numbers that changed"`
}

type numberState struct {
	Number string `wire:"num" doc:"the number"`
	State  int    `wire:"numstateid" doc:"its state"`
}

func numbersOf(n pbx.NumbersChanged) numbersEvent {
	out := make([]numberState, len(n.Numbers))
	for i, s := range n.Numbers {
		out[i] = numberState{s.Number, int(s.State)}
	}
	return numbersEvent{out}
}

type responseBody struct {
	Response string `wire:"response" doc:"status, as in 200 OK"`
	Password string `wire:"password" doc:"the temporary password of the request"`
	Content  string `wire:"content" doc:"body of the answer"`
}

type customBody struct {
	Name   string `wire:"eventname" doc:"name that the sender gave"`
	Param  any    `wire:"eventparam" doc:"what the sender gave"`
	Sender string `wire:"senderlogin" doc:"who sent it"`
}

type textBody struct {
	SenderLogin string `wire:"senderlogin" doc:"who sent it"`
	SenderID    string `wire:"senderid" doc:"his id"`
	SenderName  string `wire:"sendername" doc:"his name"`
	Text        string `wire:"text" doc:"the text"`
	Time        string `wire:"time" doc:"when, as 2006-01-02T15:04:05Z07:00"`
}
