package main

import (
	"context"
	_ "embed"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/octolink/octolink/crmsim"
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
	if len(m.config.Links) == 0 {
		return
	}
	row("crm", "a simulated one, link %s to %s; %s works in it", demoLink, m.config.Links[0].Address, demoWorker)
	row("plugin", "%s, in %s", demoPlugin, absolute(filepath.Join(m.config.Plugins.Dir, demoPlugin)))
	row("try", "%s crm list%s", program, where)
	row("", "%s crm call contacts.find phone=79161234567%s", program, where)
	row("", "%s crm call findcontact phone=79161234567%s", program, where)
	row("", "%s crm form card --user %s phone=79161234567%s", program, demoWorker, where)
	m.flowBanner(row, program, where)
}

// The demonstration's CRM: its link, and the user who works in it and not in a browser.
const (
	demoLink   = "crm"
	demoWorker = "elena"
)

// startDemoCRMs runs two CRMs in this process, on free ports, and configures links to them: an address
// book over a WebSocket, and accounts over HTTP. The returned function ends them.
func startDemoCRMs(c *Config) (end func(), err error) {
	accounts, err := crmsim.ParseScript(demoBillingYAML)
	if err != nil {
		return nil, err
	}
	book, endBook, err := runDemoCRM(crmsim.Options{
		Mode: crmsim.WSOut, Name: "the demonstration's CRM",
		Users: []crmsim.User{{Login: demoWorker, Enters: true}},
	})
	if err != nil {
		return nil, err
	}
	billing, endBilling, err := runDemoCRM(crmsim.Options{Mode: crmsim.HTTP, Name: "the demonstration's accounts", Script: accounts})
	if err != nil {
		endBook()
		return nil, err
	}
	link := Link{Name: demoLink}
	link.setDefaults()
	link.Mode, link.Address, link.Forms.Ringing = "ws-out", book, "card"
	second := Link{Name: demoBilling}
	second.setDefaults()
	second.Mode, second.URL = "http", "http://"+billing+"/"
	c.Links = append(c.Links, link, second)
	return func() {
		endBilling()
		endBook()
	}, nil
}

// runDemoCRM runs a CRM until the returned function is called.
func runDemoCRM(o crmsim.Options) (address string, end func(), err error) {
	crm := crmsim.New(o)
	ctx, cancel := context.WithCancel(context.Background())
	var failed error // once ended is closed
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		failed = crm.Run(ctx)
	}()
	end = func() {
		cancel()
		<-ended
	}
	if address = crm.Addr(); address == "" {
		end()
		return "", nil, fmt.Errorf("%s: %w", o.Name, failed)
	}
	return address, end, nil
}

func absolute(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}
