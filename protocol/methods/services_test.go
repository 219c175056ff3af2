package methods_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/octolink/octolink/crm"
	"github.com/octolink/octolink/protocol/methods"
)

// services are functions by name, which two users and one CRM may run.
type services struct{ api *methods.API }

func (s *services) RunService(ctx context.Context, c methods.ServiceCall) ([]string, error) {
	run := map[string]func(context.Context, methods.ServiceCall) ([]string, error){
		"echo": echoService, "ask": s.ask, "slow": slowService,
		"busy":   func(context.Context, methods.ServiceCall) ([]string, error) { return nil, methods.ErrServiceBusy },
		"broken": func(context.Context, methods.ServiceCall) ([]string, error) { return nil, methods.ErrServiceFailed },
	}[c.Name]
	switch {
	case run == nil:
		return nil, methods.ErrNoService
	case !slices.Contains([]string{"alice", "boris"}, c.Login) && c.Link != "crm":
		return nil, methods.ErrServiceForbidden
	case !c.Wait:
		return nil, nil
	}
	return run(ctx, c)
}

func echoService(_ context.Context, c methods.ServiceCall) ([]string, error) {
	return []string{fmt.Sprintf("%s%s said %s within %s", c.Login, c.Link, strings.Join(c.Params, "|"), c.Within), "second", "third"}, nil
}

func slowService(ctx context.Context, c methods.ServiceCall) ([]string, error) {
	select {
	case <-time.After(c.Within):
		return nil, methods.ErrServiceLate
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// ask needs the one who started it: it shows him a form.
func (s *services) ask(ctx context.Context, c methods.ServiceCall) ([]string, error) {
	w, err := s.api.OpenForm(c.Login, "crm.card", crm.Values{{Key: "phone", Value: "7"}})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, c.Within)
	defer cancel()
	r, err := w.Wait(ctx)
	return []string{r.Button}, err
}
