package crmsim_test

import (
	"errors"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/octolink/octolink/crmsim"
	"github.com/octolink/octolink/protocol/wire"
	"github.com/octolink/octolink/transports"
)

func introduced(t *testing.T, o crmsim.Options) (*crmsim.CRM, *pbx) {
	t.Helper()
	c, p := connect(t, o)
	p.introduce()
	if err := c.Ready(within(t)); err != nil {
		t.Fatal(err)
	}
	return c, p
}

func inject(t *testing.T, c *crmsim.CRM, fault string) {
	t.Helper()
	var f crmsim.Fault
	if err := f.UnmarshalText([]byte(fault)); err != nil {
		t.Fatal(err)
	}
	if err := c.Inject(f); err != nil {
		t.Fatal(err)
	}
}

var run79 = wire.Object{
	{Key: "methodkey", Value: "responsible"}, {Key: "inputparameters", Value: wire.Object{{Key: "phone", Value: "79161234567"}}},
	{Key: "sessionid", Value: "S"}, {Key: "executionid", Value: "E"},
}

func TestAnswerFaults(t *testing.T) {
	c, p := introduced(t, crmsim.Options{})
	ask := func(qid string) { p.tell("executemethod", qid, run79) }

	inject(t, c, "silent@executemethod")
	ask("1")
	ask("2")
	if got := get(p.want("methodresult"), "qid"); got != "2" {
		t.Errorf("silent: answered %v", got)
	}

	inject(t, c, "twice")
	ask("3")
	for range 2 {
		if got := get(p.want("methodresult"), "qid"); got != "3" {
			t.Errorf("twice: %v", got)
		}
	}

	inject(t, c, "fail@executemethod*2")
	for range 2 {
		ask("4")
		if o := p.want("methodresult"); get(o, "errorcode") != wire.Number("500") {
			t.Errorf("fail: %v", o)
		}
	}

	inject(t, c, "foreign")
	ask("5")
	if o := p.want("methodresult"); get(o, "qid") == "5" || get(o, "executionid") == "E" || get(o, "sessionid") == "S" {
		t.Errorf("foreign: %v", o)
	}

	// Cancelled, and answered all the same.
	inject(t, c, "late@executemethod:1ms")
	ask("6")
	p.tell("cancelmethod", "7", wire.Object{{Key: "executionid", Value: "E"}})
	if got := get(p.want("methodresult"), "qid"); got != "6" {
		t.Errorf("late: %v", got)
	}

	inject(t, c, "garbage@executemethod")
	ask("8")
	if f := <-p.frames; !strings.HasPrefix(string(f), `["methodresult"`) {
		t.Errorf("garbage: %s", f)
	} else if _, err := wire.Decode(wire.JSON, f, wire.Limits{}); err == nil {
		t.Errorf("garbage can be read: %s", f)
	}
	ask("9")
	if got := get(p.want("methodresult"), "qid"); got != "9" {
		t.Errorf("afterwards: %v", got)
	}
	if s := c.Stats(); s.Faults != 7 || s.Runs != 9 {
		t.Errorf("%+v", s)
	}
}

func TestLinkFaults(t *testing.T) {
	for _, kind := range []crmsim.FaultKind{crmsim.Drop, crmsim.Reset, crmsim.Close} {
		for _, mode := range sockets {
			t.Run(string(kind)+" "+string(mode), func(t *testing.T) {
				c, p := introduced(t, crmsim.Options{Mode: mode, Retry: time.Hour})
				inject(t, c, string(kind))
				if m, ok := p.next(); ok {
					t.Errorf("%s after the end", m.Name)
				}
				until(t, c, "the end", func() bool { s := c.Stats(); return s.Links == 0 && !s.Ready })
				if _, err := c.Request(within(t), "", "ping", nil); !errors.Is(err, crmsim.ErrNoLink) {
					t.Errorf("request: %v", err)
				}
			})
		}
	}
}

// A request that waits is told that its link is gone; the CRM that dials comes again.
func TestLinkLost(t *testing.T) {
	b := listening(t, nil, open)
	c := start(t, crmsim.Options{Mode: crmsim.WSIn, URL: b.url, Retry: time.Millisecond})
	p := <-b.peers
	p.introduce()
	until(t, c, "the link", func() bool { return c.Stats().Ready })
	inject(t, c, "drop@ping")
	lost := make(chan error, 1)
	go func() {
		_, err := c.Request(within(t), "alice", "getuserstate", nil)
		lost <- err
	}()
	p.want("getuserstate")
	p.tell("ping", "1", nil)
	if err := <-lost; !errors.Is(err, crmsim.ErrLinkLost) {
		t.Errorf("got %v", err)
	}
	(<-b.peers).introduce()
	until(t, c, "the second link", func() bool { return c.Stats().Introductions == 2 })
}

// What is sent to a CRM that does not read piles up, and is read later; what a half-open one sends
// is lost.
func TestStopReading(t *testing.T) {
	for _, kind := range []crmsim.FaultKind{crmsim.StopReading, crmsim.HalfOpen} {
		t.Run(string(kind), func(t *testing.T) {
			c, p := introduced(t, crmsim.Options{})
			inject(t, c, string(kind))
			p.tell("ping", "1", nil)
			if err := c.Send("alice", "logout", nil); err != nil {
				t.Fatal(err)
			}
			if kind == crmsim.StopReading {
				p.want("logout") // it still writes
			}
			if got := len(c.Named("ping")); got != 0 {
				t.Errorf("%d pings were read", got)
			}
			c.Resume()
			if m, _ := p.next(); m.Name != "pong" {
				t.Errorf("%s came", m.Name)
			}
		})
	}
}

// A held CRM can still be cut and stopped.
func TestStopWhileHeld(t *testing.T) {
	c := crmsim.New(crmsim.Options{})
	stop := run(t, c)
	p := dialled(t, c, wire.JSON, transports.DialOptions{})
	p.introduce()
	inject(t, c, "half-open")
	stop()
	if _, ok := p.next(); ok {
		t.Error("something came")
	}
}

func TestRefuse(t *testing.T) {
	c := start(t, crmsim.Options{Faults: []crmsim.Fault{{Kind: crmsim.Refuse}}})
	if _, err := dial(t, c, transports.DialOptions{}); err == nil {
		t.Error("connected")
	}
	c.Resume()
	dialled(t, c, wire.JSON, transports.DialOptions{}).introduce()
	inject(t, c, "refuse:1ms")
	until(t, c, "the end of it", func() bool {
		conn, err := net.Dial("tcp", c.Addr())
		if err != nil {
			return false
		}
		defer conn.Close()
		_, err = conn.Write([]byte("GET / HTTP/1.0\r\n\r\n"))
		n, _ := conn.Read(make([]byte, 1))
		return err == nil && n == 1
	})
}

// A CRM that was stopped listens at the same address again and knows everything.
func TestRunAgain(t *testing.T) {
	c := crmsim.New(crmsim.Options{Users: []crmsim.User{{Login: "alice"}}})
	stop := run(t, c)
	c.SetActive("alice")
	p := dialled(t, c, wire.JSON, transports.DialOptions{})
	p.introduce()
	addr := c.Addr()
	stop()
	if _, ok := p.next(); ok {
		t.Error("the link outlived the CRM")
	}
	run(t, c)
	var again *transports.Stream
	for again == nil { // Run has to listen first
		again, _ = dial(t, c, transports.DialOptions{})
	}
	_ = again.Cut()
	if c.Addr() != addr || len(c.Active()) != 1 {
		t.Errorf("at %s, was at %s; active %v", c.Addr(), addr, c.Active())
	}
}

func TestHTTPFaults(t *testing.T) {
	c := start(t, crmsim.Options{Mode: crmsim.HTTP})
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	t.Cleanup(client.CloseIdleConnections)
	for _, test := range []struct {
		fault  string
		status int // 0 for no answer at all
		good   func(body string) bool
	}{
		{"status", 500, func(b string) bool { return b != "" }},
		{"page", 200, func(b string) bool { return strings.HasPrefix(b, "<!doctype html>") }},
		{"empty", 200, func(b string) bool { return b == "" }},
		{"redirect", 307, func(b string) bool { return b == "" }},
		{"endless", 200, func(b string) bool { return len(b) == 100<<20 }},
		{"garbage", 200, func(b string) bool { return strings.HasPrefix(b, `["methodresult"`) }},
		{"twice", 200, func(b string) bool { return strings.Count(b, "pong") == 2 && strings.HasPrefix(b, "[[") }},
		{"fail", 200, func(b string) bool { return strings.Contains(b, `"errorcode":500`) }},
		{"late:1ms", 200, func(b string) bool { return strings.Contains(b, `"qid":"q"`) }},
		{"foreign", 200, func(b string) bool { return !strings.Contains(b, `"qid":"q"`) }},
		{"drop", 0, nil},
		{"reset", 0, nil},
	} {
		inject(t, c, test.fault)
		status, body, err := post(t, client, "http://"+c.Addr(), wire.JSON, "ping", "q", nil)
		if (err != nil) != (test.status == 0) || status != test.status || err == nil && !test.good(body) {
			t.Errorf("%s: %d, %v, %.200s", test.fault, status, err, body)
		}
	}
	if status, body, err := post(t, client, "http://"+c.Addr(), wire.JSON, "ping", "q", nil); status != 200 || !strings.Contains(body, "pong") {
		t.Errorf("afterwards: %d %s %v", status, body, err)
	}
}

func TestFaultText(t *testing.T) {
	for text, want := range map[string]crmsim.Fault{
		"drop":                      {Kind: crmsim.Drop},
		"late@executemethod:20s":    {Kind: crmsim.Late, On: "executemethod", Delay: 20 * time.Second},
		"silent@ping*3":             {Kind: crmsim.Silent, On: "ping", Times: 3},
		"garbage@executemethod*":    {Kind: crmsim.Garbage, On: "executemethod", Times: -1},
		"late@callrecord*2:1m30s":   {Kind: crmsim.Late, On: "callrecord", Times: 2, Delay: 90 * time.Second},
		"stop-reading:1s":           {Kind: crmsim.StopReading, Delay: time.Second},
		"foreign@getactiveusers*10": {Kind: crmsim.Foreign, On: "getactiveusers", Times: 10},
	} {
		var got, again crmsim.Fault
		if err := got.UnmarshalText([]byte(text)); err != nil || got != want {
			t.Errorf("%s: got %+v, %v, want %+v", text, got, err, want)
		}
		if err := again.UnmarshalText([]byte(got.String())); err != nil || again != want {
			t.Errorf("%s: again %+v, %v", got, again, err)
		}
	}
	for _, text := range []string{"late:soon", "silent*x"} {
		if err := new(crmsim.Fault).UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%s: no error", text)
		}
	}
}

func FuzzFaultText(f *testing.F) {
	f.Add("late@executemethod*2:20s")
	f.Fuzz(func(t *testing.T, text string) {
		var got, again crmsim.Fault
		if got.UnmarshalText([]byte(text)) != nil {
			return
		}
		if err := again.UnmarshalText([]byte(got.String())); err != nil {
			t.Errorf("%q: %v", got.String(), err)
		}
	})
}
