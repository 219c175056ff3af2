package scripting

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// A schedule is when something is open.
type schedule []shift

// A shift is a span of a day's minutes, on some days. One that ends at or before its start ends the next day.
type shift struct {
	days     [7]bool // from Sunday
	from, to int     // minutes
}

const (
	minutesOfDay = 24 * 60
	maxShifts    = 100
)

// parseSchedule reads "mon-fri 9-18, sat 10:30-14" and "* 22-6".
func parseSchedule(text string) (s schedule, err error) {
	for part := range strings.SplitSeq(text, ",") {
		fields := strings.Fields(part)
		if len(fields) != 2 {
			return nil, fmt.Errorf("%.40q, which is no \"days hours\"", part)
		}
		var sh shift
		if sh.days, err = parseDays(fields[0]); err != nil {
			return nil, err
		}
		from, to, ok := strings.Cut(fields[1], "-")
		if sh.from, err = parseMinutes(from); err != nil {
			return nil, err
		}
		if sh.to, err = parseMinutes(to); err != nil || !ok {
			return nil, fmt.Errorf("%.40q, which are no hours", fields[1])
		}
		if s = append(s, sh); len(s) > maxShifts {
			return nil, fmt.Errorf("more than %d parts", maxShifts)
		}
	}
	return s, nil
}

var days = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

func parseDays(text string) (on [7]bool, err error) {
	if text == "*" {
		return [7]bool{true, true, true, true, true, true, true}, nil
	}
	for part := range strings.SplitSeq(text, "+") {
		first, last, isRange := strings.Cut(part, "-")
		from, to := day(first), day(last)
		if !isRange {
			to = from
		}
		if from < 0 || to < 0 {
			return on, fmt.Errorf("%.40q, which are no days", text)
		}
		for d := from; ; d = (d + 1) % 7 {
			on[d] = true
			if d == to {
				break
			}
		}
	}
	return on, nil
}

func day(name string) int {
	for i, d := range days {
		if strings.EqualFold(d, name) {
			return i
		}
	}
	return -1
}

// parseMinutes reads 9, 09:30 and 24.
func parseMinutes(text string) (int, error) {
	hour, minute, _ := strings.Cut(text, ":")
	h, err := strconv.Atoi(hour)
	m := 0
	if err == nil && minute != "" {
		m, err = strconv.Atoi(minute)
	}
	if err != nil || h < 0 || m < 0 || m > 59 || h*60+m > minutesOfDay {
		return 0, fmt.Errorf("%.40q, which is no time", text)
	}
	return h*60 + m, nil
}

// open reports whether it is open at a time, which is in the schedule's zone.
func (s schedule) open(at time.Time) bool {
	minute, today := at.Hour()*60+at.Minute(), int(at.Weekday())
	yesterday := (today + 6) % 7
	for _, sh := range s {
		overnight := sh.to <= sh.from
		switch {
		case !overnight && sh.days[today] && minute >= sh.from && minute < sh.to,
			overnight && sh.days[today] && minute >= sh.from,
			overnight && sh.days[yesterday] && minute < sh.to:
			return true
		}
	}
	return false
}
