package scripting

// Functions are all that a flow may do, in the order of the reference. CRMs' methods and forms come beside
// them, under names of their own.
func Functions() []HostFunc {
	return []HostFunc{
		Def("call.answer", "Takes the call. What needs a connected caller does it by itself.", answer),
		Def("call.play", "Plays a file of the telephone system or speaks a text, and returns with the key that stopped it, \"\" for none.", play),
		Def("call.record", "Records the caller. The recording is kept with the call in the journal.", record),
		Def("call.menu", "Plays a prompt and waits for one of the choices; \"\" when the caller chose nothing in all tries.", menu),
		Def("call.collect", "Plays a prompt and gathers digits; those that are there when the time is over, \"\" for none.", collect),
		Def("call.dial", "Rings numbers or users for the caller and returns when the talk is over or nobody took the call.", dial),
		Def("call.queue", "Lets the caller wait in a queue and returns when the talk with an agent is over or the time is.", queue),
		Def("call.transfer", "Gives the call away to a number, a queue or a user. The flow may go on without it.", transfer),
		Def("call.conference", "Gives the call away into a conference and returns its id; one that is not there is made.", conference),
		Def("call.hold", "Lets the caller hear music until the next command, while the flow does something else.", hold),
		Def("call.hangup", "Ends the call. The flow may go on without it.", hangup),
		Def("call.tag", "Notes something in the call's journal entry.", tag),

		Def("crm.call", "Calls the dynamic method \"provider.method\", for names that are known only at run time.", crmCall),
		Def("crm.find", "Calls a method at every provider that offers it: the first answer that is not empty, or all answers.", crmFind),

		Def("log", "Writes a line to the server's log and to the trace.", logLine),
		Def("sleep", "Waits for so many seconds.", sleep),
		Def("now", "The present, in milliseconds since 1970 as Date.now().", now),
		Def("schedule.open", "Whether a schedule such as \"mon-fri 9-18, sat 10-14\" is open now.", scheduleOpen),
		Def("kv.get", "A value that a run of this flow has kept; undefined when there is none.", kvGet),
		Def("kv.set", "Keeps a value for later runs of this flow; undefined drops it.", kvSet),
		Def("notify", "Shows a short text at a user's screens.", notify),
		Def("events.emit", "Tells a custom event to everybody who listens.", emit),
		Def("callback", "Rings a user and then a number for him, and returns the new call's id without waiting for the talk.", callback),
		Def("execFlow", "Runs another flow, with the same call, and returns what it returned.", execFlow),
	}
}
