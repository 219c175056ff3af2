package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/octolink/octolink/crm"
	"github.com/octolink/octolink/crmsim"
	"github.com/octolink/octolink/protocol/methods"
	"github.com/octolink/octolink/scripting"
)

// A fakeCRM answers as a script of crmsim says, within this process.
type fakeCRM struct {
	name   string
	script *crmsim.Script
}

var _ crm.Provider = (*fakeCRM)(nil)

// readFake reads NAME=FILE.
func readFake(arg string) (*fakeCRM, error) {
	name, file, ok := strings.Cut(arg, "=")
	if !ok || !linkName.MatchString(name) {
		return nil, fmt.Errorf("--provider %s: want NAME=FILE, a script as octolink crmsim takes", cut(arg))
	}
	text, err := os.ReadFile(file) //nolint:gosec // the user names it
	if err != nil {
		return nil, err
	}
	script, err := crmsim.ParseScript(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return &fakeCRM{name, script}, nil
}

// Name implements [crm.Provider].
func (f *fakeCRM) Name() string { return f.name }

// Catalog implements [crm.Provider].
func (f *fakeCRM) Catalog() (c crm.Catalog) {
	for _, m := range f.script.Methods {
		c.Methods = append(c.Methods, crm.Method{
			Key: m.Key, Name: m.Name, Description: m.Description, In: fakeParams(m.In), Out: fakeParams(m.Out), ForUser: m.User,
		})
	}
	for _, o := range f.script.Forms {
		c.Forms = append(c.Forms, crm.Form{
			Key: o.Key, Name: o.Name, Description: o.Description, In: fakeParams(o.In), Out: fakeParams(o.Out), AllowCancel: o.AllowCancel, ForUser: o.User,
		})
	}
	return c
}

func fakeParams(list []crmsim.Param) (all []crm.Param) {
	for _, p := range list {
		param := crm.Param{Key: p.Key, Name: p.Name, Description: p.Description, Type: crm.Type(p.Type)}
		for _, i := range p.Items {
			param.Items = append(param.Items, crm.Item{ID: i.ID, Name: i.Name})
		}
		all = append(all, param)
	}
	return all
}

// Invoke implements [crm.Provider].
func (f *fakeCRM) Invoke(ctx context.Context, call crm.Call) (crm.Values, error) {
	got := f.script.Run(call.Method, call.User, methods.WireValues(call.In))
	if err := waitFake(ctx, got); err != nil {
		return nil, err
	}
	if got.Err != nil {
		return nil, &crm.Error{Code: got.Err.Code, Text: got.Err.Text}
	}
	return methods.CRMValues(got.Out), nil
}

// fakeTime is how long a CRM is waited for that does not answer.
const fakeTime = 15 * time.Second

func waitFake(ctx context.Context, got crmsim.Scripted) error {
	if got.Never {
		got.Delay = fakeTime
	}
	timer := time.NewTimer(got.Delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		if got.Never {
			return crm.ErrTimeout
		}
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// fakeDesk has users fill in forms as their CRM's script says.
type fakeDesk struct{ crms *crm.Directory }

// Show implements [scripting.Desk].
func (d fakeDesk) Show(_ context.Context, user, form string, in crm.Values) (scripting.Window, error) {
	p, f, err := d.crms.Form(form)
	if err != nil {
		return nil, err
	}
	fake, ok := p.(*fakeCRM)
	if !ok {
		return nil, crm.ErrNobody
	}
	return fakeWindow{fake.script.Fill(f.Key, user, methods.WireValues(in))}, nil
}

type fakeWindow struct{ got crmsim.Scripted }

// ID implements [scripting.Window].
func (fakeWindow) ID() string { return "window" }

// Close implements [scripting.Window].
func (fakeWindow) Close() {}

// Wait implements [scripting.Window].
func (w fakeWindow) Wait(ctx context.Context) (string, crm.Values, error) {
	if w.got.Never {
		<-ctx.Done()
		return "", nil, ctx.Err()
	}
	if err := waitFake(ctx, w.got); err != nil {
		return "", nil, err
	}
	return w.got.Button, methods.CRMValues(w.got.Out), nil
}
