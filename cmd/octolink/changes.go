package main

import (
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// A change is one line of what a reload does.
type change struct {
	what string // added, removed, changed, needs a restart
	kind string // user, queue, …; a section of the file
	name string
}

// String is the change as an operator reads it.
func (c change) String() string {
	if c.name == "" {
		return c.kind + " " + c.what
	}
	return c.kind + " " + c.name + " " + c.what
}

// changes compares the configuration in use with another one.
func changes(old, now *Config) []change {
	var all []change
	all = append(all, compare("department", old.Departments, now.Departments, func(d Department) string { return d.Name })...)
	all = append(all, compare("user", old.Users, now.Users, func(u User) string { return fold(u.Login) })...)
	all = append(all, compare("queue", old.Queues, now.Queues, func(q Queue) string { return q.Number })...)
	all = append(all, compare("break", old.Breaks, now.Breaks, func(b Break) string { return strconv.Itoa(b.ID) })...)
	all = append(all, compare("procedure", old.Procedures, now.Procedures, func(p Procedure) string { return fold(p.Name) })...)
	all = append(all, compare("link", old.Links, now.Links, func(l Link) string { return l.Name })...)
	return append(all, flowChanges(&old.Flows, &now.Flows)...)
}

// flowChanges compares what starts flows. Triggers have no names: they are told by what they wait for.
func flowChanges(old, now *Flows) []change {
	all := compare("flow number", old.Numbers, now.Numbers, func(n FlowNumber) string { return n.Match })
	all = append(all, compare("flow for queue", old.Queues, now.Queues, func(q FlowQueue) string {
		return strings.TrimSpace(q.Queue + " " + q.On + " " + q.Flow)
	})...)
	all = append(all, compare("flow for state", old.States, now.States, func(s FlowState) string {
		return s.State + " of " + s.User + " " + s.Flow
	})...)
	all = append(all, compare("flow timer", old.Timers, now.Timers, func(t FlowTimer) string { return t.title() })...)
	all = append(all, compare("flow for event", old.Events, now.Events, func(e FlowEvent) string { return e.Event + " " + e.Flow })...)
	all = append(all, compare("service", old.Services, now.Services, func(s FlowService) string { return fold(s.Name) })...)
	if old.Files != now.Files {
		all = append(all, change{"changed", "flows.files", ""})
	}
	return all
}

// compare finds what was added, removed and changed in a list whose items have names.
func compare[T any](kind string, old, now []T, name func(T) string) []change {
	before := make(map[string]T, len(old))
	for _, o := range old {
		before[name(o)] = o
	}
	var all []change
	for _, n := range now {
		o, was := before[name(n)]
		delete(before, name(n))
		switch {
		case !was:
			all = append(all, change{"added", kind, name(n)})
		case !reflect.DeepEqual(o, n):
			all = append(all, change{"changed", kind, name(n)})
		}
	}
	gone := make([]string, 0, len(before))
	for n := range before {
		gone = append(gone, n)
	}
	slices.Sort(gone)
	for _, n := range gone {
		all = append(all, change{"removed", kind, n})
	}
	return all
}

// fixed lists the sections that a running server cannot change, where they differ from what it was
// started with.
func fixed(old, now *Config) []change {
	var all []change
	for _, s := range []struct {
		name     string
		old, now any
	}{
		{"data", old.Data, now.Data},
		{"timezone", old.Timezone, now.Timezone},
		{"log", old.Log, now.Log},
		{"listen", old.Listen, now.Listen},
		{"limits", old.Limits, now.Limits},
		{"sessions", old.Sessions, now.Sessions},
		{"login_limits", old.Failures, now.Failures},
		{"retention", old.Keep, now.Keep},
		{"version", old.Version, now.Version},
		{"pbx", old.PBX, now.PBX},
		{"plugins", old.Plugins, now.Plugins},
		{"flows.dir", old.Flows.Dir, now.Flows.Dir},
		{"flows.runs", old.Flows.Runs, now.Flows.Runs},
	} {
		if !reflect.DeepEqual(s.old, s.now) {
			all = append(all, change{"needs a restart", s.name, ""})
		}
	}
	return all
}
