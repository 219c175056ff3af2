package main

import (
	"reflect"
	"slices"
	"strconv"
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
	return append(all, compare("link", old.Links, now.Links, func(l Link) string { return l.Name })...)
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
	} {
		if !reflect.DeepEqual(s.old, s.now) {
			all = append(all, change{"needs a restart", s.name, ""})
		}
	}
	return all
}
