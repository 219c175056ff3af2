package web

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"
)

const checkTime = 2 * time.Second

// A Check is one thing that must work before this server is worth sending clients to.
type Check struct {
	Name string // one word: store, telephony
	Run  func(ctx context.Context) error
}

func (s *Server) healthRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		answerText(w, http.StatusOK, "ok\n")
	})
	mux.HandleFunc("GET /readyz", s.ready)
}

// ready names what does not work. Why stands in the log, not in an answer that anybody can read.
func (s *Server) ready(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), checkTime)
	defer cancel()
	var b strings.Builder
	status := http.StatusOK
	for _, c := range s.o.Ready {
		word := "ok"
		if err := c.Run(ctx); err != nil {
			status, word = http.StatusServiceUnavailable, "not ready"
			s.log.Debug("not ready", "check", c.Name, "err", err)
		}
		fmt.Fprintf(&b, "%s: %s\n", c.Name, word)
	}
	if b.Len() == 0 {
		b.WriteString("ok\n")
	}
	answerText(w, status, b.String())
}

func answerText(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	fmt.Fprint(w, text)
}
