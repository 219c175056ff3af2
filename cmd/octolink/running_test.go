package main

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/octolink/octolink/protocol/wire"
)

const people = `
listen: {http: "127.0.0.1:0", https: "127.0.0.1:0", metrics: "127.0.0.1:0"}
sessions: {grace: 50ms}
departments: [{name: Sales}]
users:
  - {login: alice, password: demo, number: "300", department: Sales, subordinates: [boris]}
  - {login: boris, password: Пароль1, number: "301"}
queues: [{number: "700", name: sales, members: [alice]}]
breaks: [{id: 4, name: Lunch}]
procedures:
  - {name: mine, sql: "select count(*) as n from calls where user = :authorizeduserid", allow: [alice]}
`

// A running is a server in this process.
type running struct {
	t    *testing.T
	m    *Main
	dir  string
	path string
	end  context.CancelFunc
	done chan error
	tabs []*tab
	log  syncedBuffer
}

// start runs a server with a configuration until the test ends. A second start in the same
// directory is a restart.
func start(t *testing.T, dir, config string) *running {
	t.Helper()
	r := &running{t: t, dir: dir, path: filepath.Join(dir, "octolink.yaml"), done: make(chan error, 1)}
	r.write(config)
	c, _, err := loadConfig(r.path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancel(context.Background())
	r.end = end
	if r.m, err = NewMain(ctx, MainOptions{Config: c, Path: r.path, Log: slog.New(slog.NewTextHandler(io.MultiWriter(t.Output(), &r.log), nil))}); err != nil {
		t.Fatal(err)
	}
	go func() { r.done <- r.m.Run(ctx) }()
	t.Cleanup(r.stop)
	return r
}

// stop ends the server in order; it may be called again. Tabs that nobody reads go first: the server
// would wait for their close frames.
func (r *running) stop() {
	for _, c := range r.tabs {
		c.cut()
	}
	r.end()
	err, first := <-r.done
	if first && err != nil {
		r.t.Errorf("the server ended with %v", err)
	}
	if first {
		close(r.done)
	}
}

func (r *running) write(config string) {
	r.t.Helper()
	if err := os.WriteFile(r.path, []byte(config), 0o600); err != nil {
		r.t.Fatal(err)
	}
}

func (r *running) address(key string) string { return r.m.listeners.of(key)[0].Addr().String() }

func (r *running) tab(f wire.Format) *tab {
	r.t.Helper()
	c := dialTab(r.t, "ws://"+r.address("listen.http")+"/", f, nil)
	r.tabs = append(r.tabs, c)
	return c
}

// sim gives an order to the simulator over HTTP.
func (r *running) sim(order, body string) {
	r.t.Helper()
	resp, err := http.Post("http://"+r.address("listen.http")+"/sim/"+order, "application/json", strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, _ := io.ReadAll(resp.Body)
	if resp.StatusCode != http.StatusOK {
		r.t.Fatalf("%s %s: got %s %s", order, body, resp.Status, answer)
	}
}

// cli runs a command of the program against the server.
func (r *running) cli(stdin string, args ...string) (stdout, stderr string, code int) {
	r.t.Helper()
	return cli(r.t, stdin, append(args, "--data", filepath.Join(r.dir, "data"))...)
}

func cli(t *testing.T, stdin string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(t.Context(), args, strings.NewReader(stdin), &out, &errs)
	return out.String(), errs.String(), code
}
