package plugins

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/octolink/octolink/crm"
	crmv1 "github.com/octolink/octolink/plugins/proto/crm/v1"
)

// A provider is a plugin as the rest of the server calls it, whatever process serves it now.
type provider struct {
	name    string
	current atomic.Pointer[instance] // nil: there is none now
}

var _ crm.Provider = (*provider)(nil)

// Name implements [crm.Provider].
func (p *provider) Name() string { return p.name }

// Catalog implements [crm.Provider].
func (p *provider) Catalog() crm.Catalog {
	if i := p.current.Load(); i != nil {
		return i.catalog
	}
	return crm.Catalog{}
}

// Invoke implements [crm.Provider]. A plugin that dies meanwhile is [crm.ErrGone] at once.
func (p *provider) Invoke(ctx context.Context, call crm.Call) (crm.Values, error) {
	for {
		i := p.current.Load()
		if i == nil {
			return nil, crm.ErrGone
		}
		out, err := i.invoke(ctx, call)
		if !errors.Is(err, errDraining) {
			return out, err
		}
		if p.current.Load() == i {
			return nil, crm.ErrGone // it stops, and nobody takes its place
		}
	}
}

// invoke runs a method in this process.
func (i *instance) invoke(ctx context.Context, call crm.Call) (crm.Values, error) {
	m, ok := i.catalog.Method(call.Method)
	switch {
	case !ok:
		return nil, fmt.Errorf("%w: %s.%s", crm.ErrNoMethod, i.manifest.Name, call.Method)
	case m.ForUser && call.User == "":
		return nil, fmt.Errorf("%w: %s.%s is for a user, say for whom", crm.ErrNobody, i.manifest.Name, call.Method)
	}
	in, err := toObject(crm.Typed(call.In, m.In))
	if err != nil {
		return nil, fmt.Errorf("%s.%s: %w", i.manifest.Name, call.Method, err)
	}
	start := &crmv1.Start{Method: call.Method, In: in, User: call.User, Session: call.Session}
	r, err := i.calls.do(ctx, start, limit{i.manifest.Timeout, time.Duration(call.Late) * time.Millisecond})
	if err != nil {
		return nil, err
	}
	return i.result(call.Method, r)
}

// result reads what a plugin answered.
func (i *instance) result(method string, r *crmv1.Result) (crm.Values, error) {
	switch what := r.GetWhat().(type) {
	case *crmv1.Result_Out:
		out, err := fromObject(what.Out)
		if err != nil {
			return nil, fmt.Errorf("the answer of %s.%s: %w", i.manifest.Name, method, err)
		}
		return out, nil
	case *crmv1.Result_Failure:
		if what.Failure.GetNotFound() {
			return nil, fmt.Errorf("%w: %s.%s", crm.ErrNoMethod, i.manifest.Name, method)
		}
		return nil, &crm.Error{Code: int(what.Failure.GetCode()), Text: what.Failure.GetText()}
	}
	return nil, &crm.Error{Code: 500, Text: "the plugin's answer is neither a result nor a failure"}
}
