package main

import (
	"context"
	"errors"

	"github.com/octolink/octolink/protocol/methods"
	"github.com/octolink/octolink/store"
)

var _ methods.Outbox = history{}

// Since implements [methods.Outbox].
func (h history) Since(ctx context.Context, number int64, limit int) ([]methods.KeptEvent, error) {
	list, err := h.Events(ctx, number, limit)
	var gone *store.GoneError
	if errors.As(err, &gone) {
		return nil, &methods.GoneError{Oldest: gone.Oldest}
	}
	if err != nil {
		return nil, err
	}
	kept := make([]methods.KeptEvent, len(list))
	for i, e := range list {
		kept[i] = methods.KeptEvent{Number: e.Number, Kind: e.Kind, Login: e.Login, Record: e.Record, Notice: e.Notice, At: e.At}
	}
	return kept, nil
}

// Newest implements [methods.Outbox].
func (h history) Newest(ctx context.Context) (int64, error) {
	next, err := h.NextEvent(ctx)
	return next - 1, err
}
