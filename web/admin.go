package web

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"path/filepath"
	"strconv"

	"github.com/octolink/octolink/pbx"
)

const (
	adminBody   = 64 << 10
	eventsLimit = 1000
)

// A command reads its request and gives the answer, {} for nil.
type command func(r *http.Request) (any, error)

func (s *Server) adminHandler() http.Handler {
	mux := http.NewServeMux()
	if s.o.Operator != nil {
		for pattern, c := range adminCommands(s.o.Operator) {
			mux.Handle(pattern, c)
		}
	}
	if s.o.CRMs != nil {
		for pattern, c := range crmCommands(s.o.CRMs) {
			mux.Handle(pattern, c)
		}
	}
	if s.o.Plugins != nil {
		for pattern, c := range pluginCommands(s.o.Plugins) {
			mux.Handle(pattern, c)
		}
	}
	if s.o.Flows != nil {
		for pattern, c := range flowCommands(s.o.Flows) {
			mux.Handle(pattern, c)
		}
	}
	if s.o.Sim != nil {
		mux.Handle("/sim/", s.simMux())
	}
	if s.o.Tap != nil {
		mux.HandleFunc("GET /tap", s.tap)
	}
	return mux
}

func adminCommands(op Operator) map[string]command {
	return map[string]command{
		"GET /status": func(r *http.Request) (any, error) { return op.Status(r.Context()) },
		"POST /reload": func(r *http.Request) (any, error) {
			changes, err := op.Reload(r.Context())
			return reloadAnswer{changes}, err
		},
		"POST /backup": bodied(func(ctx context.Context, _ *http.Request, in backupOrder) error {
			if !filepath.IsAbs(in.Path) {
				return &refusal{http.StatusBadRequest, "the path must be absolute"}
			}
			return op.Backup(ctx, in.Path)
		}),
		"GET /events": func(r *http.Request) (any, error) { return events(op, r) },
		"GET /users":  func(r *http.Request) (any, error) { return op.Users(r.Context()) },
		"POST /users": bodied(func(ctx context.Context, _ *http.Request, in NewUser) error {
			return op.AddUser(ctx, in)
		}),
		"POST /users/{login}/passwd": bodied(func(ctx context.Context, r *http.Request, in passwordOrder) error {
			if in.Reset {
				return op.ResetPassword(ctx, r.PathValue("login"))
			}
			return op.SetPassword(ctx, r.PathValue("login"), in.Password)
		}),
		"POST /users/{login}/notify": bodied(func(ctx context.Context, r *http.Request, in noticeOrder) error {
			return op.NotifyUser(ctx, r.PathValue("login"), in.Sender, in.Text)
		}),
		"POST /users/{login}/disable": func(r *http.Request) (any, error) {
			return nil, op.DisableUser(r.Context(), r.PathValue("login"), true)
		},
		"POST /users/{login}/enable": func(r *http.Request) (any, error) {
			return nil, op.DisableUser(r.Context(), r.PathValue("login"), false)
		},
		"POST /users/{login}/logout": func(r *http.Request) (any, error) {
			n, err := op.LogoutUser(r.Context(), r.PathValue("login"))
			return logoutAnswer{n}, err
		},
	}
}

// bodied is a command whose request has a JSON body.
func bodied[In any](do func(ctx context.Context, r *http.Request, in In) error) command {
	return func(r *http.Request) (any, error) {
		var in In
		d := json.NewDecoder(http.MaxBytesReader(nil, r.Body, adminBody))
		d.DisallowUnknownFields()
		if err := d.Decode(&in); err != nil {
			return nil, &refusal{http.StatusBadRequest, "the body is not the JSON that this needs"}
		}
		return nil, do(r.Context(), r, in)
	}
}

func events(op Operator, r *http.Request) (any, error) {
	q := r.URL.Query()
	since, err := number(q.Get("since"), 0)
	if err != nil {
		return nil, err
	}
	limit, err := number(q.Get("limit"), eventsLimit)
	if err != nil {
		return nil, err
	}
	return op.Events(r.Context(), since, int(min(max(limit, 1), eventsLimit)))
}

func number(text string, otherwise int64) (int64, error) {
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, &refusal{http.StatusBadRequest, "not a number: " + text}
	}
	return n, nil
}

// ServeHTTP runs the command.
func (c command) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	out, err := c(r)
	if err != nil {
		answerJSON(w, adminStatus(err), adminFailure{err.Error()})
		return
	}
	if out == nil {
		out = struct{}{}
	}
	answerJSON(w, http.StatusOK, out)
}

func adminStatus(err error) int {
	var no *refusal
	switch {
	case errors.As(err, &no):
		return no.status
	case errors.Is(err, pbx.ErrNoSuchUser):
		return http.StatusNotFound
	}
	return http.StatusUnprocessableEntity
}

// tap streams a JSON line for each frame until the watcher goes.
func (s *Server) tap(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	lines, stop := s.o.Tap.Watch(TapFilter{Link: q.Get("link"), User: q.Get("user")})
	defer stop()
	w.Header().Set("Content-Type", "application/x-ndjson")
	w.WriteHeader(http.StatusOK)
	flush := http.NewResponseController(w).Flush
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for err := flush(); err == nil; err = flush() {
		select {
		case <-r.Context().Done():
			return
		case l, open := <-lines:
			if !open || enc.Encode(l) != nil {
				return
			}
		}
	}
}
