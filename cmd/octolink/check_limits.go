package main

import "time"

func (k *checker) checkLimits() {
	c := k.c
	for _, n := range []struct {
		name     string
		value    *int
		min, max int
	}{
		{"limits.depth", &c.Limits.Depth, 4, 1000},
		{"limits.mailbox", &c.Limits.Mailbox, 1, 1 << 16},
		{"limits.tabs_per_user", &c.Limits.TabsPerUser, 1, 1 << 20},
		{"limits.users", &c.Limits.Users, 0, 1 << 30},
		{"login_limits.failures_per_address", &c.Failures.PerAddress, 1, 1 << 30},
		{"login_limits.failures_per_login", &c.Failures.PerLogin, 1, 1 << 30},
		{"version.dated", &c.Version.Dated, 1, 999999},
	} {
		if *n.value < n.min || *n.value > n.max {
			k.fault(n.value, "%s: want a number from %d to %d, got %d", n.name, n.min, n.max, *n.value)
		}
	}
	k.checkSizes()
	k.checkDurations()
}

func (k *checker) checkSizes() {
	l := &k.c.Limits
	for _, s := range []struct {
		name  string
		value *size
		min   size
	}{
		{"limits.message", &l.Message, 4 << 10},
		{"limits.queue", &l.Queue, 64 << 10},
		{"limits.link_queue", &l.LinkQueue, 64 << 10},
	} {
		if *s.value < s.min || *s.value > 1<<30 {
			k.fault(s.value, "%s: want a size from %dKiB to 1GiB", s.name, s.min>>10)
		}
	}
}

func (k *checker) checkDurations() {
	c := k.c
	for _, d := range []struct {
		name     string
		value    *duration
		min, max time.Duration
	}{
		{"limits.login_within", &c.Limits.LoginWithin, time.Second, time.Hour},
		{"limits.ping", &c.Limits.Ping, time.Second, time.Hour},
		{"limits.silence", &c.Limits.Silence, 2 * time.Second, 24 * time.Hour},
		{"sessions.life", &c.Sessions.Life, time.Minute, days(365).std()},
		{"sessions.max", &c.Sessions.Max, time.Minute, days(365).std()},
		{"sessions.grace", &c.Sessions.Grace, 0, time.Hour},
		{"login_limits.window", &c.Failures.Window, time.Second, 24 * time.Hour},
		{"retention.journal", &c.Keep.Journal, time.Hour, days(36500).std()},
		{"retention.events", &c.Keep.Events, time.Minute, days(36500).std()},
		{"retention.traces", &c.Keep.Traces, time.Minute, days(36500).std()},
		{"pbx.sim.outside", &c.PBX.Sim.Outside, 0, time.Hour},
	} {
		if v := d.value.std(); v < d.min || v > d.max {
			k.fault(d.value, "%s: want %s to %s, got %s", d.name, d.min, d.max, v)
		}
	}
	if c.Sessions.Life > c.Sessions.Max {
		k.fault(&c.Sessions.Life, "sessions.life is longer than sessions.max")
	}
	if c.Limits.Silence <= c.Limits.Ping {
		k.fault(k.near(&c.Limits.Silence, &c.Limits.Ping), "limits.silence must be longer than limits.ping: a ping needs time for its answer")
	}
}
