package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/octolink/octolink/crm"
	"github.com/octolink/octolink/pbx"
	"github.com/octolink/octolink/protocol/methods"
	"github.com/octolink/octolink/scripting"
	"github.com/octolink/octolink/scripting/triggers"
	"github.com/octolink/octolink/store"
)

// What call flows want of the server, made of its parts.
var (
	_ scripting.Desk  = desk{}
	_ scripting.House = house{}
	_ scripting.KV    = flowValues{}
)

// desk shows flows' forms.
type desk struct{ api *methods.API }

// Show implements [scripting.Desk].
func (d desk) Show(ctx context.Context, user, form string, in crm.Values) (scripting.Window, error) {
	run, _ := scripting.RunOf(ctx)
	w, err := d.api.OpenFormFor(user, form, in, methods.FormCall{Chain: run.Chain, Caller: run.Caller})
	if err != nil {
		return nil, err
	}
	return window{w}, nil
}

type window struct{ *methods.Window }

// Wait implements [scripting.Window].
func (w window) Wait(ctx context.Context) (button string, values crm.Values, err error) {
	r, err := w.Window.Wait(ctx)
	if errors.Is(err, methods.ErrFormClosed) {
		err = fmt.Errorf("%w: %w", crm.ErrCancelled, err)
	}
	return r.Button, r.Values, err
}

// house is the rest of the server.
type house struct{ m *Main }

// Notify implements [scripting.House].
func (h house) Notify(ctx context.Context, user, text string) error {
	login, err := h.m.known(user)
	switch {
	case err != nil:
		return err
	case !h.m.api.Reachable(login):
		return fmt.Errorf("%w: %s", crm.ErrNobody, login)
	case len(text) > maxNotice:
		return fmt.Errorf("a notice has at most %d KiB", maxNotice>>10)
	}
	_, err = h.m.sw.Notify(ctx, login, "", text)
	return err
}

// Emit implements [scripting.House]: clients hear the event, and so do triggers.
func (h house) Emit(ctx context.Context, event string, data any) error {
	run, _ := scripting.RunOf(ctx)
	if err := h.m.api.EmitCustom("flow "+run.Flow, event, data); err != nil {
		return err
	}
	h.m.flows.triggers.Event(triggers.CustomEvent{Name: event, Param: data, Flow: run.Flow, Depth: run.Depth + 1})
	return nil
}

// Callback implements [scripting.House].
func (h house) Callback(ctx context.Context, user, number string) (call string, err error) {
	login, err := h.m.known(user)
	if err != nil {
		return "", err
	}
	return h.m.sw.AutoCall(ctx, login, number, false, false)
}

// flowValues keep flows' values in the database.
type flowValues struct{ store *store.Store }

// Get implements [scripting.KV].
func (v flowValues) Get(ctx context.Context, flow, key string) ([]byte, bool, error) {
	value, err := v.store.FlowValue(ctx, flow, key)
	return value, value != nil, err
}

// Set implements [scripting.KV].
func (v flowValues) Set(ctx context.Context, flow, key string, value []byte) error {
	err := v.store.SetFlowValue(ctx, flow, key, value)
	if errors.Is(err, store.ErrFlowFull) {
		return fmt.Errorf("%w (%w)", scripting.ErrFull, err)
	}
	return err
}

// Delete implements [scripting.KV].
func (v flowValues) Delete(ctx context.Context, flow, key string) error {
	return v.store.DeleteFlowValue(ctx, flow, key)
}

// plainDetail is what a trigger tells, as scripts are told values.
func plainDetail(v any) any {
	switch v := v.(type) {
	case float64:
		return crm.Number(strconv.FormatFloat(v, 'f', -1, 64))
	case pbx.StateID:
		return crm.Number(strconv.Itoa(int(v)))
	}
	return v
}
