package main

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"sync/atomic"

	"github.com/octolink/octolink/pbx"
	"github.com/octolink/octolink/protocol/methods"
	"github.com/octolink/octolink/protocol/wire"
	"github.com/octolink/octolink/store"
)

// procedures are the queries of the configuration.
type procedures struct {
	store     *store.Store
	directory func() *pbx.Directory
	list      atomic.Pointer[map[string]procedure] // by folded name
}

var _ methods.Procedures = (*procedures)(nil)

type procedure struct {
	sql   string
	allow map[string]bool // folded logins
}

// learn takes the procedures of a configuration.
func (p *procedures) learn(all []Procedure) {
	list := make(map[string]procedure, len(all))
	for _, one := range all {
		allow := make(map[string]bool, len(one.Allow))
		for _, login := range one.Allow {
			allow[fold(login)] = true
		}
		list[fold(one.Name)] = procedure{one.SQL, allow}
	}
	p.list.Store(&list)
}

// Allowed implements [methods.Procedures].
func (p *procedures) Allowed(login string) []string {
	var names []string
	for name, one := range *p.list.Load() {
		if one.allow[fold(login)] {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// Run implements [methods.Procedures]. Who asks is told to the query by the server; what a client
// writes under that name does not count.
func (p *procedures) Run(ctx context.Context, name, login string, params map[string]any) (methods.Dataset, error) {
	one, ok := (*p.list.Load())[fold(name)]
	user := p.directory().UserByLogin(login)
	if !ok || user == nil || !one.allow[fold(login)] {
		return methods.Dataset{}, methods.ErrNoProcedure
	}
	args := make(map[string]any, len(params)+1)
	for k, v := range params {
		args[k] = plainParam(v)
	}
	args["authorizeduserid"] = user.ID
	set, err := p.store.Query(ctx, one.sql, args, store.QueryLimits{})
	if errors.Is(err, store.ErrArgument) {
		return methods.Dataset{}, methods.ErrBadParameter
	}
	if err != nil {
		return methods.Dataset{}, err
	}
	if set.Cut {
		return methods.Dataset{}, methods.ErrTooLarge
	}
	return methods.Dataset{Columns: set.Columns, Rows: set.Rows}, nil
}

// plainParam turns a number of the wire into one that SQL knows.
func plainParam(v any) any {
	n, ok := v.(wire.Number)
	if !ok {
		return v
	}
	if i, err := strconv.ParseInt(string(n), 10, 64); err == nil {
		return i
	}
	if f, err := strconv.ParseFloat(string(n), 64); err == nil {
		return f
	}
	return string(n)
}
