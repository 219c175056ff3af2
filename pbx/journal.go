package pbx

// Memory keeps what must outlive the process. Its methods are called on the switch's goroutine,
// must not block and keep their order; who needs the certainty that all is on the disk waits for
// it elsewhere (store.Sync).
type Memory interface {
	// OpenCall writes a journal entry that has begun.
	OpenCall(r CallRecord)
	// CloseCall completes it.
	CloseCall(r CallRecord)
	// SaveState keeps what survives a log-out: call-centre, redirect, do-not-disturb.
	SaveState(login string, s SavedState)
	// SaveEvent keeps the number and, for some kinds, the event.
	SaveEvent(e Event)
}

// SavedState is the part of a user's state that survives a log-out and a restart.
type SavedState struct {
	CallCenter bool
	Manual     bool
	Redirect   bool
	DND        bool
}

// A RedirectRule sends a user's calls elsewhere. Fields that only clients understand are kept and
// given back as they came [P 6.3].
type RedirectRule struct {
	ID             string // 32 hex digits without hyphens, or a GUID: as the client gave it
	Login          string
	Destination    string
	Enabled        bool
	OnlyInRedirect bool // applies only while the user's redirect mode is on
	Priority       int
	Raw            []byte // the whole rule, as stored by the method family
}
