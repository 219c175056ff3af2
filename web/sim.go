package web

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"

	"github.com/octolink/octolink/pbx"
)

const simBody = 4 << 10 // bytes of a request

// A Simulator is a telephone system that is driven by hand. A number is a user's or an outside party's.
type Simulator interface {
	// Ring calls from a number to a user's number, a queue's or a flow's and gives the call's ID.
	Ring(ctx context.Context, from, to string) (call string, err error)
	// AnswerPhone takes the phone that rings off the hook.
	AnswerPhone(ctx context.Context, number string) error
	// RejectPhone declines the call that rings there.
	RejectPhone(ctx context.Context, number string) error
	// HangupPhone ends what the phone does.
	HangupPhone(ctx context.Context, number string) error
	// SetBusy makes a number busy to all calls, or free again.
	SetBusy(ctx context.Context, number string, on bool) error
	// Press presses keys at the phone of a number, for the flow that leads its call.
	Press(ctx context.Context, number, digits string) error
	// SimState is the whole picture, for encoding as JSON.
	SimState(ctx context.Context) any
}

// A simOrder is the body of a request under /sim/.
type simOrder struct {
	From   string `json:"from"`
	To     string `json:"to"`
	Number string `json:"number"`
	On     bool   `json:"on"`
	Digits string `json:"digits"`
}

// simAnswer says which call was made, {} when the order made none.
type simAnswer struct {
	Call string `json:"call,omitempty"`
}

type simError struct {
	Error string `json:"error"`
}

func (s *Server) simRoutes(mux *http.ServeMux) {
	if s.o.Sim == nil {
		return
	}
	mux.Handle("/sim/", s.simGuard(s.simMux()))
}

// simMux drives the simulator for anybody; the public listener puts simGuard before it.
func (s *Server) simMux() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /sim/state", func(w http.ResponseWriter, r *http.Request) {
		answerJSON(w, http.StatusOK, s.o.Sim.SimState(r.Context()))
	})
	mux.HandleFunc("POST /sim/{order}", s.simOrder)
	return mux
}

// simGuard lets nobody but this machine drive the simulator, and no page but our own: a page of a
// stranger could otherwise ring phones from the operator's own browser. A browser cannot send this
// content type across origins without asking first, and it is never told yes.
func (s *Server) simGuard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case !s.simAllowed(r):
			answerJSON(w, http.StatusForbidden, simError{"the simulator obeys this machine only (pbx.sim.remote)"})
		case foreignOrigin(r):
			answerJSON(w, http.StatusForbidden, simError{"not from a page of another origin"})
		default:
			next.ServeHTTP(w, r)
		}
	})
}

func (s *Server) simAllowed(r *http.Request) bool {
	return s.o.Sim != nil && (s.o.SimRemote || onThisMachine(r, s.o.TrustedProxies))
}

func (s *Server) simOrder(w http.ResponseWriter, r *http.Request) {
	if t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || t != "application/json" {
		answerJSON(w, http.StatusUnsupportedMediaType, simError{"send Content-Type: application/json"})
		return
	}
	var o simOrder
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, simBody))
	d.DisallowUnknownFields()
	if err := d.Decode(&o); err != nil {
		answerJSON(w, http.StatusBadRequest, simError{"the body is not the JSON that this needs"})
		return
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		answerJSON(w, http.StatusBadRequest, simError{"more than one JSON value"})
		return
	}
	call, err := s.simDo(r.Context(), r.PathValue("order"), o)
	if err != nil {
		answerJSON(w, simStatus(err), simError{err.Error()})
		return
	}
	answerJSON(w, http.StatusOK, simAnswer{call})
}

func (s *Server) simDo(ctx context.Context, order string, o simOrder) (call string, err error) {
	sim := s.o.Sim
	if order == "ring" {
		if o.From == "" || o.To == "" {
			return "", &refusal{http.StatusBadRequest, "ring needs from and to"}
		}
		return sim.Ring(ctx, o.From, o.To)
	}
	do := map[string]func() error{
		"answer": func() error { return sim.AnswerPhone(ctx, o.Number) },
		"reject": func() error { return sim.RejectPhone(ctx, o.Number) },
		"hangup": func() error { return sim.HangupPhone(ctx, o.Number) },
		"busy":   func() error { return sim.SetBusy(ctx, o.Number, o.On) },
		"press":  func() error { return sim.Press(ctx, o.Number, o.Digits) },
	}[order]
	if do == nil {
		return "", &refusal{http.StatusNotFound, "the orders are ring, answer, reject, hangup, busy, press"}
	}
	if o.Number == "" {
		return "", &refusal{http.StatusBadRequest, order + " needs number"}
	}
	if order == "press" && o.Digits == "" {
		return "", &refusal{http.StatusBadRequest, "press needs digits"}
	}
	return "", do()
}

// simStatus is the HTTP status of what the telephone side says.
func simStatus(err error) int {
	var no *refusal
	switch {
	case errors.As(err, &no):
		return no.status
	case errors.Is(err, pbx.ErrInvalid):
		return http.StatusBadRequest
	case errors.Is(err, pbx.ErrNoSuchNumber), errors.Is(err, pbx.ErrNoSuchUser):
		return http.StatusUnprocessableEntity
	case errors.Is(err, pbx.ErrBusy), errors.Is(err, pbx.ErrState), errors.Is(err, pbx.ErrNoSuchLeg), errors.Is(err, pbx.ErrNoPhone):
		return http.StatusConflict
	case errors.Is(err, pbx.ErrForbidden):
		return http.StatusForbidden
	case errors.Is(err, pbx.ErrOffline), errors.Is(err, context.Canceled):
		return http.StatusServiceUnavailable
	case errors.Is(err, context.DeadlineExceeded):
		return http.StatusGatewayTimeout
	}
	return http.StatusInternalServerError
}

func answerJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(v) //nolint:errcheck // the peer is gone
}
