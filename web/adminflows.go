package web

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// A Flow is how a call flow is.
type Flow struct {
	Name     string   `json:"name"`
	File     string   `json:"file,omitempty"`
	Version  int      `json:"version"`            // counted from the start of the server; 0: none was good yet
	Running  int      `json:"running"`            // runs
	Problems []string `json:"problems,omitempty"` // of the file as it is now: file:line:column: text
	Warnings []string `json:"warnings,omitempty"` // of what runs nevertheless: methods that no CRM offers now
	Triggers []string `json:"triggers,omitempty"` // what starts it
}

// A FlowOrder starts a flow by hand.
type FlowOrder struct {
	User   string   `json:"user,omitempty"`   // login, for whom
	Params []string `json:"params,omitempty"` // start parameters
	Wait   bool     `json:"wait,omitempty"`   // for its end
}

// A FlowAnswer is what came of it.
type FlowAnswer struct {
	Run     string          `json:"run"` // GUID
	Outcome string          `json:"outcome,omitempty"`
	Value   json.RawMessage `json:"value,omitempty"` // what it returned
	Error   string          `json:"error,omitempty"`
}

// A FlowTrace is what one run did. Secrets are masked in it.
type FlowTrace struct {
	Run      string     `json:"run"`
	Parent   string     `json:"parent,omitempty"` // the run that called it
	Flow     string     `json:"flow"`
	Version  int        `json:"version,omitempty"`
	Kind     string     `json:"kind"` // what started it
	Chain    string     `json:"chainid,omitempty"`
	User     string     `json:"user,omitempty"`
	Started  time.Time  `json:"started"`
	Seconds  float64    `json:"seconds"`
	Outcome  string     `json:"outcome"` // "" while it runs
	Reason   string     `json:"reason,omitempty"`
	Returned string     `json:"returned,omitempty"`
	Fallback string     `json:"fallback,omitempty"` // where the call went in the end
	Steps    []FlowStep `json:"steps"`
	Left     int        `json:"left,omitempty"` // so many steps in the middle are left out
}

// A FlowStep is one host function that a run called.
type FlowStep struct {
	At      float64 `json:"at"` // seconds since the start of the run
	Seconds float64 `json:"seconds"`
	Name    string  `json:"name"`
	Args    string  `json:"args,omitempty"` // JSON, cut
	Result  string  `json:"result,omitempty"`
	Error   string  `json:"error,omitempty"`
	Open    bool    `json:"open,omitempty"` // it has not returned yet
}

// A TraceQuery chooses traces. Zero fields do not restrict.
type TraceQuery struct {
	Call  string // GUID
	Run   string // GUID
	Flow  string
	Limit int // Zero means 100.
}

// Flows do what the admin socket is asked for about call flows. Errors are shown to whoever asked.
type Flows interface {
	ListFlows(ctx context.Context) ([]Flow, error)
	// RunFlow starts a flow without a call.
	RunFlow(ctx context.Context, name string, o FlowOrder) (FlowAnswer, error)
	// FlowTraces gives traces, the newest first; of runs that go on too.
	FlowTraces(ctx context.Context, q TraceQuery) ([]FlowTrace, error)
}

// FlowTypes is what [Flows] may do too.
type FlowTypes interface {
	// FlowTypes are the declarations for editors: what flows may call, and what CRMs offer now.
	FlowTypes(ctx context.Context) (string, error)
}

// maxTraces is how many traces one answer has.
const maxTraces = 1000

func flowCommands(f Flows) map[string]command {
	commands := map[string]command{
		"GET /flows": func(r *http.Request) (any, error) { return f.ListFlows(r.Context()) },
		"GET /flows/trace": func(r *http.Request) (any, error) {
			q, err := traceQuery(r)
			if err != nil {
				return nil, err
			}
			return f.FlowTraces(r.Context(), q)
		},
		"POST /flows/{name}/run": func(r *http.Request) (answer any, err error) {
			_, err = bodied(func(ctx context.Context, r *http.Request, o FlowOrder) error {
				answer, err = f.RunFlow(ctx, r.PathValue("name"), o)
				return err
			})(r)
			return answer, err
		},
	}
	if typed, ok := f.(FlowTypes); ok {
		commands["GET /flows/types"] = func(r *http.Request) (any, error) {
			text, err := typed.FlowTypes(r.Context())
			return typesAnswer{text}, err
		}
	}
	return commands
}

type typesAnswer struct {
	Text string `json:"text"`
}

func traceQuery(r *http.Request) (TraceQuery, error) {
	v := r.URL.Query()
	limit, err := number(v.Get("limit"), 0)
	if err != nil {
		return TraceQuery{}, err
	}
	return TraceQuery{Call: v.Get("call"), Run: v.Get("run"), Flow: v.Get("flow"), Limit: int(min(max(limit, 0), maxTraces))}, nil
}

func (q TraceQuery) encode() string {
	v := url.Values{}
	for key, value := range map[string]string{"call": q.Call, "run": q.Run, "flow": q.Flow} {
		if value != "" {
			v.Set(key, value)
		}
	}
	if q.Limit > 0 {
		v.Set("limit", strconv.Itoa(q.Limit))
	}
	return v.Encode()
}

// Flows lists the call flows.
func (c *AdminClient) Flows(ctx context.Context) (list []Flow, err error) {
	err = c.do(ctx, http.MethodGet, "/flows", nil, &list)
	return list, err
}

// RunFlow starts a flow without a call.
func (c *AdminClient) RunFlow(ctx context.Context, name string, o FlowOrder) (a FlowAnswer, err error) {
	err = c.do(ctx, http.MethodPost, "/flows/"+url.PathEscape(name)+"/run", o, &a)
	return a, err
}

// FlowTraces gives traces, the newest first.
func (c *AdminClient) FlowTraces(ctx context.Context, q TraceQuery) (list []FlowTrace, err error) {
	err = c.do(ctx, http.MethodGet, "/flows/trace?"+q.encode(), nil, &list)
	return list, err
}

// FlowTypes are the declarations for editors.
func (c *AdminClient) FlowTypes(ctx context.Context) (string, error) {
	var out typesAnswer
	err := c.do(ctx, http.MethodGet, "/flows/types", nil, &out)
	return out.Text, err
}

// traceRoutes show traces to supervisors who show their passwords: a trace tells what CRMs answered
// about callers, so it is not for everybody who may read the journal.
func (s *Server) traceRoutes(mux *http.ServeMux) {
	if s.o.Flows == nil || s.o.Services == nil || s.o.Directory == nil {
		return
	}
	mux.HandleFunc("GET /flows/trace", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		list, err := s.supervisedTraces(w, r)
		if err != nil {
			s.serviceFailure(w, r, ServiceCall{Name: "flows/trace"}, err)
			return
		}
		var b bytes.Buffer
		e := json.NewEncoder(&b)
		e.SetIndent("", "  ")
		if err := e.Encode(list); err != nil {
			s.serviceFailure(w, r, ServiceCall{Name: "flows/trace"}, err)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.Write(b.Bytes()) //nolint:errcheck // the peer is gone
	})
}

func (s *Server) supervisedTraces(w http.ResponseWriter, r *http.Request) ([]FlowTrace, error) {
	if foreign(r) {
		return nil, &ServiceError{http.StatusForbidden, "a page of another site may not read traces"}
	}
	login, err := s.basicUser(w, r)
	if err != nil {
		return nil, err
	}
	if u := s.o.Directory().UserByLogin(login); u == nil || !u.Supervisor {
		return nil, &ServiceError{http.StatusForbidden, "traces are for supervisors"}
	}
	q, err := traceQuery(r)
	if err != nil {
		return nil, &ServiceError{http.StatusBadRequest, "limit is a number"}
	}
	if strings.TrimSpace(q.Call+q.Run+q.Flow) == "" {
		return nil, &ServiceError{http.StatusBadRequest, "say which: call, run or flow"}
	}
	list, err := s.o.Flows.FlowTraces(r.Context(), q)
	if err == nil && len(list) == 0 {
		return nil, &ServiceError{http.StatusNotFound, "no such trace"}
	}
	return list, err
}
