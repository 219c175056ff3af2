package main

import (
	"strings"
	"testing"
)

// The patterns are compiled by the first who asks, so that nobody would see a mistake in them before.
func TestNamesOfAConfiguration(t *testing.T) {
	long := strings.Repeat("x", 64)
	for _, tt := range []struct {
		name      string
		pattern   *pattern
		good, bad []string
	}{
		{"flow", flowName, []string{"incoming", "a-b_1", long}, []string{"", "-a", "a b", "a.b", long + "x"}},
		{"service", serviceName, []string{"Заказ такси", "a.b-c", long}, []string{"", " a", "a/b", long + "x"}},
		{"link", linkName, []string{"crm", "CRM-2_b", long}, []string{"", "_a", "a.b", long + "x"}},
		{"procedure", procedureName, []string{"todays_calls", "_a.b", long}, []string{"", "1a", "a-b", long + "x"}},
	} {
		for _, s := range tt.good {
			if !tt.pattern.MatchString(s) {
				t.Errorf("%s: %q is none", tt.name, s)
			}
		}
		for _, s := range tt.bad {
			if tt.pattern.MatchString(s) {
				t.Errorf("%s: %q is one", tt.name, s)
			}
		}
	}
}
