package scripting

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/octolink/octolink/crm"
)

// methodOptions are those of every call of a dynamic method.
type methodOptions struct {
	Timeout time.Duration `arg:"timeout" doc:"seconds for the answer; the provider's own limit if not said"`
	Late    time.Duration `arg:"late" doc:"seconds more, in which an answer still counts but the CRM is told that it is late"`
	User    string        `arg:"user" doc:"login of the user at whose screens the method runs, for methods that are for a user"`
}

type methodIn struct {
	Params  crm.Values    `arg:"params,optional" doc:"the method's parameters by key"`
	Options methodOptions `arg:"options"`
}

type crmCallIn struct {
	Name    string        `arg:"name" doc:"\"provider.method\", or a method that one provider offers"`
	Params  crm.Values    `arg:"params,optional" doc:"the method's parameters by key"`
	Options methodOptions `arg:"options"`
}

func crmCall(ctx context.Context, r *Run, in crmCallIn) (answerValues, error) {
	return r.callMethod(ctx, in.Name, in.Params, in.Options)
}

// answerValues is what a method gave back; nil for nothing at all.
type answerValues any

// callMethod calls one dynamic method.
func (r *Run) callMethod(ctx context.Context, name string, in crm.Values, o methodOptions) (any, error) {
	provider, key, _ := strings.Cut(name, ".")
	call := crm.Call{In: in, User: o.User, Session: r.id, Late: int(o.Late / time.Millisecond)}
	bounded, cancel := ctx, func() {}
	if o.Timeout > 0 {
		bounded, cancel = r.e.withTimeout(ctx, o.Timeout)
	}
	defer cancel()
	var out crm.Values
	var err error
	if o.Late > 0 && o.Timeout > 0 {
		out, err = r.waitLate(ctx, bounded, name, call)
	} else {
		out, err = r.e.opts.Directory.Invoke(bounded, name, call)
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err != nil {
		return nil, crmError(provider, key, err)
	}
	left := maxElements
	if size(out, &left); left < 0 {
		return nil, crmError(provider, key, fmt.Errorf("%w: more than %d values", errTooMuch, maxElements))
	}
	if len(out) == 0 {
		return nil, nil
	}
	return r.typed(name, out), nil
}

// waitLate calls a method whose late answer may still count. A provider waits for one until its time is
// over, even when the run ends meanwhile; so the run does not wait for the provider.
func (r *Run) waitLate(ctx, bounded context.Context, name string, call crm.Call) (crm.Values, error) {
	type result struct {
		out crm.Values
		err error
	}
	got := make(chan result, 1)
	go func() { // it ends with the time for a late answer
		out, err := r.e.opts.Directory.Invoke(bounded, name, call)
		got <- result{out, err}
	}()
	select {
	case g := <-got:
		return g.out, g.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

var errTooMuch = errors.New("the answer is too large")

// Codes of CRMError beside those of CRMs.
const (
	codeNoMethod    = 404
	codeGone        = 410
	codeTooMuch     = 413
	codeFailed      = 500
	codeUnsupported = 501
	codeTimeout     = 504
)

// crmError is what a flow is told of a method or a form that failed.
func crmError(provider, method string, err error) error {
	e := &CRMError{Code: codeFailed, Text: err.Error(), Provider: provider, Method: method, err: err}
	var said *crm.Error
	switch {
	case errors.As(err, &said):
		e.Code, e.Text = said.Code, said.Text
	case errors.Is(err, crm.ErrNobody):
		return err
	case errors.Is(err, crm.ErrNoProvider), errors.Is(err, crm.ErrNoMethod), errors.Is(err, crm.ErrNoForm):
		e.Code = codeNoMethod
	case errors.Is(err, crm.ErrGone):
		e.Code = codeGone
	case errors.Is(err, crm.ErrTimeout), errors.Is(err, context.DeadlineExceeded):
		e.Code, e.Text, e.Timeout = codeTimeout, crm.ErrTimeout.Error(), true
	case errors.Is(err, crm.ErrUnsupported):
		e.Code = codeUnsupported
	case errors.Is(err, errTooMuch):
		e.Code = codeTooMuch
	}
	return e
}

// typed gives an answer's values the types that the catalogue declares: CRMs send numbers as texts.
func (r *Run) typed(name string, out crm.Values) crm.Values {
	provider, key, _ := strings.Cut(name, ".")
	p, err := r.e.opts.Directory.Provider(provider)
	if err != nil {
		offering := r.offering(name)
		if len(offering) != 1 {
			return out
		}
		if p, err = r.e.opts.Directory.Provider(offering[0]); err != nil {
			return out // gone meanwhile
		}
		key = name
	}
	m, ok := p.Catalog().Method(key)
	if !ok {
		return out
	}
	return crm.Typed(out, m.Out)
}
