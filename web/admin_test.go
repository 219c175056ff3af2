package web_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/octolink/octolink/pbx"
	"github.com/octolink/octolink/protocol"
	"github.com/octolink/octolink/web"
)

// operator writes down what it is asked for and fails with err.
type operator struct {
	told []string
	err  error
}

func (o *operator) tell(format string, args ...any) error {
	o.told = append(o.told, fmt.Sprintf(format, args...))
	return o.err
}

func (o *operator) Status(context.Context) (web.Status, error) {
	return web.Status{Version: "v1", PID: 7, Channels: 3, Listeners: []web.Listener{{Kind: "http", Address: "127.0.0.1:4055"}}}, o.tell("status")
}
func (o *operator) Reload(context.Context) ([]string, error) {
	return []string{"user vera is new"}, o.tell("reload")
}
func (o *operator) Backup(_ context.Context, path string) error { return o.tell("backup %s", path) }
func (o *operator) Users(context.Context) ([]web.UserStatus, error) {
	return []web.UserStatus{{Login: "alice", State: "usReady", Channels: 2}}, o.tell("users")
}
func (o *operator) AddUser(_ context.Context, u web.NewUser) error {
	return o.tell("add %s %s", u.Login, u.Password)
}
func (o *operator) SetPassword(_ context.Context, login, password string) error {
	return o.tell("passwd %s %s", login, password)
}
func (o *operator) ResetPassword(_ context.Context, login string) error {
	return o.tell("reset %s", login)
}
func (o *operator) DisableUser(_ context.Context, login string, disabled bool) error {
	return o.tell("disable %s %v", login, disabled)
}
func (o *operator) LogoutUser(_ context.Context, login string) (int, error) {
	return 2, o.tell("logout %s", login)
}
func (o *operator) NotifyUser(_ context.Context, login, sender, text string) error {
	return o.tell("notify %s %s %s", login, sender, text)
}
func (o *operator) Events(_ context.Context, since int64, limit int) ([]web.StoredEvent, error) {
	return []web.StoredEvent{{Number: since + 1, Kind: "callrecord", Body: []byte(`{"a":1}`)}}, o.tell("events %d %d", since, limit)
}

// listenAdmin serves a server's admin handler on a socket and gives a client of it.
func listenAdmin(t *testing.T, o web.Options) *web.AdminClient {
	t.Helper()
	path := filepath.Join(t.TempDir(), "admin.sock")
	l, err := web.ListenAdmin(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	srv := web.NewHTTPServer(web.New(o).Admin(), nil)
	done := make(chan error, 1)
	go func() { done <- srv.Serve(l) }()
	t.Cleanup(func() {
		srv.Close()
		if err := <-done; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
	return web.NewAdminClient(path)
}

func TestAdminCommands(t *testing.T) {
	op, board := &operator{}, &switchboard{}
	c := listenAdmin(t, web.Options{Operator: op, Sim: board})
	ctx := t.Context()
	got := func(v any, err error) string { return fmt.Sprintf("%v %v", v, err) }
	tests := []struct {
		name string
		do   func() string
		want string // of the client
		told string // of the server's part
	}{
		{"status", func() string { s, err := c.Status(ctx); return got(s.Listeners, err) }, "[{http 127.0.0.1:4055}] <nil>", "status"},
		{"reload", func() string { return got(c.Reload(ctx)) }, "[user vera is new] <nil>", "reload"},
		{"backup", func() string { return got("", c.Backup(ctx, "/b.db")) }, " <nil>", "backup /b.db"},
		{"users", func() string { return got(c.Users(ctx)) }, "[{alice   usReady 2 false false}] <nil>", "users"},
		{"add", func() string { return got("", c.AddUser(ctx, web.NewUser{Login: "x", Password: "y"})) }, " <nil>", "add x y"},
		{"passwd", func() string { return got("", c.SetPassword(ctx, "a/b c", "new")) }, " <nil>", "passwd a/b c new"},
		{"reset", func() string { return got("", c.ResetPassword(ctx, "vera")) }, " <nil>", "reset vera"},
		{"disable", func() string { return got("", c.DisableUser(ctx, "vera")) }, " <nil>", "disable vera true"},
		{"enable", func() string { return got("", c.EnableUser(ctx, "vera")) }, " <nil>", "disable vera false"},
		{"logout", func() string { return got(c.LogoutUser(ctx, "vera")) }, "2 <nil>", "logout vera"},
		{"notify", func() string { return got("", c.NotifyUser(ctx, "vera", "boss", "lunch?")) }, " <nil>", "notify vera boss lunch?"},
		{"events", func() string { l, err := c.Events(ctx, 41, 10); return got(l[0].Number, err) }, "42 <nil>", "events 41 10"},
		{"all events", func() string { l, err := c.Events(ctx, 0, 0); return got(len(l), err) }, "1 <nil>", "events 0 1000"},
		{"sim ring", func() string { return got(c.SimRing(ctx, "1", "2")) }, "call-1 <nil>", "ring 1 2"},
		{"sim answer", func() string { return got("", c.SimOrder(ctx, "answer", "300")) }, " <nil>", "answer 300"},
		{"sim busy", func() string { return got("", c.SimBusy(ctx, "300", true)) }, " <nil>", "busy 300 true"},
		{"sim press", func() string { return got("", c.SimPress(ctx, "300", "1#")) }, " <nil>", "press 300 1#"},
		{"sim state", func() string { s, err := c.SimState(ctx); return got(string(s), err) }, `{"calls":["call-1"]} <nil>`, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			op.told, board.told = nil, nil
			if text := tt.do(); text != tt.want {
				t.Errorf("got %s, want %s", text, tt.want)
			}
			if told := strings.Join(append(op.told, board.told...), ";"); told != tt.told {
				t.Errorf("the server did %q, want %q", told, tt.told)
			}
		})
	}
}

func TestAdminFailures(t *testing.T) {
	op := &operator{err: errors.New("octolink.yaml:3:5: unknown key\noctolink.yaml:9:1: doubled name")}
	c := listenAdmin(t, web.Options{Operator: op})
	_, err := c.Reload(t.Context())
	var failed *web.AdminError
	if !errors.As(err, &failed) || failed.Status != 422 || failed.Text != op.err.Error() {
		t.Errorf("got %v, want all lines of the operator's error", err)
	}
	op.err = fmt.Errorf("%w: zed", pbx.ErrNoSuchUser)
	if err := c.DisableUser(t.Context(), "zed"); !errors.As(err, &failed) || failed.Status != http.StatusNotFound {
		t.Errorf("unknown user: %v, want 404", err)
	}
	if err := c.SimOrder(t.Context(), "answer", "300"); !errors.As(err, &failed) || !strings.Contains(err.Error(), "404") {
		t.Errorf("no simulator: %v, want 404", err)
	}
	gone := web.NewAdminClient(filepath.Join(t.TempDir(), "admin.sock"))
	if _, err := gone.Status(t.Context()); !errors.Is(err, web.ErrNotRunning) {
		t.Errorf("no server: %v, want ErrNotRunning", err)
	}
}

func TestAdminRefusesNonsense(t *testing.T) {
	h := web.New(web.Options{Operator: &operator{}}).Admin()
	tests := []struct {
		method, target, body string
		want                 int
	}{
		{"POST", "/users", `{"login":"x","admin":true}`, 400}, {"POST", "/users", ``, 400},
		{"POST", "/backup", `{"path":"relative.db"}`, 400}, {"GET", "/events?since=x", ``, 400},
		{"GET", "/reload", ``, 405}, {"GET", "/nothing", ``, 404}, {"GET", "/tap", ``, 404},
	}
	for _, tt := range tests {
		if got := ask(t, h, tt.method, tt.target, tt.body).StatusCode; got != tt.want {
			t.Errorf("%s %s: status %d, want %d", tt.method, tt.target, got, tt.want)
		}
	}
}

func TestTapOverTheSocket(t *testing.T) {
	e := &engine{}
	tap := web.NewTap(e)
	c := listenAdmin(t, web.Options{Tap: tap})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	lines, ended := make(chan web.TapLine), make(chan error, 1)
	go func() {
		ended <- c.Tap(ctx, web.TapFilter{User: "alice"}, func(l web.TapLine) error { lines <- l; return nil })
	}()
	waitFor(t, e.tapped)
	e.pass(protocol.In, "boris", "", `["ping",{"qid":"1"}]`)
	e.pass(protocol.In, "alice", "", `["ping",{"qid":"<2>"}]`)
	if got := <-lines; got.Frame != `["ping",{"qid":"<2>"}]` || got.User != "alice" {
		t.Errorf("got %+v", got)
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("the end: %v, want context.Canceled", err)
	}
	waitFor(t, func() bool { return !e.tapped() })
	go func() { ended <- c.Tap(t.Context(), web.TapFilter{}, func(web.TapLine) error { return nil }) }()
	waitFor(t, e.tapped)
	tap.Close()
	if err := <-ended; err != nil {
		t.Errorf("a server that stops: %v, want nil", err)
	}
}

// waitFor waits for what another goroutine does across a socket.
func waitFor(t *testing.T, done func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for deadline := time.After(10 * time.Second); !done(); {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("it did not happen within 10 s")
		}
	}
}

func TestAdminSocketIsOursAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "admin.sock")
	l, err := web.ListenAdmin(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v, want 0600", info.Mode().Perm(), err)
	}
	if _, err := web.ListenAdmin(t.Context(), path); !errors.Is(err, web.ErrSocketInUse) {
		t.Errorf("a second server: %v, want ErrSocketInUse", err)
	}
	l.Close()
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the socket is left behind: %v", err)
	}
}

func TestStaleAdminSocketIsReplaced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "admin.sock")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false) // as if the server had been killed
	l.Close()
	again, err := web.ListenAdmin(t.Context(), path)
	if err != nil {
		t.Fatalf("a dead server's socket is in the way: %v", err)
	}
	again.Close()
	if err := os.WriteFile(path, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := web.ListenAdmin(t.Context(), path); err == nil {
		t.Error("a file that is no socket was replaced")
	}
	if _, err := web.ListenAdmin(t.Context(), "/"+strings.Repeat("x", 200)); err == nil || !strings.Contains(err.Error(), "longer than") {
		t.Errorf("a path that is too long: %v", err)
	}
}
