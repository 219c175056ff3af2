package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"reflect"
	"slices"
	"sync"

	"github.com/octolink/octolink/protocol"
	"github.com/octolink/octolink/protocol/methods"
)

// links are the links of the configuration at work. Each one lives on its own, so that a change of
// one does not touch the others.
type links struct {
	engine *protocol.Engine
	api    *methods.API
	config *Config // of the start: what links do not say themselves
	log    *slog.Logger

	mu      sync.Mutex
	byName  map[string]*link
	started bool
	over    bool
}

func (m *Main) newLinks() *links {
	return &links{engine: m.engine, api: m.api, config: m.opts.Config, log: m.log, byName: map[string]*link{}}
}

// open prepares all links and opens their listeners, so that a port that is taken ends the start.
func (ls *links) open(configs []Link) error {
	for _, c := range configs {
		l, err := ls.make(c)
		if err != nil {
			return err
		}
		ls.byName[c.Name] = l
		if !c.listens() {
			continue
		}
		if l.listener, err = net.Listen("tcp", c.Listen); err != nil {
			return listenError(wanted{"link " + c.Name, c.Listen}, err)
		}
	}
	return nil
}

// start lets the links work until stop.
func (ls *links) start() {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	ls.started = true
	for _, l := range ls.byName {
		l.start()
	}
}

// stop ends all links: nobody new comes in, no more attempts are made. The channels that are open are
// the engine's to close; wait is for after that.
func (ls *links) stop() {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	ls.over = true
	for _, l := range ls.byName {
		l.stop()
	}
}

// wait returns when everything of the links has ended.
func (ls *links) wait(ctx context.Context) error {
	for _, l := range ls.list() {
		if l.done == nil {
			continue
		}
		select {
		case <-l.done:
		case <-ctx.Done():
			return fmt.Errorf("link %s does not end", l.config.Name)
		}
	}
	return nil
}

// close frees what links hold that never started.
func (ls *links) close() {
	for _, l := range ls.list() {
		if l.done == nil && l.listener != nil {
			l.listener.Close() //nolint:errcheck // it listens no more, whatever is said
		}
	}
}

// list is all links by name.
func (ls *links) list() []*link {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	all := make([]*link, 0, len(ls.byName))
	for _, l := range ls.byName {
		all = append(all, l)
	}
	slices.SortFunc(all, func(a, b *link) int { return cmp.Compare(a.config.Name, b.config.Name) })
	return all
}

// A linkChange is what a reload is going to do, prepared as far as it can fail.
type linkChange struct {
	gone []*link
	next []*link
}

// prepare compares the links with those of another configuration. Nothing changes yet.
func (ls *links) prepare(configs []Link) (ch linkChange, err error) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	kept := map[string]bool{}
	var errs []error
	for _, c := range configs {
		kept[c.Name] = true
		old := ls.byName[c.Name]
		if old != nil && reflect.DeepEqual(old.config, c) {
			continue
		}
		l, err := ls.make(c)
		errs = append(errs, err)
		ch.next = append(ch.next, l)
		if old != nil {
			ch.gone = append(ch.gone, old)
		}
	}
	for name, l := range ls.byName {
		if !kept[name] {
			ch.gone = append(ch.gone, l)
		}
	}
	return ch, errors.Join(errs...)
}

// apply ends links and starts others. It returns when those have ended.
func (ls *links) apply(ctx context.Context, ch linkChange) error {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	if ls.over || !ls.started {
		return nil
	}
	for _, l := range ch.gone {
		l.stop()
		ls.engine.RemoveLink(l.config.Name)
		delete(ls.byName, l.config.Name)
	}
	var errs []error
	for _, l := range ch.gone {
		select {
		case <-l.done:
		case <-ctx.Done():
			errs = append(errs, fmt.Errorf("link %s: %w", l.config.Name, ctx.Err()))
		}
	}
	for _, l := range ch.next {
		ls.byName[l.config.Name] = l
		l.start()
	}
	return errors.Join(errs...)
}

// reloadCertificates takes the certificates of files that have changed, without waiting for the time
// when they are looked at anyway.
func (ls *links) reloadCertificates() (all []change, err error) {
	var errs []error
	for _, l := range ls.list() {
		for _, f := range l.files() {
			changed, err := f.Reload()
			if err != nil {
				errs = append(errs, fmt.Errorf("link %s: %w", l.config.Name, err))
			} else if changed {
				all = append(all, change{"read again", "certificates of link", l.config.Name})
			}
		}
	}
	return all, errors.Join(errs...)
}
