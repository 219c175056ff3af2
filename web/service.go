package web

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/octolink/octolink/transports"
)

// Services are run by name over HTTP, by users who show their passwords [P 11].
type Services interface {
	// CheckLogin judges a password as a login over a channel is judged, with the same limits for those who
	// guess: the answer to a wrong one may come late. It gives the login as configured.
	CheckLogin(ctx context.Context, remote, login, password string) (user string, ok bool, err error)
	// RunService starts a service and, when asked to, waits for up to three values that it returns. A
	// [*ServiceError] is shown to whoever asked.
	RunService(ctx context.Context, call ServiceCall) (returned []string, err error)
	// Files is the folder of files that a service may answer with; "" for none.
	Files() string
}

// A ServiceCall asks for a service.
type ServiceCall struct {
	Name   string
	Params []string // at most five
	Login  string   // who asks
	Wait   bool
	Within time.Duration // the longest wait; the service itself goes on
}

// A ServiceError is why a service was not run, or did not return.
type ServiceError struct {
	Status int // of HTTP
	Text   string
}

// Error is the text.
func (e *ServiceError) Error() string { return e.Text }

const (
	serviceForm    = 256 << 10 // of a request's body
	serviceParam   = 16 << 10  // of one parameter
	serviceWait    = 15 * time.Second
	maxServiceWait = 10 * time.Minute
	servicesAtOnce = 256 // requests that wait for services
)

func (s *Server) serviceRoutes(mux *http.ServeMux) {
	if s.o.Services == nil {
		return
	}
	room := make(chan struct{}, servicesAtOnce)
	mux.HandleFunc("/execsvcscript", s.service(room, answerService))
	mux.HandleFunc("/execsvcscriptplain", s.service(room, s.answerPlain))
}

// A serviceAnswer writes what a service returned.
type serviceAnswer func(w http.ResponseWriter, r *http.Request, call ServiceCall, returned []string)

// service runs a service for a user. Nobody is spared the password, this machine neither: pages of
// strangers that a browser here shows come from this machine too.
func (s *Server) service(room chan struct{}, answer serviceAnswer) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; sandbox") // whatever a service returns, it is no page of ours
		h.Set("Cache-Control", "no-store")
		call, err := s.serviceCall(w, r)
		if err == nil {
			err = s.runService(r, call, room, func(returned []string) { answer(w, r, call, returned) })
		}
		if err != nil {
			s.serviceFailure(w, r, call, err)
		}
	}
}

func (s *Server) runService(r *http.Request, call ServiceCall, room chan struct{}, answer func([]string)) error {
	select {
	case room <- struct{}{}:
		defer func() { <-room }()
	default:
		return &ServiceError{http.StatusServiceUnavailable, "too many requests wait for services"}
	}
	returned, err := s.o.Services.RunService(r.Context(), call)
	if err == nil {
		answer(returned)
	}
	return err
}

// serviceCall reads a request and finds out who sends it.
func (s *Server) serviceCall(w http.ResponseWriter, r *http.Request) (ServiceCall, error) {
	if r.Method != http.MethodGet && r.Method != http.MethodPost {
		w.Header().Set("Allow", "GET, POST")
		return ServiceCall{}, &ServiceError{http.StatusMethodNotAllowed, "GET or POST a service's parameters"}
	}
	if foreign(r) {
		return ServiceCall{}, &ServiceError{http.StatusForbidden, "a page of another site may not run services"}
	}
	user, err := s.basicUser(w, r)
	if err != nil {
		return ServiceCall{}, err
	}
	r.Body = http.MaxBytesReader(w, r.Body, serviceForm)
	if err := r.ParseForm(); err != nil {
		return ServiceCall{}, &ServiceError{http.StatusBadRequest, "the parameters cannot be read"}
	}
	return serviceParams(r, user)
}

// basicUser is who shows a user's login and password.
func (s *Server) basicUser(w http.ResponseWriter, r *http.Request) (string, error) {
	login, password, given := r.BasicAuth()
	if given {
		user, ok, err := s.o.Services.CheckLogin(r.Context(), transports.RemoteOf(r, s.o.TrustedProxies), login, password)
		if err != nil || ok {
			return user, err
		}
	}
	w.Header().Set("WWW-Authenticate", `Basic realm="octolink", charset="UTF-8"`)
	return "", &ServiceError{http.StatusUnauthorized, "show a user's login and password (HTTP Basic)"}
}

// foreign reports whether a page of another site lets a browser ask: a browser that knows the password
// would send it along. Programs send neither of the two headers.
func foreign(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "cross-site", "same-site":
		return true
	}
	origin := r.Header.Get("Origin")
	return origin != "" && origin != "http://"+r.Host && origin != "https://"+r.Host
}

func serviceParams(r *http.Request, user string) (ServiceCall, error) {
	call := ServiceCall{Name: r.Form.Get("name"), Login: user, Wait: true, Within: serviceWait}
	if call.Name == "" {
		return call, &ServiceError{http.StatusBadRequest, "name says which service"}
	}
	switch r.Form.Get("async") {
	case "", "0", "false":
	case "1", "true":
		call.Wait = false
	default:
		return call, &ServiceError{http.StatusBadRequest, "async is 0 or 1"}
	}
	if text := r.Form.Get("timeout"); text != "" {
		seconds, err := strconv.Atoi(text)
		if err != nil || seconds < 1 {
			return call, &ServiceError{http.StatusBadRequest, "timeout is a number of seconds"}
		}
		call.Within = time.Duration(min(seconds, int(maxServiceWait/time.Second))) * time.Second
	}
	for i := range 5 {
		text := r.Form.Get("startparam" + strconv.Itoa(i+1))
		if len(text) > serviceParam {
			return call, &ServiceError{http.StatusBadRequest, "a parameter has at most 16 KiB"}
		}
		call.Params = append(call.Params, text)
	}
	for len(call.Params) > 0 && call.Params[len(call.Params)-1] == "" {
		call.Params = call.Params[:len(call.Params)-1]
	}
	return call, nil
}

func (s *Server) serviceFailure(w http.ResponseWriter, r *http.Request, call ServiceCall, err error) {
	var shown *ServiceError
	switch {
	case errors.As(err, &shown):
		if shown.Status == http.StatusServiceUnavailable {
			w.Header().Set("Retry-After", "1")
		}
		http.Error(w, shown.Text, shown.Status)
	case r.Context().Err() != nil: // nobody listens any more
	default:
		s.log.Error("a service over HTTP", "user", call.Login, "service", call.Name, "err", err)
		http.Error(w, "internal error", http.StatusInternalServerError)
	}
}

// value is the n-th value that a service returned.
func value(returned []string, n int) string {
	if n < len(returned) {
		return returned[n]
	}
	return ""
}

// answerService tells in XML that a service ran and what it returned [P 11].
func answerService(w http.ResponseWriter, _ *http.Request, _ ServiceCall, returned []string) {
	var b strings.Builder
	b.WriteString(`<?xml version="1.0" encoding="utf-8"?>
<oktellxmlmapper version="80710"><data name="result" count="1"><property_set name="execsvcscript">` +
		`<property_simple key="started" value="1" name="success"/><property_simple key="startresult" value="0" name="success"/>` +
		`<property_cdata key="returnvalue"><![CDATA[`)
	b.WriteString(cdata(value(returned, 0)))
	b.WriteString("]]></property_cdata></property_set></data></oktellxmlmapper>\n")
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	w.Write([]byte(b.String())) //nolint:errcheck // the peer is gone
}

// cdata makes a text that cannot end its section; characters that XML does not have become U+FFFD.
func cdata(text string) string {
	text = strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF {
			return '\uFFFD'
		}
		return r
	}, text)
	return strings.ReplaceAll(text, "]]>", "]]]]><![CDATA[>")
}
