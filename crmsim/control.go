package crmsim

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"

	"github.com/octolink/octolink/protocol/wire"
)

// maxOrder bounds the body of an order.
const maxOrder = 1 << 20

// Control lets other programs on this machine drive the CRM. Bodies are JSON:
//
//	POST   /fault    {"fault":"late@executemethod:20s"}
//	DELETE /fault    forget all and resume
//	POST   /resume
//	POST   /login    {"user":"alice"}
//	POST   /logout   {"user":"alice"}
//	POST   /request  {"user":"alice","name":"pbxautocallstart","fields":{"number":"301"}}
//	POST   /send     the same, without waiting for a reply
//	POST   /submit   {"window":"…","button":"save","values":{"subject":"…"}}
//	GET    /state    counters, active users, open forms
//	GET    /received ?user=alice&name=showform: what came from octolink
//
// Mistakes are answered with {"error":"…"}. Pages in a browser are refused: they send an Origin, and
// no JSON without asking.
func (c *CRM) Control() http.Handler {
	mux := http.NewServeMux()
	handle := func(pattern string, do func(*http.Request, order) (any, error)) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { c.obey(w, r, do) })
	}
	handle("POST /fault", func(_ *http.Request, o order) (any, error) {
		if o.Fault == nil {
			return nil, errors.New(`want {"fault":"KIND…"}`)
		}
		return nil, c.Inject(*o.Fault)
	})
	handle("DELETE /fault", func(*http.Request, order) (any, error) { c.Clear(); return nil, nil })
	handle("POST /resume", func(*http.Request, order) (any, error) { c.Resume(); return nil, nil })
	handle("POST /login", func(r *http.Request, o order) (any, error) { return shown(c.Login(r.Context(), o.User)) })
	handle("POST /logout", func(r *http.Request, o order) (any, error) { return shown(c.Logout(r.Context(), o.User)) })
	handle("POST /request", func(r *http.Request, o order) (any, error) {
		return shown(c.Request(r.Context(), o.User, o.Name, wire.Object(o.Fields)))
	})
	handle("POST /send", func(_ *http.Request, o order) (any, error) {
		return nil, c.Send(o.User, o.Name, wire.Object(o.Fields))
	})
	handle("POST /submit", func(_ *http.Request, o order) (any, error) {
		return nil, c.Submit(o.Window, o.Button, wire.Object(o.Values))
	})
	handle("GET /state", func(*http.Request, order) (any, error) { return c.snapshot(), nil })
	handle("GET /received", func(r *http.Request, _ order) (any, error) {
		return c.received(r.FormValue("user"), r.FormValue("name")), nil
	})
	return local(mux)
}

// An order is the body of a request.
type order struct {
	Fault  *Fault `json:"fault"`
	User   string `json:"user"`
	Name   string `json:"name"`
	Fields fields `json:"fields"`
	Window string `json:"window"`
	Button string `json:"button"`
	Values fields `json:"values"`
}

// fields are parameters in the order in which they stand.
type fields wire.Object

// UnmarshalJSON implements [json.Unmarshaler].
func (f *fields) UnmarshalJSON(b []byte) error {
	m, err := wire.Decode(wire.JSON, fmt.Appendf(nil, `["fields",%s]`, b), wire.Limits{})
	if err != nil {
		return errors.New("fields must be an object")
	}
	*f = fields(tree(m))
	return nil
}

// obey reads an order, has it done and says how it went.
func (c *CRM) obey(w http.ResponseWriter, r *http.Request, do func(*http.Request, order) (any, error)) {
	var o order
	if r.Method == http.MethodPost {
		d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxOrder))
		d.DisallowUnknownFields()
		if err := d.Decode(&o); err != nil {
			tell(w, http.StatusBadRequest, problem{err.Error()})
			return
		}
	}
	answer, err := do(r, o)
	switch {
	case errors.Is(err, ErrNoLink), errors.Is(err, ErrLinkLost), errors.Is(err, ErrNoReply):
		tell(w, http.StatusServiceUnavailable, problem{err.Error()})
	case err != nil:
		tell(w, http.StatusBadRequest, problem{err.Error()})
	case answer == nil:
		w.WriteHeader(http.StatusNoContent)
	default:
		tell(w, http.StatusOK, answer)
	}
}

type problem struct {
	Error string `json:"error"`
}

func tell(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	_ = e.Encode(v) // who is gone needs no answer
}

// shown is a reply as JSON. One that tells an error is an answer, too.
func shown(m wire.Message, err error) (any, error) {
	var refused *wire.Error
	if err != nil && (m.Name == "" || !errors.As(err, &refused)) {
		return nil, err
	}
	return asJSON(m), nil
}

func asJSON(m wire.Message) json.RawMessage {
	b, _ := m.AppendTo(nil, wire.JSON) // it was decoded: it can be written
	return b
}

// What GET /state tells.
type state struct {
	Stats
	Addr   string      `json:"addr,omitempty"`
	Active []string    `json:"active"`
	Forms  []shownForm `json:"forms"`
	Faults []string    `json:"faults_waiting"`
}

type shownForm struct {
	Window string          `json:"window"`
	Form   string          `json:"form"`
	User   string          `json:"user"`
	In     json.RawMessage `json:"in"`
}

func (c *CRM) snapshot() state {
	s := state{Stats: c.Stats(), Addr: c.Addr(), Active: c.Active(), Forms: []shownForm{}, Faults: []string{}}
	for _, f := range c.Forms() {
		in, _ := wire.Append(nil, wire.JSON, "in", "", f.In) // it was decoded
		in = in[len(`["in",`) : len(in)-1]
		s.Forms = append(s.Forms, shownForm{f.Window, f.Key, f.User, in})
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, f := range c.faults {
		s.Faults = append(s.Faults, f.String())
	}
	return s
}

// received are the messages for a user and of a name, if one is given.
func (c *CRM) received(user, name string) []json.RawMessage {
	all := []json.RawMessage{}
	for _, m := range c.pick(func(r Received) bool {
		return (user == "" || r.Message.UserLogin == user) && (name == "" || r.Message.Name == name)
	}) {
		all = append(all, asJSON(m))
	}
	return all
}

// local keeps out pages and other machines.
func local(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
		switch {
		case !loopback(r.RemoteAddr) || !loopback(r.Host):
			tell(w, http.StatusForbidden, problem{"only for this machine"})
		case r.Header.Get("Origin") != "":
			tell(w, http.StatusForbidden, problem{"not for pages in a browser"})
		case r.Method == http.MethodPost && strings.TrimSpace(kind) != "application/json":
			tell(w, http.StatusUnsupportedMediaType, problem{"want Content-Type: application/json"})
		default:
			h.ServeHTTP(w, r)
		}
	})
}

// loopback says whether an address is this machine's own, and not a name that somebody else owns.
func loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		host = address
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}
