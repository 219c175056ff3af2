package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/octolink/octolink/pbx"
	"github.com/octolink/octolink/protocol/methods"
	"github.com/octolink/octolink/store"
	"github.com/octolink/octolink/web"
)

// history is the store as the methods and the web server ask for it.
type history struct{ *store.Store }

var (
	_ methods.Journal  = history{}
	_ methods.Settings = history{}
	_ web.Records      = history{}
)

// Journal implements [methods.Journal].
func (h history) Journal(ctx context.Context, q methods.JournalQuery) ([]pbx.CallRecord, error) {
	return h.Store.Journal(ctx, store.JournalFilter{
		Logins: q.Logins, Chain: q.Chain, Talk: q.Talk, From: q.From, To: q.To, Direction: q.Direction,
		QueueOnly: q.Queued, MinTalk: q.MinTalk, Limit: q.Limit, Offset: q.Skip,
	})
}

// SaveRule implements [methods.Settings].
func (h history) SaveRule(ctx context.Context, r pbx.RedirectRule) error {
	return storing(h.Store.SaveRule(ctx, r))
}

// DeleteRules implements [methods.Settings].
func (h history) DeleteRules(ctx context.Context, login string, ids []string) error {
	_, err := h.Store.DeleteRules(ctx, login, ids)
	return storing(err)
}

// storing marks the faults of the disk among the errors of a write: they are no mistake of the
// program, and who asked may ask again later.
func storing(err error) error {
	for _, fault := range []error{store.ErrFull, store.ErrReadOnly, store.ErrLocked, store.ErrDamaged, store.ErrBusy, store.ErrClosed} {
		if errors.Is(err, fault) {
			return fmt.Errorf("%w (%w)", methods.ErrStorage, err)
		}
	}
	return err
}

// RecordByID implements [web.Records].
func (h history) RecordByID(ctx context.Context, id string) (pbx.CallRecord, error) {
	r, err := h.Store.RecordByID(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return r, fmt.Errorf("%w (%w)", fs.ErrNotExist, err)
	}
	return r, err
}
