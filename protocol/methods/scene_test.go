package methods_test

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/octolink/octolink/crm"
	"github.com/octolink/octolink/pbx"
	"github.com/octolink/octolink/pbx/sim"
	"github.com/octolink/octolink/protocol"
	"github.com/octolink/octolink/protocol/methods"
	"github.com/octolink/octolink/protocol/wire"
)

// A scene is a whole server with the simulator, and clients that talk to it.
type scene struct {
	t      *testing.T
	net    network
	format wire.Format
	sim    *sim.Sim
	engine *protocol.Engine
	api    *methods.API
	sw     *pbx.Switch
	memory *memory
	outbox *failing
	tabs   []*tab
	ids    map[string]string // real id → $n
	stop   func()

	mu    sync.Mutex
	said  []string   // results of what an operator did
	conns []*crmConn // of CRMs that answer by themselves
	asked int        // their requests

	flows sync.WaitGroup // calls that the flow leads

	customs []methods.CustomEvent // that the server heard
}

// welcome is the flow of transcripts: it asks for a key, has boris rung, and thanks for the call.
func welcome(ctx context.Context, c *pbx.Led) {
	defer c.Fallback(ctx) //nolint:errcheck // the scene may be over
	key, err := c.Play(ctx, pbx.Prompt{Text: "Welcome. Press one for sales, two for accounts, three to hear this again.", Keys: "123456789"})
	if err != nil {
		return
	}
	if err := c.Tag("menu", key); err != nil {
		return
	}
	if _, err := c.Ring(ctx, pbx.RingRequest{To: []string{"boris"}}); err != nil {
		return
	}
	if _, err := c.Play(ctx, pbx.Prompt{Text: "Thank you for calling."}); err != nil {
		return
	}
	_ = c.Hangup(ctx, pbx.CauseNormal)
}

func newScene(t *testing.T, format wire.Format, setup string) *scene {
	t.Helper()
	return newSceneOver(t, inMemory{}, format, setup)
}

func newSceneOver(t *testing.T, net network, format wire.Format, setup string) *scene {
	t.Helper()
	s := &scene{t: t, net: net, format: format, ids: make(map[string]string)}
	dir, err := pbx.NewDirectory(testConfig(setup))
	if err != nil {
		t.Fatal(err)
	}
	s.sim = sim.New(sim.Options{})
	memory := &memory{}
	sw := pbx.NewSwitch(pbx.Options{Driver: s.sim, Directory: dir, Memory: memory})
	s.sw = sw
	if setup == "flows" {
		sw.Lead(func(c *pbx.Led) { s.flows.Go(func() { welcome(s.t.Context(), c) }) })
	}
	desk := newDesk(dir, memory)
	s.memory, s.outbox = memory, &failing{Outbox: memory}
	services := &services{}
	api := methods.New(methods.Options{
		OnCustom: s.hear, Services: services, Outbox: s.outbox, Switch: sw, Accounts: desk, Settings: desk, Journal: memory, Procedures: desk, Photos: desk, Passes: desk,
		Version: methods.Version{Build: "2.13.0.210101", Dated: 210101}, Zone: time.UTC,
		Redirect: setup == "redirect",
	})
	services.api = api
	s.engine = protocol.NewEngine(protocol.Options{
		Table: api.Table(), Events: methods.Events(), Errors: methods.ReplyError, Gone: api.Gone,
		Resolve: api.Resolve, Links: api.Hooks(), ServerEvents: methods.ServerEvents, TunnelEvents: methods.TunnelEvents,
	})
	// Tabs whose names begin with the name of a link are the CRM's channels.
	s.engine.AddLink(protocol.LinkOptions{Name: "crm", Trust: true, Multipart: 2048, RingingForm: "card"})
	s.engine.AddLink(protocol.LinkOptions{Name: "stranger", Users: []string{"alice", "boris"}})
	s.api = api
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 2)
	go func() { done <- sw.Run(ctx) }()
	go func() { done <- s.engine.Run(ctx) }()
	if err := api.Start(ctx, s.engine.Hub(), nil); err != nil {
		t.Fatal(err)
	}
	synctest.Wait()
	s.stop = func() {
		for _, tab := range s.tabs {
			tab.hangUp()
		}
		synctest.Wait()
		api.Close()
		cancel()
		<-done
		<-done
		s.flows.Wait()
	}
	return s
}

func (s *scene) hear(e methods.CustomEvent) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.customs = append(s.customs, e)
}

func (s *scene) end() { s.stop() }

// do plays one line of input and lets a second pass.
func (s *scene) do(line string) {
	f := strings.SplitN(line, " ", 3)
	switch {
	case f[0] == "wait":
		d, err := time.ParseDuration(f[1])
		if err != nil {
			s.t.Fatal(err)
		}
		s.pass(d)
	case f[0] == "pbx" && f[1] == "!":
		s.pbx(strings.Fields(f[2]))
	case f[0] == "server" && f[1] == "!":
		s.server(strings.Fields(f[2]))
	case f[1] == ">":
		s.tab(f[0]).send(s.real(f[2]))
	case f[1] == "gone":
		s.tab(f[0]).hangUp()
	case f[1] == "answers" && f[2] == "pings":
		s.tab(f[0]).live()
	default:
		s.t.Fatalf("not a line of a transcript: %s", line)
	}
	s.pass(time.Second)
}

// pass lets time pass; everything that is due happens in it.
func (s *scene) pass(d time.Duration) {
	synctest.Wait()
	<-time.After(d)
	synctest.Wait()
}

func (s *scene) pbx(f []string) {
	ctx := s.t.Context()
	var err error
	switch f[0] {
	case "ring":
		_, err = s.sim.Ring(ctx, f[1], f[2])
	case "answer":
		err = s.sim.AnswerPhone(ctx, f[1])
	case "reject":
		err = s.sim.Reject(ctx, f[1])
	case "hangup":
		err = s.sim.HangupPhone(ctx, f[1])
	case "press":
		err = s.sim.Press(ctx, f[1], f[2])
	case "busy":
		err = s.sim.SetBusy(ctx, f[1], f[2] == "on")
	default:
		err = fmt.Errorf("unknown: %s", f[0])
	}
	if err != nil {
		s.t.Fatalf("pbx ! %s: %v", strings.Join(f, " "), err)
	}
}

// tab finds a client, or opens its channel.
func (s *scene) tab(name string) *tab {
	for _, t := range s.tabs {
		if t.name == name {
			return t
		}
	}
	t := newTab(s, name)
	s.tabs = append(s.tabs, t)
	return t
}

// heard is what all tabs got since the last time, and the phones' states that changed.
func (s *scene) heard() string {
	var out strings.Builder
	s.mu.Lock()
	for _, line := range s.said {
		fmt.Fprintf(&out, "server < %s\n", s.symbolic(line))
	}
	s.said = nil
	s.mu.Unlock()
	for _, t := range s.tabs {
		for _, line := range t.take() {
			fmt.Fprintf(&out, "%s %s\n", t.name, s.symbolic(line))
		}
	}
	for _, t := range s.tabs {
		if state := t.phoneState(); state != t.told {
			t.told = state
			fmt.Fprintf(&out, "%s = %s\n", t.name, state)
		}
	}
	return out.String()
}

// A guid, a session or a one-time password, alone or at the end of a path.
var idPattern = regexp.MustCompile(`(["/])([0-9a-f]{8}-[0-9a-f]{4}-[47][0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{32})"`)

// symbolic writes the server's own ids as $1, $2 …
func (s *scene) symbolic(line string) string {
	return idPattern.ReplaceAllStringFunc(line, func(quoted string) string {
		id := quoted[1 : len(quoted)-1]
		if slices.Contains(fixedIDs, id) {
			return quoted
		}
		if s.ids[id] == "" {
			s.ids[id] = fmt.Sprintf("$%d", len(s.ids)+1)
		}
		return quoted[:1] + s.ids[id] + `"`
	})
}

// real is the opposite of symbolic.
func (s *scene) real(line string) string {
	for id, symbol := range s.ids {
		line = strings.ReplaceAll(line, `"`+symbol+`"`, `"`+id+`"`)
	}
	return line
}

// compact writes a decoded message as the JSON of transcripts, whatever format it came in.
func compact(name string, fields wire.Object) string {
	b, err := wire.Append(nil, wire.JSON, name, "", fields)
	if err != nil || !json.Valid(b) {
		return fmt.Sprintf("%s: cannot be shown: %v", name, err)
	}
	return string(b)
}

// server does what an operator does from a shell: call METHOD key=value, show FORM user key=value,
// notify user text. What comes of it is shown like a frame.
func (s *scene) server(f []string) {
	said := func(format string, args ...any) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.said = append(s.said, fmt.Sprintf(format, args...))
	}
	switch f[0] {
	case "notify":
		if _, err := s.sw.Notify(s.t.Context(), f[1], "desk", strings.Join(f[2:], " ")); err != nil {
			said("error %v", err)
		}
	case "call":
		go func() {
			out, err := s.api.CRMs().Invoke(s.t.Context(), f[1], crm.Call{In: valuesOf(f[2:]), User: userOf(f[2:]), Late: lateOf(f[2:])})
			said("result %v %v", out, err)
		}()
	case "show":
		w, err := s.api.OpenForm(f[2], f[1], valuesOf(f[3:]))
		if err != nil {
			said("error %v", err)
			return
		}
		go func() {
			r, err := w.Wait(s.t.Context())
			said("entered %q %v %v", r.Button, r.Values, err)
		}()
	case "catalog":
		for _, p := range s.api.CRMs().Providers() {
			c := p.Catalog()
			said("%s offers %d methods %d forms, faults %q", p.Name(), len(c.Methods), len(c.Forms), c.Faults)
		}
	default:
		s.t.Fatalf("unknown: server ! %v", f)
	}
}

func valuesOf(args []string) (in crm.Values) {
	for _, a := range args {
		if key, value, ok := strings.Cut(a, "="); ok {
			in = append(in, crm.Value{Key: key, Value: value})
		}
	}
	return in
}

func userOf(args []string) string {
	for _, a := range args {
		if user, ok := strings.CutPrefix(a, "@"); ok {
			return user
		}
	}
	return ""
}

func lateOf(args []string) int {
	if slices.Contains(args, "late") {
		return 10_000
	}
	return 0
}
