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

	"github.com/octolink/octolink/plugins"
)

// posted is one row of the outbox of a test.
type posted struct {
	plugins.Delivery
	plugin, endpoint string
	over             bool
	failure          string
}

func (m *memory) AddPluginDelivery(_ context.Context, plugin, endpoint, key string, request []byte) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if key == "full" {
		return false, plugins.ErrFull
	}
	for _, p := range m.posted {
		if p.plugin == plugin && p.endpoint == endpoint && p.Key == key {
			return true, nil
		}
	}
	d := plugins.Delivery{N: int64(len(m.posted)), Key: key, At: time.Now(), Request: request}
	m.posted = append(m.posted, posted{Delivery: d, plugin: plugin, endpoint: endpoint})
	return false, nil
}

func (m *memory) NextPluginDelivery(_ context.Context, plugin, endpoint string) (*plugins.Delivery, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, p := range m.posted {
		if p.plugin == plugin && p.endpoint == endpoint && !p.over {
			return &p.Delivery, nil
		}
	}
	return nil, nil
}

func (m *memory) EndPluginDelivery(_ context.Context, n int64, failure string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.posted[n].over, m.posted[n].failure = true, failure
	return nil
}

func (m *memory) PluginDeliveries(_ context.Context, plugin string) (open, failed int, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, p := range m.posted {
		switch {
		case p.plugin != plugin:
		case !p.over:
			open++
		case p.failure != "":
			failed++
		}
	}
	return open, failed, nil
}

// A receiver is an address outside that answers as it is told.
type receiver struct {
	*httptest.Server
	mu   sync.Mutex
	got  []string
	code func(n int, body string) int // n counts from 1
}

func receive(t *testing.T, code func(n int, body string) int) *receiver {
	r := &receiver{code: code}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, in *http.Request) {
		body, err := io.ReadAll(in.Body)
		if err != nil {
			return
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.got = append(r.got, fmt.Sprintf("%s %s %s %s", in.Method, in.URL, in.Header.Get("Idempotency-Key"), body))
		code := r.code(len(r.got), string(body))
		if code == http.StatusFound {
			w.Header().Set("Location", "/elsewhere")
		}
		w.WriteHeader(code)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) all() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.got)
}

// What a plugin delivers arrives in its order, once, however often the other end refuses.
func TestDeliver(t *testing.T) {
	r := receive(t, func(n int, _ string) int {
		switch n {
		case 1:
			return http.StatusServiceUnavailable
		case 2:
			return http.StatusTooManyRequests
		case 3:
			return http.StatusFound // is not followed
		}
		return http.StatusNoContent
	})
	h := newHouse(t)
	h.withHost()
	h.add("a", "good", fmt.Sprintf("allow: {deliver: {crm: %q}}", r.URL+"/base?a=1"))
	h.run()
	h.state("a", plugins.Running)
	for _, d := range []struct {
		key, body string
		n         int
		known     string
	}{{"k1", "one", 0, "false"}, {"k2", "two", 1, "false"}, {"k1", "one", 0, "true"}, {"k3", "three", 0, "false"}} {
		if known, err := h.ask("a", "deliver", d.body, "crm/"+d.key, d.n); err != nil || known != d.known {
			t.Errorf("%s: got %q %v", d.key, known, err)
		}
	}
	one := "POST /base?a=1 k1 one"
	want := []string{one, one, one, one, "PUT /base/sub/x?a=1&b=2 k2 two", "POST /base?a=1 k3 three"}
	h.until("a", func(s plugins.Status) bool { return s.Undelivered == 0 })
	if got := r.all(); !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	h.logged("plugin=a", "a delivery is tried again", "endpoint=crm", "key=k1", "302 Found")
}

// One that the other end will never take does not hold up the others for ever.
func TestDeliveryThatIsGivenUp(t *testing.T) {
	r := receive(t, func(_ int, body string) int {
		if body == "bad" {
			return http.StatusUnprocessableEntity
		}
		return http.StatusOK
	})
	h := newHouse(t)
	_, m := h.withHost()
	h.add("a", "good", fmt.Sprintf("allow: {deliver: {crm: %q}}", r.URL))
	h.run()
	h.state("a", plugins.Running)
	for _, body := range []string{"bad", "good"} {
		if _, err := h.ask("a", "deliver", body, "crm/"+body, 0); err != nil {
			t.Fatal(err)
		}
	}
	s := h.until("a", func(s plugins.Status) bool { return s.Undelivered == 0 })
	if got := r.all(); s.GivenUp != 1 || len(got) != 11 || got[10] != "POST / good good" {
		t.Errorf("got %+v, %q", s, got)
	}
	h.logged("a delivery is given up", "key=bad", "422")
	m.mu.Lock()
	defer m.mu.Unlock()
	if !strings.Contains(m.posted[0].failure, "422") {
		t.Errorf("got %+v", m.posted[0])
	}
}

// What is on its way stays there as long as nobody listens, and while the plugin is disabled.
func TestDeliveriesWait(t *testing.T) {
	r := receive(t, func(int, string) int { return http.StatusOK })
	address := r.URL
	r.Close()
	h := newHouse(t)
	h.withHost()
	h.add("a", "good", fmt.Sprintf("allow: {deliver: {crm: %q}}", address))
	h.run()
	h.state("a", plugins.Running)
	if _, err := h.ask("a", "deliver", "x", "crm/k", 0); err != nil {
		t.Fatal(err)
	}
	h.logged("a delivery is tried again", "key=k", "refused")
	if err := h.m.Disable(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	if s := h.state("a", plugins.Disabled); s.Undelivered != 1 || s.GivenUp != 0 {
		t.Errorf("got %+v", s)
	}
	there := receive(t, func(int, string) int { return http.StatusOK })
	h.write("a", fmt.Sprintf("binary: %s\nargs: [good]\nsha256: %x\nallow: {deliver: {crm: %q}}\n", self(t), selfSum(t), there.URL))
	if err := h.m.Enable(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	h.until("a", func(s plugins.Status) bool { return s.Undelivered == 0 })
	if got := there.all(); !slices.Equal(got, []string{"POST / k x"}) {
		t.Errorf("got %q", got)
	}
}

func TestDeliveriesThatAreNone(t *testing.T) {
	h := newHouse(t)
	_, m := h.withHost()
	h.add("a", "good", `allow: {deliver: {crm: "http://127.0.0.1:1/base"}}`)
	h.run()
	h.state("a", plugins.Running)
	for _, tt := range []struct {
		key  string
		n    int
		want string
	}{
		{"other/k", 0, "does not allow deliveries to other"}, {"/k", 0, "does not allow deliveries to"},
		{"crm/", 0, "a key has 1 to 256"}, {"crm/ä", 0, "a key has 1 to 256"}, {"crm/" + strings.Repeat("k", 257), 0, "a key has 1 to 256"},
		{"crm/k", 2, "GET"}, {"crm/k", 3, "dots"}, {"crm/k", 4, "path: want"}, {"crm/k", 5, "headers:"}, {"crm/k", 6, "headers:"},
		{"crm/k", 7, "body: more than 256 KiB"}, {"crm/k", 8, "path: want"}, {"crm/full", 0, "storage is full"},
	} {
		if got, err := h.ask("a", "deliver", "x", tt.key, tt.n); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%.16s %d: got %q %v, want %q", tt.key, tt.n, got, err, tt.want)
		}
	}
	if len(m.posted) != 0 {
		t.Errorf("got %+v", m.posted)
	}
}

var _ plugins.Deliveries = (*memory)(nil)
