package main

import (
	"slices"
	"testing"
)

func TestChanges(t *testing.T) {
	const base = `
users:
  - {login: alice, number: "300"}
  - {login: boris, number: "301"}
queues: [{number: "700", members: [alice]}]
`
	for _, tt := range []struct {
		name, text string
		want       []string
	}{
		{"nothing", base, nil},
		{"users", `
users:
  - {login: vera}
  - {login: Alice, number: "300", name: Alice Ivanova}
queues: [{number: "700", members: [alice]}]
`, []string{"user vera added", "user alice changed", "user boris removed"}},
		{"queue and break", `
users: [{login: alice, number: "300"}, {login: boris, number: "301"}]
queues: [{number: "700", members: [boris]}]
breaks: [{id: 7, name: Lunch}]
`, []string{"queue 700 changed", "break 7 added"}},
		{"flows", base + "flows: {dir: testdata/good/flows, files: ., numbers: [{match: \"7*\", flow: incoming, fallback: hangup}], " +
			"timers: [{every: 1m, flow: nightly}], services: [{name: A, flow: nightly}]}\n",
			[]string{"flow number 7* added", "flow timer nightly every 1m0s added", "service a added", "flows.files changed", "flows.dir needs a restart"}},
		{"fixed", base + "data: elsewhere\nlisten: {http: []}\nlimits: {mailbox: 7}\n",
			[]string{"data needs a restart", "listen needs a restart", "limits needs a restart"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			old, now := parse(t, base), parse(t, tt.text)
			for _, c := range append(changes(old, now), fixed(old, now)...) {
				got = append(got, c.String())
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func parse(t *testing.T, text string) *Config {
	t.Helper()
	c, _, err := parseConfig("test.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return c
}
