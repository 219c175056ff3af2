package pbx

import "slices"

// A person is a user with his phone, as the switch's goroutine keeps them.
type person struct {
	user  *User
	gone  bool   // left the directory; forgotten when his phone is idle
	legs  []*Leg // of his phone, oldest first
	cell  cell
	rules []RedirectRule // in the order in which they are tried
	kept  SavedState     // what the memory has

	online  bool
	wish    StateID // Ready, OnBreak, DND or Busy: his state when the phone is idle
	center  bool
	manual  bool
	diverts bool // redirect mode
	breakID int
	reason  string // of the break, in the user's words
}

func newPerson(u *User) *person { return &person{user: u, wish: Ready} }

// login is the user's name as configured.
func (p *person) login() string { return p.user.Login }

// recall takes over what the user left at his last log-out.
func (p *person) recall(s SavedState) {
	p.center, p.manual, p.diverts = s.CallCenter, s.Manual, s.Redirect
	if s.DND {
		p.wish = DND
	}
	p.kept = s
}

// saved is what must survive his log-out.
func (p *person) saved() SavedState {
	return SavedState{CallCenter: p.center, Manual: p.manual, Redirect: p.diverts, DND: p.wish == DND}
}

// state is what everybody sees of him: the wish under the busy phone [P 5.8].
func (p *person) state() UserState {
	st := UserState{State: p.wish, CallCenter: p.center, Manual: p.manual, Redirect: p.diverts}
	if p.wish == OnBreak {
		st.Lunch, st.BreakID, st.BreakText = true, p.breakID, p.reason
	}
	st.Task = slices.ContainsFunc(p.legs, func(l *Leg) bool { return l.Queue != "" && !l.Outgoing })
	switch {
	case !p.online:
		st.State = Offline
	case p.user.Main() == "":
		st.State = NoPhone
	case len(p.legs) > 0:
		st.State = Busy
	}
	return st
}

// current is the leg that the phone is busy with; nil when idle or at the dial tone.
func (p *person) current() *Leg {
	var found *Leg
	for _, l := range p.legs {
		if l.State != LegHolding && (found == nil || engaged(l) && !engaged(found)) {
			found = l
		}
	}
	return found
}

// engaged legs are connected to somebody: they come before one that only rings.
func engaged(l *Leg) bool { return l.State == LegTalking || l.State == LegHeld }

// held is the leg whose other side this phone has put on hold.
func (p *person) held() *Leg {
	for _, l := range p.legs {
		if l.State == LegHolding {
			return l
		}
	}
	return nil
}

// line draws the phone [P 5.6].
func (p *person) line(s *Switch) Line {
	l := Line{State: LineReady, Current: p.current(), Held: p.held()}
	if l.Held != nil {
		l.HeldConf = s.conference(l.Held.Conference)
		l.State = LineHookUp // a dial tone
	}
	if l.Current != nil {
		l.Conf = s.conference(l.Current.Conference)
		l.State = lineStates[l.Current.State]
	}
	if p.user.Main() == "" {
		l.State = LineDisconnected
	}
	return l
}

var lineStates = map[LegState]LineState{
	LegReserved: LineReserved, LegRinging: LineRinging, LegDialling: LineHookUp, LegTalking: LineCommutated,
	LegHeld: LineWaiting, LegQueued: LineHookUp, LegOffHook: LineHookUp,
}

// publish replaces the snapshots and returns the ones before.
func (p *person) publish(s *Switch) (line *Line, state *UserState) {
	newLine, newState := p.line(s), p.state()
	return p.cell.line.Swap(&newLine), p.cell.state.Swap(&newState)
}

// follow takes the truth about one leg into the list.
func (p *person) follow(l *Leg) {
	i := slices.IndexFunc(p.legs, func(o *Leg) bool { return o.ID == l.ID })
	switch {
	case l.State == LegEnded && i >= 0:
		p.legs = slices.Delete(p.legs, i, i+1)
	case l.State == LegEnded:
	case i >= 0:
		p.legs[i] = l
	default:
		p.legs = append(p.legs, l)
	}
}

func (p *person) setRules(rules []RedirectRule) {
	p.rules = slices.Clone(rules)
	slices.SortStableFunc(p.rules, func(a, b RedirectRule) int { return a.Priority - b.Priority })
}

// redirect is the destination for a caller, "" for the user's own phone. A rule leads nowhere where
// the user himself may not dial: it must not open a way to paid lines.
func (p *person) redirect(d *Directory, caller string) string {
	for _, r := range p.rules {
		if !r.Enabled || r.OnlyInRedirect && !p.diverts {
			continue
		}
		to, err := d.Resolve(r.Destination)
		if err == nil && to != caller && d.MayDial(p.user, to) && d.UserByNumber(to) != p.user {
			return to
		}
	}
	return ""
}
