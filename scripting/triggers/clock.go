package triggers

import "time"

// late is how much later than its time a timer still counts; later it was missed.
const late = 2 * time.Minute

type timerTrigger struct {
	Timer
	*trigger
	due time.Time // only Run; zero: not known yet
}

// timer is the trigger of an entry; it goes on as it was.
func (l *live) timer(t Timer, own *trigger) *timerTrigger {
	for _, old := range l.timers {
		if old.trigger == own {
			return old
		}
	}
	return &timerTrigger{Timer: t, trigger: own}
}

// lookAtTimers starts flows whose time has come, and says when to look again.
func (s *Set) lookAtTimers(l *live, now time.Time) (again time.Duration) {
	again = idle
	for _, t := range l.timers {
		if t.due.IsZero() {
			t.due = t.next(now, now)
		}
		if t.due.IsZero() {
			continue // no day is chosen
		}
		if !now.Before(t.due) {
			if now.Sub(t.due) <= late {
				s.begin(order{t.trigger, t.most(), t.start(t.due)})
			} else {
				s.o.Log.Warn("a timer's time was missed", "flow", t.Flow, "cause", t.cause(), "time", t.due)
			}
			t.due = t.next(t.due, now)
		}
		again = min(again, max(t.due.Sub(now), 0))
	}
	return again
}

func (t *timerTrigger) most() int64 {
	if t.Overlap {
		return runsEach
	}
	return 1
}

func (t *timerTrigger) start(due time.Time) Start {
	return Start{
		Flow: t.Flow, Cause: t.cause(), Kind: "timer",
		Details: []Detail{{"time", due.UTC().Format(time.RFC3339)}},
	}
}

// next is the first time after now, and after last.
func (t *timerTrigger) next(last, now time.Time) time.Time {
	if t.Every > 0 {
		missed := now.Sub(last) / t.Every
		return last.Add((missed + 1) * t.Every)
	}
	after := now
	if last.After(now) { // the clock was put back
		after = last
	}
	return NextAt(after, t.At, t.Days, t.Zone)
}

// NextAt is the first of the times of chosen days that comes after a moment; the zero time for no days
// or no times at all. A time that does not exist, because clocks are put forward, is later by as much;
// one that comes twice counts once.
func NextAt(after time.Time, minutes []int, days [7]bool, zone *time.Location) time.Time {
	after = after.Round(0).In(zone) // the wall clock, without the monotonic one
	var best time.Time
	for offset := range 9 { // the time of today may be over, and only one day may be chosen
		day := time.Date(after.Year(), after.Month(), after.Day()+offset, 12, 0, 0, 0, zone)
		if !days[day.Weekday()] {
			continue
		}
		for _, m := range minutes {
			at := existing(day, m, zone)
			if at.After(after) && (best.IsZero() || at.Before(best)) {
				best = at
			}
		}
		if !best.IsZero() {
			return best
		}
	}
	return best
}

// existing is a time of a day, or the time after the gap in which it would lie.
func existing(day time.Time, minute int, zone *time.Location) time.Time {
	at := time.Date(day.Year(), day.Month(), day.Day(), minute/60, minute%60, 0, 0, zone)
	// In a gap time.Date gives a moment before or after it, as the zone has it.
	wanted := time.Date(day.Year(), day.Month(), day.Day(), minute/60, minute%60, 0, 0, time.UTC)
	shown := time.Date(at.Year(), at.Month(), at.Day(), at.Hour(), at.Minute(), 0, 0, time.UTC)
	return at.Add(max(wanted.Sub(shown), 0))
}
