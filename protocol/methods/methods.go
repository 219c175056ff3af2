package methods

import (
	"context"
	"log/slog"
	"time"

	"github.com/octolink/octolink/crm"
	"github.com/octolink/octolink/pbx"
	"github.com/octolink/octolink/protocol"
)

// API holds the handlers.
type API struct {
	opts Options
	sw   *pbx.Switch
	hub  *protocol.Hub
	log  *slog.Logger

	presence  presence
	throttle  throttle
	directory directory
	watchers  watchers
	custom    customRate
	rules     rules

	crms       crm.Directory
	providers  providers
	executions executions
	windows    windows
	deliver    deliveries
}

// New makes the handlers. Start connects them with the hub before the first channel opens.
func New(o Options) *API {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Zone == nil {
		o.Zone = time.Local
	}
	o.Sessions = o.Sessions.orDefaults()
	a := &API{opts: o, sw: o.Switch, log: o.Log}
	a.throttle.limits = o.Logins.orDefaults()
	a.presence.init(a)
	a.deliver.init(a)
	return a
}

// Start begins to tell what happens on the telephone side. rules are the users' redirect rules.
func (a *API) Start(ctx context.Context, hub *protocol.Hub, stored map[string][]pbx.RedirectRule) error {
	a.hub = hub
	a.sw.Subscribe(a.tell)
	return a.rules.load(ctx, a.sw, stored)
}

// Table is the list of all methods: one line each.
func (a *API) Table() *protocol.Table {
	const (
		anyone, clients, everyone = protocol.Anyone, protocol.Clients, protocol.Everyone
		strangers                 = protocol.Strangers
	)
	return protocol.NewTable(
		// session [P 6.1]
		protocol.Def("ping", anyone, "Asks for a sign of life; the answer repeats the parameters.", a.ping).Quick().Plain().Named("pong"),
		protocol.Def("login", anyone, "Logs a user in by password or by the session of another tab.", a.login).Command(),
		protocol.Def("logout", anyone, "Ends the session and all its connections.", a.logout),
		protocol.Def("getversion", everyone, "Tells the version, the web server's port and the procedures that the user may call.", a.getVersion).Quick(),
		protocol.Def("subscribeevent", anyone, "Adds events or groups of events to what this connection is told.", a.subscribe).Quick().SlowForServers(),
		protocol.Def("unsubscribeevent", anyone, "Takes events or groups of events away.", a.unsubscribe).Quick(),
		protocol.Def("triggercustomevent", everyone, "Tells an event of the client's own to other users.", a.triggerCustomEvent).Command(),
		protocol.Def("execpredefineddbstoredproc", everyone, "Runs a query that the installation offers.", a.execProcedure),
		protocol.Def("execsvcscript", everyone, "Runs a service that the installation offers.", a.runService).Aside(),
		protocol.Def("changepassword", clients, "Changes the user's own password and ends his other sessions.", a.changePassword),
		protocol.Def("gettemphttppass", clients, "Makes a password for one HTTP request.", a.tempPass),
		protocol.Def("sendusertextmessage", everyone, "Sends a text to users who are logged in.", a.sendText).Command(),

		// CRM servers [P 4.1], dynamic methods and forms [P 9]
		protocol.Def("whoareyou", strangers, "Asks who we are, and says who asks.", a.whoAreYou).Plain().Named("iam").Then(begin),
		protocol.Def("iam", strangers, "Says who the CRM server is.", a.iam).Silent().Then(begin),
		protocol.Def("methodresult", everyone, "Answers a dynamic method.", a.methodResult).Quick().Silent(),
		protocol.Def("formresult", everyone, "Tells what the user entered into a form.", a.formResult).Quick().Silent(),

		// users and numbers [P 6.2]
		protocol.Def("getmyuserinfo", clients, "Tells the user's name, numbers and line.", a.myUserInfo).Quick(),
		protocol.Def("getallusernumbers", everyone, "Lists all users with their numbers.", a.allUserNumbers).Quick(),
		protocol.Def("getpbxnumbers", everyone, "Lists all numbers with their present states.", a.pbxNumbers).Quick(),
		protocol.Def("getalluserphotolink", everyone, "Lists the photos of all users.", a.allPhotoLinks).Quick(),
		protocol.Def("getuserphoto", clients, "Tells the paths of the user's own photo.", a.userPhoto).Quick(),
		protocol.Def("setmyuserphoto", clients, "Makes an uploaded picture the user's photo.", a.setPhoto),

		// state [P 6.3]
		protocol.Def("getuserstate", clients, "Tells the user's state.", a.userState).Quick(),
		protocol.Def("setuserstate", clients, "Changes the user's state; fields that are absent stay.", a.setUserState).Command(),
		protocol.Def("cc_getlunchtypes", everyone, "Lists the reasons for a break.", a.lunchTypes).Quick(),
		protocol.Def("entercallcenter", clients, "Begins to take calls of the queues.", a.enterCallCenter).Command(),
		protocol.Def("exitcallcenter", clients, "Stops to take calls of the queues.", a.exitCallCenter).Command(),
		protocol.Def("getredirectrules", clients, "Lists the user's redirect rules.", a.redirectRules).Quick(),
		protocol.Def("saveredirectrules", clients, "Keeps a redirect rule.", a.saveRedirectRule),
		protocol.Def("deleteredirectrules", clients, "Forgets redirect rules.", a.deleteRedirectRules),

		// telephone [P 6.4]
		protocol.Def("getextendedlineinfo", clients, "Tells everything about the user's line: who talks, who is on hold.", a.extendedLineInfo).Quick(),
		protocol.Def("getflashedabonentinfo", clients, "Tells whom the user put on hold.", a.flashedInfo).Quick(),
		protocol.Def("pbxautocallstart", clients, "Calls a number for the user: his phone rings first, then the number's, or the other way round.", a.autoCallStart).Command(),
		protocol.Def("pbxautocallabort", clients, "Stops such a call before it is answered.", a.autoCallAbort).Command(),
		protocol.Def("pbxanswercall", clients, "Answers the ringing phone.", a.answerCall).Command(),
		protocol.Def("pbxdeclinecall", clients, "Rejects the call that rings.", a.declineCall).Command(),
		protocol.Def("pbxabortcall", clients, "Ends the present call; with somebody on hold, connects the two others.", a.abortCall).Command(),
		protocol.Def("pbxmakeflash", clients, "Puts on hold, takes back, toggles.", a.makeFlash).Command(),
		protocol.Def("pbxmaketransfer", clients, "Sends the other side of the call to another number.", a.makeTransfer).Command(),
		protocol.Def("pbxtransfercall", clients, "Older name of pbxmaketransfer.", a.makeTransfer).Command(),

		// queues, journal
		protocol.Def("getcurrentqueue", clients, "Lists the callers who wait in the user's queues.", a.currentQueue).Quick(),
		protocol.Def("gettotalqueue", everyone, "Lists the callers who wait in any queue; for supervisors.", a.totalQueue).Quick(),
		protocol.Def("getchaincontent", everyone, "Tells what happened to a call so far.", a.chainContent).Quick(),
		protocol.Def("getpbxcalljournal", everyone, "Lists past and present calls, newest first.", a.callJournal),

		// conferences and supervision [P 6.5]
		protocol.Def("createnewconference", clients, "Calls several parties into a new conference.", a.createConference).Command(),
		protocol.Def("buildconferencefromcommutation", clients, "Makes a conference of the present call.", a.buildConference).Command(),
		protocol.Def("invitetoconference", clients, "Calls more parties into a conference.", a.inviteToConference).Command(),
		protocol.Def("getconferenceinfo", clients, "Tells a conference and its participants.", a.conferenceInfo).Quick().Plain(),
		protocol.Def("getconferencecompetitors", clients, "Lists the participants of a conference.", a.conferenceCompetitors).Quick(),
		protocol.Def("confdisconnectcompetitor", clients, "Puts a participant out of a conference.", a.kick).Command(),
		protocol.Def("exitconference", clients, "Leaves a conference.", a.exitConference).Command(),
		protocol.Def("confhandleevent", clients, "Starts or stops the events about a conference's participants.", a.handleConferenceEvents).Quick(),
		protocol.Def("checkcanconnecttogathertoconference", clients, "Tells whether the party on hold can be taken into a conference.", a.canJoinHeld).Quick(),
		protocol.Def("connecttogathertoconference", clients, "Takes the party on hold into a conference with the present call.", a.joinHeld).Command(),
		protocol.Def("attachasghost", clients, "Listens in to a subordinate's call.", a.attachAsGhost).Command(),
		protocol.Def("confsetghostmode", clients, "Changes who hears the one who listens in.", a.setGhostMode).Command(),
		protocol.Def("confsetvoiceparams", clients, "Changes whom one participant hears.", a.setVoice).Command(),
	)
}
