package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/octolink/octolink/certs"
)

// Who may do without authorization, and who is believed.
func TestExposureOfLinks(t *testing.T) {
	ca, err := certs.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	file, _, err := ca.Write(t.TempDir(), "localhost")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, link string
		refused    string // a part of the error, "" for an accepted link
		trusted    bool
		warnings   []string
	}{
		{"loopback", `mode: ws-in, listen: "127.0.0.1:1"`, "", false, nil},
		{"localhost", `mode: ws-in, listen: "localhost:1"`, "", false, nil},
		{"every address", `mode: ws-in, listen: ":1"`, "nobody proves", false, []string{"in the clear"}},
		{"meant so", `mode: ws-in, listen: ":1", insecure: true`, "", false, []string{"in the clear"}},
		{"meant so and trusted", `mode: ws-in, listen: ":1", insecure: true, trust: true`, "", true, []string{"in the clear", "whoever reaches"}},
		{"basic", `mode: ws-in, listen: ":1", auth: {scheme: basic, login: a, password: b}`, "", true, []string{"in the clear"}},
		{"digest", `mode: wss-in, listen: ":1", auth: {scheme: digest, login: a, password: b}`, "", true, nil},
		{"tls alone", `mode: wss-in, listen: ":1"`, "nobody proves", false, nil},
		{"certificate", `mode: wss-in, listen: ":1", tls: {client_auth: require, ca: ` + file + `}`, "", true, nil},
		{"certificate as he likes", `mode: wss-in, listen: ":1", tls: {client_auth: request, ca: ` + file + `}`, "nobody proves", false, nil},
		{"out to this machine", `mode: ws-out, address: "[::1]:1/a"`, "", true, nil},
		{"out in the clear", `mode: ws-out, address: "crm.example:1"`, "nobody proves", true, []string{"use wss-out"}},
		{"out to a port by default", `mode: wss-out, address: "crm.example/a?b=c"`, "", true, nil},
		{"out with tls", `mode: wss-out, address: "crm.example:1", tls: {ca: ` + file + `, cert: ` + file + `, key: ` + file + `}`, "", true, nil},
		{"out but not trusted", `mode: https, url: "https://crm.example", trust: false`, "", false, nil},
		{"post in the clear", `mode: http, url: "http://crm.example", auth: {scheme: basic, login: a, password: b}`, "", true, []string{"use https"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, warnings, err := parseConfig("a.yaml", []byte("links: [{name: crm, "+tt.link+"}]"))
			if tt.refused != "" {
				if err == nil || !strings.Contains(err.Error(), tt.refused) {
					t.Errorf("got %v, want %q", err, tt.refused)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := c.Links[0].Trusted(); got != tt.trusted {
				t.Errorf("got trust %v, want %v", got, tt.trusted)
			}
			if !slices.EqualFunc(warnings, tt.warnings, strings.Contains) {
				t.Errorf("got warnings %q, want %q", warnings, tt.warnings)
			}
		})
	}
}
