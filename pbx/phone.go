package pbx

// phoneEvents are what happened to a phone, in the order in which clients expect it [P 10.2] [P 10.4]:
// what ends comes before what begins, and a hold stands between the talks.
func phoneEvents(v *view) []any {
	var told []any
	for _, kind := range endings {
		for _, c := range v.legs {
			if c.old != nil && kind.has(c.old) && !kind.goesOn(c.old, c.new) {
				told = append(told, kind.event(stopped(c)))
			}
		}
	}
	told = append(told, flashes(v)...)
	for _, kind := range beginnings {
		for _, c := range v.legs {
			if kind.has(c.new) && (c.old == nil || !kind.goesOn(c.old, c.new)) {
				told = append(told, kind.event(*c.new))
			}
		}
	}
	return told
}

// A doing is something that a leg does for a while: it starts and it stops.
type doing struct {
	has   func(*Leg) bool
	same  func(old, now *Leg) bool // still the same one; nil: always
	event func(Leg) any
}

func (d doing) goesOn(old, now *Leg) bool {
	return d.has(old) && d.has(now) && (d.same == nil || d.same(old, now))
}

var (
	endings = []doing{
		{has: rings, event: func(l Leg) any { return RingStopped{l} }},
		{has: callsBack, event: func(l Leg) any { return CallbackStopped{l} }},
		{has: inScenario, event: func(l Leg) any { return IVRStopped{l} }},
		{has: talks, same: sameTalk, event: func(l Leg) any { return TalkStopped{l} }},
	}
	beginnings = []doing{
		{has: callsBack, event: func(l Leg) any { return CallbackStarted{l} }},
		{has: rings, event: func(l Leg) any { return RingStarted{l} }},
		{has: inScenario, event: func(l Leg) any { return IVRStarted{l} }},
		{has: talks, same: sameTalk, event: func(l Leg) any { return TalkStarted{l} }},
	}
)

func rings(l *Leg) bool { return l.State == LegRinging }

func callsBack(l *Leg) bool { return l.State != LegEnded && l.Callback != NoCallback }

func inScenario(l *Leg) bool { return engaged(l) && l.Peer.IVR }

// talks is true for a phone on somebody's hold too: for its owner the talk goes on until he is
// connected to somebody else; he is told of the hold by a flash event.
func talks(l *Leg) bool { return engaged(l) && !l.Peer.IVR }

func sameTalk(old, now *Leg) bool { return old.Talk == now.Talk && old.Conference == now.Conference }

// stopped is the leg as it was, with the reason for its end.
func stopped(c *legChange) Leg {
	l := *c.old
	if c.new.State == LegEnded {
		l.Cause = c.new.Cause
	}
	return l
}

// sameLine reports whether a client would read the same.
func sameLine(a, b *Line) bool {
	return a.State == b.State && sameLeg(a.Current, b.Current) && sameLeg(a.Held, b.Held)
}

func sameLeg(a, b *Leg) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}
