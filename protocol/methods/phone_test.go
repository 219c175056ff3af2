package methods_test

import (
	"time"

	"github.com/octolink/octolink/protocol/wire"
)

// A phone is the part of a client that computes the phone's state from getextendedlineinfo, by the
// table of [P 5.6], and reads it again when events say so, as [P 5.7] says.
type phone struct {
	state    string // as clients name it
	hold     bool
	autoFlag bool
	reread   func() // asks for getextendedlineinfo
	later    func(time.Duration, func())
}

func newPhone(reread func(), later func(time.Duration, func())) *phone {
	return &phone{state: "disconnected", reread: reread, later: later}
}

// event does what a client does when it hears of something.
func (p *phone) event(name string, fields wire.Object) {
	after := func(ms int) { p.later(time.Duration(ms)*time.Millisecond, p.reread) }
	switch name {
	case "userstatechanged":
		if id := number(fields, "userstateid"); id != "5" && id != "7" {
			p.reread()
		}
		after(400)
	case "linestatechanged", "flashstatechanged":
		after(500)
	case "phoneevent_acmcallstarted":
		p.autoFlag = true
		p.reread()
	case "phoneevent_ringstarted", "phoneevent_ringstopped":
		p.reread()
	case "phoneevent_acmcallstopped", "phoneevent_commstopped":
		after(700)
	case "phoneevent_commstarted":
		if isSet(fields, "isconference") {
			p.reread()
		} else {
			after(700)
		}
	case "confcompositionchanged":
		p.reread()
	}
}

// line evaluates an answer of getextendedlineinfo.
func (p *phone) line(info wire.Object) {
	a, _ := info.Get("abonent")
	abonent, ok := a.(wire.Object)
	if !ok {
		p.state = "broken: no abonent" // the state is not updated at all [P 0.3]
		return
	}
	p.hold = isSet(info, "isflashing")
	p.state = p.next(text(info, "linestatestr"), abonent)
}

// shown is the state with the hold, as transcripts have it.
func (p *phone) shown() string {
	if p.hold {
		return p.state + " with hold"
	}
	return p.state
}

func (p *phone) next(line string, a wire.Object) string {
	was := p.state
	switch {
	case p.autoFlag && !isSet(a, "isautocall") && was == "ready":
		return "backring"
	case isSet(a, "isautocall"):
		p.autoFlag = false
		return "call"
	case isSet(a, "isringing"):
		if text(a, "direction") == "acm_callback" || was == "backring" {
			return "backring"
		}
		return "ring"
	case !p.autoFlag && (isSet(a, "iscommutated") || isSet(a, "iswaitinginflash") || isSet(a, "isconference")),
		line == "lsCommutated" && isSet(a, "isivr") && !isSet(a, "iswaitingforanswer"):
		return "talk"
	case isSet(a, "extline") || text(a, "number") != "":
		p.autoFlag = false
		return "call"
	case line == "lsDisconnected":
		return "disconnected"
	case line != "lsReserved":
		p.autoFlag = false
		return "ready"
	}
	return was
}

func text(o wire.Object, key string) string {
	v, _ := o.Get(key)
	s, _ := v.(string)
	return s
}

func number(o wire.Object, key string) string {
	v, _ := o.Get(key)
	n, _ := v.(wire.Number)
	return string(n)
}

func isSet(o wire.Object, key string) bool {
	v, _ := o.Get(key)
	b, _ := v.(bool)
	return b
}
