package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/octolink/octolink/crm"
	"github.com/octolink/octolink/protocol/methods"
	"github.com/octolink/octolink/scripting"
	"github.com/octolink/octolink/web"
)

var (
	_ methods.Services = (*flows)(nil)
	_ web.Services     = httpServices{}
)

// serviceBook says which services there are and who may run them.
type serviceBook struct {
	services map[string]service // by folded name
	files    string
}

type service struct {
	name, flow string
	allow      map[string]bool // folded logins, and names of links
	runs       *atomic.Int64   // that go on
}

// serviceRuns is how many runs of one service may go on at once.
const serviceRuns = 1000

// newServiceBook is the book of a configuration; a service that was there before goes on counting.
func newServiceBook(c *Flows, before *serviceBook) *serviceBook {
	b := &serviceBook{services: make(map[string]service, len(c.Services)), files: c.Files}
	for _, s := range c.Services {
		one := service{s.Name, s.Flow, make(map[string]bool, len(s.Allow)), before.services[fold(s.Name)].runs}
		if one.runs == nil {
			one.runs = &atomic.Int64{}
		}
		for _, name := range s.Allow {
			one.allow[fold(name)] = true
		}
		b.services[fold(s.Name)] = one
	}
	return b
}

// allows reports whether a caller may run the service. The configuration has seen that no user has the
// name of a link that is allowed.
func (s service) allows(c methods.ServiceCall) bool {
	return c.Login != "" && s.allow[fold(c.Login)] || c.Login == "" && c.Link != "" && s.allow[fold(c.Link)]
}

// RunService implements [methods.Services].
func (f *flows) RunService(ctx context.Context, c methods.ServiceCall) ([]string, error) {
	s, known := f.book.Load().services[fold(c.Name)]
	switch {
	case !known:
		return nil, methods.ErrNoService
	case !s.allows(c):
		return nil, methods.ErrServiceForbidden
	}
	running, err := f.startService(s, c)
	switch {
	case errors.Is(err, scripting.ErrFull), errors.Is(err, scripting.ErrShutdown):
		f.log.Warn("a service is not started", "service", s.name, "flow", s.flow, "err", err)
		return nil, fmt.Errorf("%w (%w)", methods.ErrServiceBusy, err)
	case err != nil:
		f.log.Warn("a service is not started", "service", s.name, "flow", s.flow, "err", err)
		return nil, fmt.Errorf("%w (%w)", methods.ErrServiceFailed, err)
	case !c.Wait:
		return nil, nil
	}
	within, cancel := context.WithTimeout(ctx, c.Within)
	defer cancel()
	result, err := running.Wait(within)
	switch {
	case err != nil && ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil:
		return nil, methods.ErrServiceLate
	case result.Outcome == scripting.Gone:
		return nil, fmt.Errorf("%w (%w)", methods.ErrServiceBusy, result.Err)
	case result.Outcome != scripting.Returned:
		return nil, fmt.Errorf("%w (%w)", methods.ErrServiceFailed, result.Err)
	}
	return serviceValues(result.Value), nil
}

// startService starts a service unless too many of its runs go on.
func (f *flows) startService(s service, c methods.ServiceCall) (*scripting.Running, error) {
	if s.runs.Add(1) > serviceRuns {
		s.runs.Add(-1)
		return nil, fmt.Errorf("%w runs of the service go on: %d", scripting.ErrFull, serviceRuns)
	}
	running, err := f.start(scripting.Trigger{
		Flow: s.flow, Kind: "service", User: c.Login, Params: c.Params,
		About: crm.Values{{Key: "service", Value: s.name}, {Key: "link", Value: c.Link}},
	})
	if err != nil {
		s.runs.Add(-1)
		return nil, err
	}
	f.whenOver(running, func() { s.runs.Add(-1) })
	return running, nil
}

// serviceValues are the up to three values that a service returned: one, or a list of them.
func serviceValues(v any) []string {
	list, several := v.(crm.List)
	if !several {
		return []string{serviceText(v)}
	}
	texts := make([]string, 0, 3)
	for i, one := range list[:min(len(list), 3)] {
		if headers, ok := one.(crm.Values); ok && i == 2 {
			texts = append(texts, headerLines(headers))
			continue
		}
		texts = append(texts, serviceText(one))
	}
	return texts
}

// serviceText is a value as text: what is no text is JSON, nothing is empty.
func serviceText(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	}
	return string(appendValue(nil, v))
}

// headerLines are headers that a service gave as an object. What holds a line's end is no header.
func headerLines(headers crm.Values) string {
	var b strings.Builder
	for _, h := range headers {
		if line := h.Key + ": " + serviceText(h.Value); !strings.ContainsAny(line, "\r\n") {
			b.WriteString(line + "\n")
		}
	}
	return b.String()
}

// httpServices are services over HTTP.
type httpServices struct {
	*flows
	api *methods.API
}

// CheckLogin implements [web.Services].
func (s httpServices) CheckLogin(ctx context.Context, remote, login, password string) (string, bool, error) {
	return s.api.CheckLogin(ctx, remote, login, password)
}

// Files implements [web.Services].
func (s httpServices) Files() string { return s.book.Load().files }

// RunService implements [web.Services].
func (s httpServices) RunService(ctx context.Context, c web.ServiceCall) ([]string, error) {
	returned, err := s.flows.RunService(ctx, methods.ServiceCall{
		Name: c.Name, Params: c.Params, Login: c.Login, Wait: c.Wait, Within: c.Within,
	})
	for _, known := range []struct {
		is     error
		status int
	}{
		{methods.ErrNoService, http.StatusNotFound},
		{methods.ErrServiceForbidden, http.StatusForbidden},
		{methods.ErrServiceBusy, http.StatusServiceUnavailable},
		{methods.ErrServiceLate, http.StatusGatewayTimeout},
		{methods.ErrServiceFailed, http.StatusInternalServerError},
	} {
		if errors.Is(err, known.is) {
			return nil, &web.ServiceError{Status: known.status, Text: known.is.Error()}
		}
	}
	return returned, err
}
