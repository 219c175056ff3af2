package pbx

// flashes are what happened to the user's hold, and to him on the hold of others [P 8.5].
func flashes(v *view) []any {
	var told []any
	if kind, l := ownHold(v); kind != 0 {
		told = append(told, FlashChanged{Type: kind, Leg: l})
	}
	for _, c := range v.legs {
		if kind := othersHold(c); kind != 0 {
			told = append(told, FlashChanged{Type: kind, Leg: *c.new})
		}
	}
	return told
}

// ownHold compares whom the user held with whom he holds; 0: nothing happened. The leg is that of
// the party who is, or was, on hold.
func ownHold(v *view) (FlashType, Leg) {
	before, now := v.oldLine.Held, v.newLine.Held
	switch {
	case before == nil && now == nil:
		return 0, Leg{}
	case before == nil:
		return FlashHeld, *now
	case now == nil:
		return holdEnded(v, before)
	case before.ID == now.ID:
		return 0, Leg{}
	case returned(v, before):
		return FlashToggled, *now
	}
	return FlashHeld, *now
}

func holdEnded(v *view, before *Leg) (FlashType, Leg) {
	gathered := v.newLine.Current != nil && v.newLine.Current.Conference != "" && moved(v)
	switch {
	case gathered:
		return FlashGathered, *before
	case returned(v, before):
		return FlashReturned, *v.newLine.Current
	}
	for _, c := range v.legs {
		if c.new.ID != before.ID {
			continue
		}
		switch c.new.Cause {
		case CauseHungUp:
			return FlashBroken, stopped(c)
		case CauseMoved:
			return FlashSwitched, stopped(c)
		}
		return FlashLost, stopped(c)
	}
	return FlashLost, *before
}

func returned(v *view, before *Leg) bool {
	return v.newLine.Current != nil && v.newLine.Current.ID == before.ID
}

// moved reports whether one of the phone's calls went on elsewhere.
func moved(v *view) bool {
	for _, c := range v.legs {
		if c.new.State == LegEnded && c.new.Cause == CauseMoved {
			return true
		}
	}
	return false
}

// othersHold is what somebody else's hold did to a leg; 0: nothing. Who is connected to another
// party learns that from his talks.
func othersHold(c *legChange) FlashType {
	was := c.old != nil && c.old.State == LegHeld
	switch {
	case !was && c.old != nil && c.new.State == LegHeld:
		return FlashWasHeld
	case was && c.new.State == LegTalking && sameTalk(c.old, c.new):
		return FlashWasTaken
	case was && c.new.State == LegEnded && c.new.Cause != CauseHungUp && c.new.Cause != CauseMoved:
		return FlashWasDropped
	}
	return 0
}
