package plugins_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"github.com/octolink/octolink/crm"
	"github.com/octolink/octolink/pbx"
	"github.com/octolink/octolink/pbx/sim"
	"github.com/octolink/octolink/plugins"
)

// memory is storage, journal and kept events of a test.
type memory struct {
	mu     sync.Mutex
	values map[string][]byte
	kept   []pbx.Event
	posted []posted
}

func (m *memory) PluginValue(_ context.Context, plugin, key string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.values[plugin+"/"+key], nil
}

func (m *memory) SetPluginValue(_ context.Context, plugin, key string, value []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if key == "full" {
		return plugins.ErrFull
	}
	m.values[plugin+"/"+key] = value
	return nil
}

func (m *memory) DeletePluginValue(_ context.Context, plugin, key string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.values, plugin+"/"+key)
	return nil
}

func (m *memory) PluginKeys(_ context.Context, plugin, prefix string) ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var keys []string
	for k := range m.values {
		if key, ok := strings.CutPrefix(k, plugin+"/"); ok && strings.HasPrefix(key, prefix) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys, nil
}

func (m *memory) Calls(_ context.Context, q plugins.JournalQuery) ([]pbx.CallRecord, error) {
	return make([]pbx.CallRecord, len(q.Logins)+q.Limit), nil
}

func (m *memory) Since(_ context.Context, number int64, _ int) ([]pbx.Event, error) {
	var found []pbx.Event
	for _, e := range m.kept {
		if e.Number > number {
			found = append(found, e)
		}
	}
	return found, nil
}

// withHost gives a house telephones and the rest of what plugins may ask for.
func (h *house) withHost() (*pbx.Switch, *memory) {
	d, err := pbx.NewDirectory(pbx.Config{Users: []pbx.User{
		{Login: "alice", Numbers: []string{"300"}, Dial: []string{"*"}}, {Login: "boris", Name: "boris", Numbers: []string{"301"}},
	}, Queues: []pbx.Queue{{Number: "700", Name: "sales"}}})
	if err != nil {
		h.t.Fatal(err)
	}
	m := &memory{values: map[string][]byte{}}
	sw := pbx.NewSwitch(pbx.Options{Driver: sim.New(sim.Options{}), Directory: d, NextEvent: 100})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- sw.Run(ctx) }()
	h.t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			h.t.Error(err)
		}
	})
	h.o.Host = &plugins.Host{Switch: sw, Journal: m, Storage: m, Kept: m, Deliveries: m, Retry: time.Millisecond}
	return sw, m
}

// ask lets the plugin ask the server for something.
func (h *house) ask(plugin, what, user, key string, n int) (string, error) {
	out, err := h.call(plugin+".host", crm.Value{Key: "what", Value: what}, crm.Value{Key: "user", Value: user},
		crm.Value{Key: "key", Value: key}, crm.Value{Key: "n", Value: crm.Number(fmt.Sprint(n))})
	v, _ := out.Get("text")
	text, _ := v.(string)
	return text, err
}

const everything = `allow: {events: ["*"], commands: ["*"], users: ["*"], lookup: true, journal: true, storage: true, notify: true}`

func TestHostServices(t *testing.T) {
	h := newHouse(t)
	sw, _ := h.withHost()
	h.add("a", "good", everything)
	h.add("b", "good", everything)
	h.run()
	h.state("a", plugins.Running)
	h.state("b", plugins.Running)
	if err := sw.Connect(t.Context(), "alice"); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		what, user, key string
		n               int
		want, fault     string
	}{
		{"lookup", "", "300", 0, "alice", ""},
		{"lookup", "", "999", 0, "", ""},
		{"users", "", "", 0, "2", ""},
		{"number", "", "301", 0, "boris boris 0", ""},
		{"number", "", "700", 0, "sales  1", ""},
		{"number", "", "999", 0, "  0", ""},
		{"numbers", "", "", 0, "3", ""},
		{"journal", "alice", "", 0, "101", ""},
		{"set", "", "k1", 5, "", ""},
		{"get", "", "k1", 0, "5 false", ""},
		{"set", "", "empty", 0, "", ""},
		{"get", "", "empty", 0, "0 false", ""},
		{"get", "", "none", 0, "0 true", ""},
		{"keys", "", "k", 0, "k1", ""},
		{"set", "", "", 1, "", "a key has 1 to 256 bytes"},
		{"set", "", strings.Repeat("k", 257), 1, "", "a key has 1 to 256 bytes"},
		{"set", "", "big", 256<<10 + 1, "", "a value has at most"},
		{"set", "", "full", 1, "", "storage is full"},
		{"delete", "", "k1", 0, "", ""},
		{"get", "", "k1", 0, "0 true", ""},
		{"dial", "boris", "8999", 0, "", "not allowed"},
		{"dial", "nobody", "301", 0, "", "no such user"},
		{"hangup", "alice", "", 0, "", "not possible in the present state"},
		{"no command", "alice", "", 0, "", "no command that this server knows"},
		{"notify", "alice", "", 4097, "", "at most 4096 bytes"},
		{"notify", "alice", "", 10, "", ""},
		{"notify", "nobody", "", 10, "", "no such user"},
	} {
		got, err := h.ask("a", tt.what, tt.user, tt.key, tt.n)
		switch {
		case tt.fault == "" && (err != nil || got != tt.want):
			t.Errorf("%s %s%s: got %q %v, want %q", tt.what, tt.user, tt.key, got, err, tt.want)
		case tt.fault != "" && (err == nil || !strings.Contains(err.Error(), tt.fault)):
			t.Errorf("%s %s%.9s: got %v, want %q", tt.what, tt.user, tt.key, err, tt.fault)
		}
	}
	if chain, err := h.ask("a", "dial", "alice", "301", 0); err != nil || len(chain) != 36 {
		t.Errorf("got %q %v", chain, err)
	}
	if _, err := h.ask("a", "hangup", "alice", "", 0); err != nil {
		t.Error(err)
	}
	// What one plugin stores, another one does not see.
	if _, err := h.ask("a", "set", "", "secret", 3); err != nil {
		t.Fatal(err)
	}
	if got, err := h.ask("b", "get", "", "secret", 0); err != nil || got != "0 true" {
		t.Errorf("got %q %v", got, err)
	}
}

// A plugin can do nothing through the server that its manifest does not list.
func TestNothingIsAllowedThatIsNotListed(t *testing.T) {
	h := newHouse(t)
	h.withHost()
	h.add("none", "good", "")
	h.add("some", "good", "allow: {events: [callrecord], commands: [hangup], users: [boris], notify: true}")
	h.run()
	h.state("none", plugins.Running)
	h.state("some", plugins.Running)
	for _, tt := range []struct{ plugin, what, user, want string }{
		{"none", "events", "", "does not allow events"},
		{"none", "dial", "alice", "does not allow the command dial"},
		{"none", "lookup", "", "does not allow lookup"},
		{"none", "users", "", "does not allow lookup"},
		{"none", "journal", "", "does not allow journal"},
		{"none", "set", "", "does not allow storage"},
		{"none", "get", "", "does not allow storage"},
		{"none", "delete", "", "does not allow storage"},
		{"none", "keys", "", "does not allow storage"},
		{"none", "notify", "alice", "does not allow notify"},
		{"none", "deliver", "", "does not allow deliver"},
		{"some", "deliver", "", "does not allow deliver"},
		{"some", "dial", "boris", "does not allow the command dial"},
		{"some", "hangup", "alice", "does not allow commands for alice"},
		{"some", "notify", "alice", "does not allow notices for alice"},
		{"some", "lookup", "", "does not allow lookup"},
	} {
		if got, err := h.ask(tt.plugin, tt.what, tt.user, "k", 1); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %s: got %q %v, want %q", tt.plugin, tt.what, got, err, tt.want)
		}
	}
	// Without a server behind it, there is nothing at all.
	h2 := newHouse(t)
	h2.add("a", "good", everything)
	h2.run()
	h2.state("a", plugins.Running)
	if _, err := h2.ask("a", "lookup", "", "k", 1); err == nil || !strings.Contains(err.Error(), "the manifest allows nothing") {
		t.Errorf("got %v", err)
	}
}

func TestEventsSince(t *testing.T) {
	h := newHouse(t)
	sw, m := h.withHost()
	m.kept = []pbx.Event{
		{Number: 40, Login: "alice", What: pbx.CallRecorded{}}, {Number: 60, Login: "boris", What: pbx.CallRecorded{}},
		{Number: 5000, Login: "boris", What: pbx.CallRecorded{}},
	}
	h.add("a", "good", everything)
	h.add("narrow", "good", "allow: {events: [notification]}")
	h.run()
	h.state("a", plugins.Running)
	h.state("narrow", plugins.Running)
	if err := sw.Connect(t.Context(), "alice"); err != nil {
		t.Fatal(err)
	}
	if _, err := sw.Notify(t.Context(), "alice", "test", "hello"); err != nil {
		t.Fatal(err)
	}
	got, err := h.ask("a", "events", "", "", 50)
	if err != nil || !strings.HasPrefix(got, "gap 50-100 callrecord/boris ") || !strings.Contains(got, " statechanged/alice ") || !strings.HasSuffix(got, " notification/alice") {
		t.Errorf("got %q %v", got, err)
	}
	if got, err := h.ask("a", "events", "", "", 99); err != nil || strings.Contains(got, "gap") || !strings.Contains(got, "statechanged/alice") {
		t.Errorf("got %q %v", got, err)
	}
	if got, err := h.ask("narrow", "events", "", "", 99); err != nil || got != "notification/alice" {
		t.Errorf("got %q %v", got, err)
	}
}

func TestHTTP(t *testing.T) {
	h := newHouse(t)
	h.withHost()
	h.add("a", "good", "allow: {http: true, paths: [/vendor/hook], lookup: true}")
	h.add("quiet", "good", "")
	h.run()
	h.state("a", plugins.Running)
	h.state("quiet", plugins.Running)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if to := h.m.Route(r); to != nil {
			to.ServeHTTP(w, r)
			return
		}
		http.NotFound(w, r)
	}))
	t.Cleanup(server.Close)
	host := strings.TrimPrefix(server.URL, "http://")
	for _, tt := range []struct{ path, want string }{
		{"/a/x/y?q=1", "GET /x/y?q=1 " + host + " 127.0.0.1 0 true"},
		{"/a", "GET / " + host + " 127.0.0.1 0 true"},
		{"/vendor/hook", "GET /vendor/hook " + host + " 127.0.0.1 0 true"},
		{"/vendor/hook/x", "404 page not found\n"}, {"/ab", "404 page not found\n"}, {"/quiet/x", "404 page not found\n"},
	} {
		if _, got := get(t, server.URL+tt.path); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.path, got, tt.want)
		}
	}
	r, err := http.Post(server.URL+"/a/post", "text/plain", strings.NewReader(strings.Repeat("x", 1<<20)))
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(r.Body)
	r.Body.Close()
	if !strings.HasPrefix(string(body), "POST /post ") || !strings.Contains(string(body), " 1048576 ") {
		t.Errorf("got %q", body)
	}
	h.echoes("ws://" + host + "/a/socket")
	if err := h.m.Disable(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	if code, _ := get(t, server.URL+"/a/x"); code != http.StatusServiceUnavailable {
		t.Errorf("of a plugin that does not run: got %d", code)
	}
}

func (h *house) echoes(url string) {
	h.t.Helper()
	conn, _, _, err := ws.Dial(h.t.Context(), url)
	if err != nil {
		h.t.Fatal(err)
	}
	defer conn.Close()
	if err := wsutil.WriteClientText(conn, []byte("hello")); err != nil {
		h.t.Fatal(err)
	}
	if got, err := wsutil.ReadServerText(conn); err != nil || string(got) != "hello" {
		h.t.Errorf("got %q %v", got, err)
	}
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	r, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r.StatusCode, string(body)
}

func TestPathsOfTwoPlugins(t *testing.T) {
	h := newHouse(t)
	h.o.Reserved = []string{"/upload"}
	h.add("a", "good", "allow: {http: true}")
	h.add("b", "good", "allow: {paths: [/a/b]}")
	h.add("upload", "good", "allow: {http: true}")
	h.run()
	h.eventually(func() bool {
		refused := 0
		for _, s := range h.m.List() {
			if s.State == plugins.Refused && (strings.Contains(s.Reason, "the path /a/b is the plugin ") || strings.Contains(s.Reason, "/upload is the server's own")) {
				refused++
			}
		}
		return refused == 2
	}, func() string { return fmt.Sprintf("%+v", h.m.List()) })
}
