package pbx

// StateID is a user's or a number's state on the wire's scale [P 8.1] [P 8.2].
type StateID int

// The states of users and numbers.
const (
	Offline  StateID = 0 // not logged in
	Ready    StateID = 1
	OnBreak  StateID = 2
	DND      StateID = 3 // do not disturb
	Busy     StateID = 5 // rings or talks, or works after a call
	Reserved StateID = 6
	NoPhone  StateID = 7
)

// String is the state's symbolic name on the wire: usReady, usLunch …
func (s StateID) String() string {
	switch s {
	case Offline:
		return "usDisconnected"
	case Ready:
		return "usReady"
	case OnBreak:
		return "usLunch"
	case DND:
		return "usOff"
	case Busy:
		return "usFullbusy"
	case Reserved:
		return "usReserved"
	case NoPhone:
		return "usWOphone"
	}
	return "usUnknown"
}

// UserState is what a user does now, as everybody is told [P 5.8].
type UserState struct {
	State      StateID
	CallCenter bool // works in the call-centre
	Manual     bool // call-centre's manual mode
	Lunch      bool // on a break, or will be after the call
	Redirect   bool // all calls go by the redirect rules
	Task       bool // busy with a call of a queue
	BreakID    int  // reason of the break; 0: none
	BreakText  string
}

// StateChange is what a user wants to be different; nil fields stay as they are [P 5.8].
type StateChange struct {
	State      *StateID
	CallCenter *bool
	Manual     *bool
	Redirect   *bool
	BreakID    *int
	BreakText  *string
}

// LineState is the state of a user's line on the wire's scale [P 8.3].
type LineState int

// The states of a line.
const (
	LineDisconnected LineState = 1
	LineOff          LineState = 2
	LineReady        LineState = 4
	LineHookUp       LineState = 8
	LineRinging      LineState = 16
	LineCommutated   LineState = 32
	LineWaiting      LineState = 64
	LineFlash        LineState = 128
	LineBusy         LineState = 512
	LineReserved     LineState = 2048
)

// String is the state's name on the wire: lsReady, lsHookUp …
func (s LineState) String() string {
	switch s {
	case LineDisconnected:
		return "lsDisconnected"
	case LineOff:
		return "lsOff"
	case LineReady:
		return "lsReady"
	case LineHookUp:
		return "lsHookUp"
	case LineRinging:
		return "lsRinging"
	case LineCommutated:
		return "lsCommutated"
	case LineWaiting:
		return "lsWaiting"
	case LineFlash:
		return "lsFlash"
	case LineBusy:
		return "lsBusy"
	case LineReserved:
		return "lsReserved"
	}
	return "lsUndefined"
}

// A Line is an immutable picture of one user's phone: at most one current leg and one held one.
type Line struct {
	State    LineState
	Current  *Leg        // nil: idle, or dial tone with somebody on hold
	Held     *Leg        // whom this user put on hold; nil: nobody
	Conf     *Conference // conference of the current leg; nil: none
	HeldConf *Conference
}

// FlashType says what happened to a hold [P 8.5].
type FlashType int

// The flash types that are told.
const (
	FlashHeld       FlashType = 1  // put somebody on hold
	FlashReturned   FlashType = 2  // returned to the one on hold
	FlashBroken     FlashType = 3  // the holder hung up; the held one is dropped
	FlashLost       FlashType = 4  // the held party left
	FlashSwitched   FlashType = 5  // the held one was connected to somebody else
	FlashGathered   FlashType = 6  // went to a conference together
	FlashToggled    FlashType = 7  // changed between the current and the held one
	FlashWasHeld    FlashType = 11 // I was put on hold
	FlashWasTaken   FlashType = 12 // I was taken back from it
	FlashWasDropped FlashType = 13 // I was dropped from it
)
