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

// DeleteRules implements [methods.Settings].
func (h history) DeleteRules(ctx context.Context, login string, ids []string) error {
	_, err := h.Store.DeleteRules(ctx, login, ids)
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
