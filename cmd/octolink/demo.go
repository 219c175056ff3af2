package main

import (
	_ "embed"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// demoYAML is the configuration of a server that was started without one.
//
//go:embed demo.yaml
var demoYAML []byte

// demoPassword is the password of all its users.
const demoPassword = "demo"

// demoConfig is the demonstration with its data in a directory of the caller's choice, by default
// beside him.
func demoConfig(data string) (*Config, error) {
	c, _, err := parseConfig("demo.yaml", demoYAML)
	if err != nil {
		return nil, err
	}
	if data != "" {
		c.Data = data
	}
	return c, nil
}

// banner tells where everything is. All of it goes to standard output: the log goes elsewhere.
func (m *Main) banner(w io.Writer) {
	row := func(name, format string, args ...any) {
		fmt.Fprintf(w, "  %-11s %s\n", name, fmt.Sprintf(format, args...))
	}
	fmt.Fprintln(w, "octolink is running.")
	for _, l := range m.listeners.of("listen.http") {
		row("page", "http://%s/", l.Addr())
		row("channel", "ws://%s/  (subprotocol json or xml)", l.Addr())
	}
	for _, l := range m.listeners.of("listen.https") {
		row("page", "https://%s/", l.Addr())
		row("channel", "wss://%s/", l.Addr())
	}
	if m.cert != nil {
		row("certificate", "SHA-256 %s", m.cert.Fingerprint())
	}
	for _, l := range m.listeners.of("listen.metrics") {
		row("metrics", "http://%s/metrics", l.Addr())
	}
	row("data", "%s", absolute(m.config.Data))
	if m.isDemo() {
		m.demoBanner(row)
	}
}

func (m *Main) demoBanner(row func(name, format string, args ...any)) {
	var users []string
	for _, u := range m.config.Users {
		users = append(users, fmt.Sprintf("%s (%s)", u.Login, u.Number))
	}
	row("users", "%s", strings.Join(users, ", "))
	row("password", "%s", demoPassword)
	for _, q := range m.config.Queues {
		row("queue", "%s (%s)", q.Number, q.title())
	}
	where := ""
	if filepath.Clean(m.config.Data) != demoData {
		where = " --data " + m.config.Data
	}
	program := os.Args[0]
	row("try", "%s sim ring --from 79161234567 --to 300%s", program, where)
	row("", "%s sim answer 300%s", program, where)
	row("", "%s status%s", program, where)
}

func absolute(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}
