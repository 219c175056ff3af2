package sdk

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"

	contract "github.com/octolink/octolink/plugins/proto"
	basev1 "github.com/octolink/octolink/plugins/proto/base/v1"
	crmv1 "github.com/octolink/octolink/plugins/proto/crm/v1"
)

// A Plugin says who a plugin is.
type Plugin struct {
	Name    string
	Version string
	Summary string // one sentence for operators
}

// A Part is something that a plugin offers: see [Method], [Form], [Settings], [HTTP], [OnEvent].
type Part interface{ join(s *Service) error }

type part func(s *Service) error

func (p part) join(s *Service) error { return p(s) }

// A run is a method without its types.
type run func(ctx context.Context, in *basev1.Object) (*basev1.Object, error)

// A MethodPart is a dynamic method.
type MethodPart struct {
	method *crmv1.Method
	run    run
	err    error
}

// Method offers a dynamic method. In and Out are structs with crm tags.
func Method[In, Out any](key, description string, do func(ctx context.Context, in In) (Out, error)) *MethodPart {
	m := &MethodPart{method: &crmv1.Method{Key: key, Description: description}}
	var errIn, errOut error
	m.method.In, errIn = params(reflect.TypeFor[In]())
	m.method.Out, errOut = params(reflect.TypeFor[Out]())
	if err := errors.Join(errIn, errOut); err != nil {
		m.err = fmt.Errorf("method %s: %w", key, err)
	}
	m.run = func(ctx context.Context, o *basev1.Object) (*basev1.Object, error) {
		var in In
		if err := Decode(o, &in); err != nil {
			return nil, &Error{Code: 400, Text: err.Error()}
		}
		out, err := do(ctx, in)
		if err != nil {
			return nil, err
		}
		return Encode(&out)
	}
	return m
}

// Named gives the method a caption.
func (m *MethodPart) Named(name string) *MethodPart {
	m.method.Name = name
	return m
}

// ForUser makes callers say for which user; [CallOf] tells the method.
func (m *MethodPart) ForUser() *MethodPart {
	m.method.ForUser = true
	return m
}

func (m *MethodPart) join(s *Service) error {
	if m.err != nil {
		return m.err
	}
	if _, double := s.methods[m.method.GetKey()]; double {
		return fmt.Errorf("method %s: is there twice", m.method.GetKey())
	}
	s.methods[m.method.GetKey()] = m.run
	s.catalog.Methods = append(s.catalog.Methods, m.method)
	s.kind(contract.KindCRM)
	return nil
}

// FormOptions are what a form may have beside its fields.
type FormOptions struct {
	Name        string // caption. Zero means the key.
	AllowCancel bool   // the user may close it without an answer
}

// Form describes a form that is shown at a user's screen: In is what it is opened with, Out is what the
// user enters.
func Form[In, Out any](key, description string, o FormOptions) Part {
	return part(func(s *Service) error {
		in, errIn := params(reflect.TypeFor[In]())
		out, errOut := params(reflect.TypeFor[Out]())
		if err := errors.Join(errIn, errOut); err != nil {
			return fmt.Errorf("form %s: %w", key, err)
		}
		for _, f := range s.catalog.GetForms() {
			if f.GetKey() == key {
				return fmt.Errorf("form %s: is there twice", key)
			}
		}
		s.catalog.Forms = append(s.catalog.Forms, &crmv1.Form{
			Key: key, Name: o.Name, Description: description, In: in, Out: out, AllowCancel: o.AllowCancel,
		})
		s.kind(contract.KindCRM)
		return nil
	})
}

// Settings takes the settings of the manifest, before anything else of the plugin is called. S is a
// struct with crm tags. An error refuses them; the operator sees its text.
func Settings[S any](take func(ctx context.Context, settings S) error) Part {
	return part(func(s *Service) error {
		if err := check(reflect.TypeFor[S]()); err != nil {
			return fmt.Errorf("settings: %w", err)
		}
		s.configure = append(s.configure, func(ctx context.Context, o *basev1.Object) error {
			var settings S
			if err := Decode(o, &settings); err != nil {
				return err
			}
			return take(ctx, settings)
		})
		return nil
	})
}

// HTTP serves what the manifest lets through: /NAME/… arrives without its first part, an exact path as
// it is.
func HTTP(h http.Handler) Part {
	return part(func(s *Service) error {
		if s.http != nil {
			return errors.New("there are two HTTP handlers")
		}
		s.http = h
		s.kind(contract.KindHTTP)
		return nil
	})
}

// OnEvent has a function called with each event of the kinds, in order, from the plugin's start on.
// Without kinds it gets all that the manifest lists.
func OnEvent(do func(ctx context.Context, e Event), kinds ...string) Part {
	return part(func(s *Service) error {
		s.events = append(s.events, listener{do, kinds})
		s.kind(contract.KindEvents)
		return nil
	})
}

// OnShutdown has a function called when the server stops the plugin.
func OnShutdown(do func(ctx context.Context)) Part {
	return part(func(s *Service) error {
		s.shutdown = append(s.shutdown, do)
		return nil
	})
}

// An Error is a failure that the caller sees with its code. Other errors of a method have the code 500.
type Error struct {
	Code int
	Text string
}

// Error implements error.
func (e *Error) Error() string { return e.Text }

// A Call is what a method may know about who called it.
type Call struct {
	Method  string
	User    string // login of the user for whom it is; "" for nobody
	Session string
}

type contextKey int

const (
	callKey contextKey = iota
	hostKey
)

// CallOf is the call that a context belongs to.
func CallOf(ctx context.Context) Call {
	c, _ := ctx.Value(callKey).(Call)
	return c
}
