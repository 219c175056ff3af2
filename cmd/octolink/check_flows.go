package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/octolink/octolink/pbx"
)

// flowName is also a file's name without its ending, and a label of metrics.
var flowName = &pattern{text: `^[A-Za-z0-9_][A-Za-z0-9_-]{0,63}$`}

// flowEndings are those of the files of flows.
var flowEndings = []string{".ts", ".js"}

// flowStates are the states of users that start flows.
var flowStates = map[string]pbx.StateID{
	"offline": pbx.Offline, "ready": pbx.Ready, "break": pbx.OnBreak, "dnd": pbx.DND, "busy": pbx.Busy,
	"reserved": pbx.Reserved, "nophone": pbx.NoPhone,
}

func (k *checker) checkFlows() {
	f := &k.c.Flows
	if f.Runs < 1 || f.Runs > 1_000_000 {
		k.fault(&f.Runs, "flows.runs: want a number from 1 to 1000000, got %d", f.Runs)
	}
	if info, err := os.Stat(f.Dir); err == nil && info.Mode().Perm()&0o002 != 0 && info.Mode()&os.ModeSticky == 0 && f.count() > 0 {
		k.fault(k.near(&f.Dir, f), "flows.dir: %s", openToAll(f.Dir))
	}
	if f.Files != "" {
		if info, err := os.Stat(f.Files); err != nil || !info.IsDir() {
			k.fault(&f.Files, "flows.files: no folder %s", f.Files)
		}
	}
	k.checkFlowNumbers()
	k.checkFlowQueues()
	k.checkFlowStates()
	k.checkFlowTimers()
	for i := range f.Events {
		e := &f.Events[i]
		k.flow(&e.Flow, e, "flows.events")
		if e.Event == "" || len(e.Event) > 128 {
			k.fault(k.near(&e.Event, e), "flows.events: want the event's name, of at most 128 characters")
		}
	}
	k.checkFlowServices()
}

// flow checks the name of a flow, and that there is one.
func (k *checker) flow(name *string, section any, owner string) {
	switch {
	case *name == "":
		k.fault(k.near(name, section), "%s: flow says which script", owner)
	case !flowName.MatchString(*name) || strings.HasSuffix(*name, "_test"):
		k.fault(name, "%s: %q is no flow: want the name of a file without its ending: letters, digits, dashes and underscores; one that ends in _test is a test", owner, cut(*name))
	default:
		for _, ending := range flowEndings {
			path := filepath.Join(k.c.Flows.Dir, *name+ending)
			if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
				if info.Mode().Perm()&0o002 != 0 {
					k.fault(name, "%s", openToAll(path))
				}
				return
			}
		}
		k.fault(name, "%s: no flow %s: there is neither %[2]s.ts nor %[2]s.js in %s", owner, *name, k.c.Flows.Dir)
	}
}

func (k *checker) checkFlowNumbers() {
	matches := seen{}
	list := k.c.Flows.Numbers
	for i := range list {
		n := &list[i]
		if n.Match == "" || !patternForm.MatchString(n.Match) && !numberForm.MatchString(n.Match) {
			k.fault(k.near(&n.Match, n), "flows.numbers: match: want a number or a pattern: digits, x for any digit, * at the end for all that follows; got %q", cut(n.Match))
			continue
		}
		owner := "flow number " + n.Match
		if matches.take(n.Match, owner) != "" {
			k.fault(&n.Match, "%s is there twice", owner)
		}
		k.flow(&n.Flow, n, owner)
		k.checkFallback(n, owner)
	}
}

// checkFallback finds rules that lead nowhere: not to somebody who does not exist, and not in a circle.
func (k *checker) checkFallback(n *FlowNumber, owner string) {
	if n.Fallback == "" {
		k.fault(k.near(&n.Fallback, n), "%s: fallback says what becomes of a caller without the flow: queue:NUMBER, number:NUMBER, user:LOGIN or hangup", owner)
		return
	}
	route, err := pbx.ParseRoute(n.Fallback)
	if err != nil {
		k.fault(&n.Fallback, "%s: fallback: want queue:NUMBER, number:NUMBER, user:LOGIN or hangup, got %q", owner, cut(n.Fallback))
		return
	}
	if wrong := k.wrongRoute(route); wrong != "" {
		k.fault(&n.Fallback, "%s: fallback %s leads nowhere: %s", owner, n.Fallback, wrong)
	} else if k.circular(n) {
		k.fault(&n.Fallback, "%s: fallback %s leads back to the flow: name a queue: or a user: instead", owner, n.Fallback)
	}
}

func (k *checker) wrongRoute(r pbx.Route) string {
	switch r.Kind {
	case pbx.RouteQueue:
		if !slices.ContainsFunc(k.c.Queues, func(q Queue) bool { return q.Number == r.To }) {
			return fmt.Sprintf("there is no queue with the number %s", r.To)
		}
	case pbx.RouteUser:
		if u := k.userByLogin(r.To); u == nil {
			return "there is no such user"
		} else if len(u.allNumbers()) == 0 {
			return "the user has no number"
		}
	case pbx.RouteNumber:
		if !numberForm.MatchString(r.To) {
			return "this is no telephone number"
		}
	}
	return ""
}

// circular reports whether fallbacks by number lead to a flow again that was there before.
func (k *checker) circular(n *FlowNumber) bool {
	been := map[*FlowNumber]bool{}
	for n != nil && !been[n] {
		been[n] = true
		r, err := pbx.ParseRoute(n.Fallback)
		if err != nil || r.Kind != pbx.RouteNumber {
			return false
		}
		n = k.c.Flows.number(r.To)
	}
	return n != nil
}

// number is the flow number to which a caller from outside comes who reaches a number.
func (f *Flows) number(number string) (best *FlowNumber) {
	for i := range f.Numbers {
		n := &f.Numbers[i]
		if n.Match == number {
			return n
		}
		if covers(n.Match, number) && (best == nil || len(n.Match) > len(best.Match)) {
			best = n
		}
	}
	return best
}

// covers reports whether a pattern matches a number.
func covers(pattern, number string) bool {
	pattern, open := strings.CutSuffix(pattern, "*")
	if len(number) < len(pattern) || len(number) > len(pattern) && !open {
		return false
	}
	for i := range len(pattern) {
		if p := pattern[i]; p != number[i] && (p|0x20 != 'x' || number[i] < '0' || number[i] > '9') {
			return false
		}
	}
	return true
}

func (k *checker) checkFlowQueues() {
	for i := range k.c.Flows.Queues {
		q := &k.c.Flows.Queues[i]
		k.flow(&q.Flow, q, "flows.queues")
		if !slices.ContainsFunc(k.c.Queues, func(known Queue) bool { return known.Number == q.Queue }) {
			k.fault(k.near(&q.Queue, q), "flows.queues: there is no queue with the number %q", cut(q.Queue))
		}
		switch q.On {
		case "waiting":
			if q.After.std() < time.Second || q.After.std() > 24*time.Hour {
				k.fault(k.near(&q.After, q), "flows.queues: after: want 1s to 24h of waiting, got %s", q.After.std())
			}
		case "abandoned", "answered":
			if k.given(&q.After) {
				k.fault(&q.After, "flows.queues: after belongs to on: waiting")
			}
		default:
			k.fault(k.near(&q.On, q), "flows.queues: on: want waiting, abandoned or answered, got %q", cut(q.On))
		}
	}
}

func (k *checker) checkFlowStates() {
	for i := range k.c.Flows.States {
		s := &k.c.Flows.States[i]
		k.flow(&s.Flow, s, "flows.states")
		if s.User != "*" && k.userByLogin(s.User) == nil {
			k.fault(k.near(&s.User, s), "flows.states: no user %q; * is everybody", cut(s.User))
		}
		if _, ok := flowStates[s.State]; !ok {
			k.fault(k.near(&s.State, s), "flows.states: state: want ready, break, dnd, busy, reserved, nophone or offline, got %q", cut(s.State))
		}
	}
}

func (k *checker) checkFlowTimers() {
	for i := range k.c.Flows.Timers {
		t := &k.c.Flows.Timers[i]
		k.flow(&t.Flow, t, "flows.timers")
		hasEvery, hasAt := k.given(&t.Every), len(t.At) > 0
		switch {
		case hasEvery == hasAt:
			k.fault(t, "flows.timers: want either every or at")
		case hasEvery && (t.Every.std() < time.Second || t.Every.std() > 366*24*time.Hour):
			k.fault(&t.Every, "flows.timers: every: want 1s to 366d, got %s", t.Every.std())
		case hasEvery && k.given(&t.Days):
			k.fault(&t.Days, "flows.timers: days belong to at")
		case hasEvery && k.given(&t.Zone):
			k.fault(&t.Zone, "flows.timers: zone belongs to at")
		}
		if _, err := time.LoadLocation(t.Zone); err != nil {
			k.fault(&t.Zone, "flows.timers: no zone %q: want a name such as Europe/Moscow", cut(t.Zone))
		}
	}
}

// serviceName is what clients write into scriptname and into the query of a URL.
var serviceName = &pattern{text: `^[\p{L}\p{N}_][\p{L}\p{N}_ .-]{0,63}$`}

func (k *checker) checkFlowServices() {
	names := seen{}
	for i := range k.c.Flows.Services {
		s := &k.c.Flows.Services[i]
		if !serviceName.MatchString(s.Name) {
			k.fault(k.near(&s.Name, s), "flows.services: a service needs a name of at most 64 letters, digits, spaces, dots, dashes and underscores")
			continue
		}
		owner := "service " + s.Name
		if names.take(strings.ToLower(s.Name), owner) != "" {
			k.fault(&s.Name, "%s is there twice: names differ by more than their case", owner)
		}
		k.flow(&s.Flow, s, owner)
		for j := range s.Allow {
			k.checkAllowed(&s.Allow[j], owner)
		}
	}
}

// checkAllowed wants a user or a link, and no doubt which of them is meant.
func (k *checker) checkAllowed(name *string, owner string) {
	user := k.userByLogin(*name) != nil
	link := slices.ContainsFunc(k.c.Links, func(l Link) bool { return l.Name == *name })
	switch {
	case !user && !link:
		k.fault(name, "%s: no user and no link %q to be allowed", owner, cut(*name))
	case user && link:
		k.fault(name, "%s: %q is a user and a link: rename one of them", owner, cut(*name))
	}
}
