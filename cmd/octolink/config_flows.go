package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Flows are the scripts that lead calls, and what starts them.
type Flows struct {
	Dir   string `yaml:"dir"`
	Files string `yaml:"files"` // folder of what execsvcscriptplain may answer with; "" for nothing
	Runs  int    `yaml:"runs"`  // at once

	Numbers  []FlowNumber  `yaml:"numbers"`
	Queues   []FlowQueue   `yaml:"queues"`
	States   []FlowState   `yaml:"states"`
	Timers   []FlowTimer   `yaml:"timers"`
	Events   []FlowEvent   `yaml:"events"`
	Services []FlowService `yaml:"services"`
}

// FlowNumber leads the callers of a number, or of a pattern of numbers, to a flow.
type FlowNumber struct {
	Match    string `yaml:"match"`
	Flow     string `yaml:"flow"`
	Fallback string `yaml:"fallback"` // queue:NUMBER, number:NUMBER, user:LOGIN or hangup
}

// FlowQueue starts a flow for what happens to a caller in a queue.
type FlowQueue struct {
	Queue string   `yaml:"queue"`
	On    string   `yaml:"on"`    // waiting, abandoned, answered
	After duration `yaml:"after"` // of waiting
	Flow  string   `yaml:"flow"`
}

// FlowState starts a flow when a user comes into a state.
type FlowState struct {
	User  string `yaml:"user"` // a login, or * for everybody
	State string `yaml:"state"`
	Flow  string `yaml:"flow"`
}

// FlowTimer starts a flow again and again.
type FlowTimer struct {
	Every   duration `yaml:"every"`
	At      []clock  `yaml:"at"`
	Days    weekdays `yaml:"days"` // zero means every day
	Zone    string   `yaml:"zone"` // "" means the configuration's
	Overlap bool     `yaml:"overlap"`
	Flow    string   `yaml:"flow"`
}

// FlowEvent starts a flow when a client or another flow tells an event.
type FlowEvent struct {
	Event string `yaml:"event"`
	Flow  string `yaml:"flow"`
}

// FlowService is a flow that may be run by its name from outside.
type FlowService struct {
	Name  string   `yaml:"name"`
	Flow  string   `yaml:"flow"`
	Allow []string `yaml:"allow"` // logins and names of links
}

// clock is a time of the day, in minutes.
type clock int

// UnmarshalText reads 09:00.
func (c *clock) UnmarshalText(text []byte) error {
	hour, minute, ok := strings.Cut(string(text), ":")
	h, errH := strconv.ParseUint(hour, 10, 8)
	m, errM := strconv.ParseUint(minute, 10, 8)
	if !ok || errH != nil || errM != nil || h > 23 || m > 59 || len(minute) != 2 {
		return fmt.Errorf("%q is no time of the day: want something like 09:00", cut(string(text)))
	}
	*c = clock(h*60 + m) // #nosec G115 -- below 1440
	return nil
}

// String is the time as written.
func (c clock) String() string { return fmt.Sprintf("%02d:%02d", c/60, c%60) }

// weekdays are days of the week, a bit each from Sunday on.
type weekdays uint8

var dayNames = [...]string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// UnmarshalText reads mon-fri, or mon,wed,sat-sun.
func (d *weekdays) UnmarshalText(text []byte) error {
	var days weekdays
	for part := range strings.SplitSeq(string(text), ",") {
		first, last, isRange := strings.Cut(strings.TrimSpace(part), "-")
		from, to := dayOf(first), dayOf(last)
		if !isRange {
			to = from
		}
		if from < 0 || to < 0 {
			return fmt.Errorf("%q are no days: want something like mon-fri or mon,wed,sat", cut(string(text)))
		}
		for day := from; ; day = (day + 1) % 7 {
			days |= 1 << day
			if day == to {
				break
			}
		}
	}
	*d = days
	return nil
}

func dayOf(name string) int {
	for i, n := range dayNames {
		if strings.EqualFold(n, strings.TrimSpace(name)) {
			return i
		}
	}
	return -1
}

// on are the days for the triggers: every day when none is named.
func (d weekdays) on() (days [7]bool) {
	for i := range days {
		days[i] = d == 0 || d>>i&1 == 1
	}
	return days
}

// title tells timers apart.
func (t *FlowTimer) title() string {
	if t.Every > 0 {
		return t.Flow + " every " + t.Every.std().String()
	}
	var at []string
	for _, c := range t.At {
		at = append(at, c.String())
	}
	return t.Flow + " at " + strings.Join(at, ", ")
}

// location is the timer's time zone.
func (t *FlowTimer) location(otherwise *time.Location) *time.Location {
	if t.Zone == "" {
		return otherwise
	}
	zone, err := time.LoadLocation(t.Zone)
	if err != nil {
		return otherwise // check has seen that it exists
	}
	return zone
}

// every are all flows that the configuration names, each with the place that names it.
func (f *Flows) every() (names []*string) {
	for i := range f.Numbers {
		names = append(names, &f.Numbers[i].Flow)
	}
	for i := range f.Queues {
		names = append(names, &f.Queues[i].Flow)
	}
	for i := range f.States {
		names = append(names, &f.States[i].Flow)
	}
	for i := range f.Timers {
		names = append(names, &f.Timers[i].Flow)
	}
	for i := range f.Events {
		names = append(names, &f.Events[i].Flow)
	}
	for i := range f.Services {
		names = append(names, &f.Services[i].Flow)
	}
	return names
}

// count is how many different flows the configuration names.
func (f *Flows) count() int {
	different := map[string]bool{}
	for _, name := range f.every() {
		different[*name] = true
	}
	return len(different)
}

// starters are what starts flows, in words, by flow.
func (f *Flows) starters() map[string][]string {
	by := map[string][]string{}
	add := func(flow, format string, args ...any) { by[flow] = append(by[flow], fmt.Sprintf(format, args...)) }
	for _, n := range f.Numbers {
		add(n.Flow, "number %s, else %s", n.Match, n.Fallback)
	}
	for _, q := range f.Queues {
		if q.After > 0 {
			add(q.Flow, "queue %s %s %s", q.Queue, q.On, q.After.std())
			continue
		}
		add(q.Flow, "queue %s %s", q.Queue, q.On)
	}
	for _, s := range f.States {
		add(s.Flow, "state %s of %s", s.State, s.User)
	}
	for i := range f.Timers {
		t := &f.Timers[i]
		add(t.Flow, "timer%s", strings.TrimPrefix(t.title(), t.Flow))
	}
	for _, e := range f.Events {
		add(e.Flow, "event %s", e.Event)
	}
	for _, s := range f.Services {
		add(s.Flow, "service %s for %s", s.Name, strings.Join(s.Allow, ", "))
	}
	return by
}
