package methods_test

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/octolink/octolink/pbx"
	"github.com/octolink/octolink/protocol/methods"
)

const (
	aliceID  = "a11ce000-1111-4111-8111-111111111111"
	borisID  = "b0215000-2222-4222-8222-222222222222"
	veraID   = "7e2a0000-3333-4333-8333-333333333333"
	dmitryID = "d3171200-4444-4444-8444-444444444444"
	elenaID  = "e1e7a000-5555-4555-8555-555555555555"
	salesID  = "5a1e5000-6666-4666-8666-666666666666"
)

var fixedIDs = []string{aliceID, borisID, veraID, dmitryID, elenaID, salesID}

// testConfig is who exists in transcripts: four users with phones and one without.
func testConfig(setup string) pbx.Config {
	sales := pbx.Department{ID: salesID, Name: "Sales"}
	all := []string{"*"}
	c := pbx.Config{
		Departments: []pbx.Department{sales},
		Users: []pbx.User{
			{ID: aliceID, Login: "alice", Name: "Alice Ivanova", Numbers: []string{"300"}, Department: sales, Subordinates: []string{"boris"}, Operator: true, Dial: all},
			{ID: borisID, Login: "boris", Name: "Boris Petrov", Numbers: []string{"301", "78005550301"}, Department: sales, Operator: true, Dial: all},
			{ID: veraID, Login: "vera", Name: "Вера Орлова", Numbers: []string{"302"}, Supervisor: true, Dial: all},
			{ID: dmitryID, Login: "dmitry", Name: "Dmitry Smirnov", Numbers: []string{"303"}, Dial: []string{"3xx"}},
			{ID: elenaID, Login: "elena", Name: "Elena Volkova"},
		},
		Queues: []pbx.Queue{{Number: "700", Name: "sales", Members: []string{"alice", "boris"}, Ring: 20 * time.Second, Retry: 5 * time.Second, Strategy: "longest-idle"}},
		Breaks: []pbx.Break{{ID: 1, Name: "Technical"}, {ID: 4, Name: "Lunch"}},
	}
	if setup == "flows" {
		c.Flows = []pbx.FlowNumber{{Match: "900", Flow: "welcome", Fallback: "queue:700"}, {Match: "7495*", Flow: "welcome"}}
	}
	if setup == "recorded" {
		return withRecordedUser(c)
	}
	return c
}

// memory is a pbx.Memory and a journal without a disk.
type memory struct {
	mu      sync.Mutex
	records []pbx.CallRecord
	events  []methods.KeptEvent
	newest  int64
	marks   map[string]int64
}

func (m *memory) OpenCall(r pbx.CallRecord) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.records = append(m.records, r)
}

func (m *memory) CloseCall(r pbx.CallRecord) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range m.records {
		if m.records[i].ID == r.ID {
			m.records[i] = r
		}
	}
}

func (m *memory) SaveState(string, pbx.SavedState) {}

// SaveEvent keeps what is delivered to CRMs.
func (m *memory) SaveEvent(e pbx.Event) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.newest = e.Number
	switch what := e.What.(type) {
	case pbx.CallRecorded:
		m.events = append(m.events, methods.KeptEvent{Number: e.Number, Kind: "callrecord", Login: e.Login, Record: what.Record, At: e.At})
	case pbx.Notified:
		m.events = append(m.events, methods.KeptEvent{Number: e.Number, Kind: "notification", Login: e.Login, Notice: what.Notice, At: e.At})
	}
}

func (m *memory) Since(_ context.Context, number int64, limit int) (out []methods.KeptEvent, _ error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if number < 0 {
		return nil, &methods.GoneError{Oldest: 1}
	}
	for _, e := range m.events {
		if e.Number > number && len(out) < limit {
			out = append(out, e)
		}
	}
	return out, nil
}

func (m *memory) Delivered(_ context.Context, link string) (int64, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n, ok := m.marks[link]
	return n, ok, nil
}

func (m *memory) SetDelivered(link string, number int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.marks == nil {
		m.marks = make(map[string]int64)
	}
	m.marks[link] = number
}

func (m *memory) Newest(context.Context) (int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.newest, nil
}

// Journal filters as far as transcripts ask.
func (m *memory) Journal(_ context.Context, q methods.JournalQuery) (out []pbx.CallRecord, _ error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, r := range slices.Backward(m.records) {
		if (q.Logins == nil || slices.Contains(q.Logins, r.Login)) && (q.Chain == "" || q.Chain == r.Chain) &&
			(q.Direction == "" || q.Direction == r.Direction) && r.Talked() >= q.MinTalk &&
			(!q.Queued || r.Queue != "") && !r.Started.Before(q.From) && (q.To.IsZero() || r.Started.Before(q.To)) {
			out = append(out, r)
		}
	}
	return out[min(q.Skip, len(out)):min(q.Skip+q.Limit, len(out))], nil
}

// desk is accounts, settings, photos and the rest without a disk.
type desk struct {
	mu        sync.Mutex
	passwords map[string]string // login → md5
	sessions  map[string]string
	memory    *memory
}

func newDesk(dir *pbx.Directory, m *memory) *desk {
	d := &desk{passwords: make(map[string]string), sessions: make(map[string]string), memory: m}
	cased, _ := methods.PasswordMD5("demo")
	for _, u := range dir.Users() {
		d.passwords[u.Login] = cased
	}
	return d
}

func (d *desk) CheckPassword(_ context.Context, login, cased, _ string) (bool, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	want, ok := d.passwords[strings.ToLower(login)]
	return ok && want == cased, nil
}

func (d *desk) MayLogIn(login string) bool { return login != "dmitry" }

func (d *desk) ChangePassword(_ context.Context, login, cased string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.passwords[login] = cased
	return nil
}

func (d *desk) NewSession(_ context.Context, login string, _ time.Duration) (string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	id := randomHex()
	d.sessions[id] = login
	return id, nil
}

func (d *desk) Session(_ context.Context, id string) (string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if login := d.sessions[id]; login != "" {
		return login, nil
	}
	return "", methods.ErrNoSession
}

func (d *desk) EndSession(_ context.Context, id string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.sessions, id)
	return nil
}

func (d *desk) EndSessions(_ context.Context, login, except string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	for id, l := range d.sessions {
		if l == login && id != except {
			delete(d.sessions, id)
		}
	}
	return nil
}

func (d *desk) SaveRule(context.Context, pbx.RedirectRule) error    { return nil }
func (d *desk) DeleteRules(context.Context, string, []string) error { return nil }
func (d *desk) Sync(context.Context) error                          { return nil }
func (d *desk) Allowed(login string) []string                       { return []string{"todays_calls"} }
func (d *desk) Links(login string) (full, s32, s96 string, ok bool) {
	if login != "boris" {
		return "", "", "", false
	}
	return "/photo/b.jpg", "/photo/b32.jpg", "/photo/b96.jpg", true
}

// Run has one procedure: it echoes its parameter.
func (d *desk) Run(_ context.Context, name, login string, params map[string]any) (methods.Dataset, error) {
	if name != "todays_calls" {
		return methods.Dataset{}, methods.ErrNoProcedure
	}
	if params["broken"] != nil {
		return methods.Dataset{}, fmt.Errorf("disk on fire")
	}
	return methods.Dataset{Columns: []string{"login", "n"}, Rows: [][]any{{login, params["n"]}}}, nil
}

func (d *desk) Use(_ context.Context, login, path string) error {
	if path != "upload/"+login {
		return methods.ErrNoUpload
	}
	return nil
}

// Issue answers the pass's request at once when a copy is wanted.
func (d *desk) Issue(_ string, answered func(password, status, body string)) (string, error) {
	pass := randomHex()
	if answered != nil {
		time.AfterFunc(time.Millisecond, func() { answered(pass, "200 OK", "<body/>") })
	}
	return pass, nil
}

func randomHex() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b)
	return hex.EncodeToString(b)
}
