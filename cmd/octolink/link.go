package main

import (
	"context"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/octolink/octolink/protocol"
	"github.com/octolink/octolink/protocol/methods"
	"github.com/octolink/octolink/transports"
)

// A link is one configured link at work: its transport, and what the engine has of it.
type link struct {
	config   Link
	engine   *protocol.Engine
	api      *methods.API
	log      *slog.Logger
	options  transports.LinkOptions
	protocol protocol.LinkOptions
	listener net.Listener // opened before the start; nil when it is opened by the transport

	woken  chan struct{} // a question over HTTP was not answered
	cancel context.CancelFunc
	done   chan struct{} // closed at the end; nil before the start

	mu      sync.Mutex
	peer    *protocol.Link // as the engine has it; nil before the start
	state   transports.LinkState
	failing bool           // over HTTP: a question was not answered since the last introduction
	refused map[string]int // by reason
}

// make prepares a link. It reads certificates and connects nothing.
func (ls *links) make(c Link) (*link, error) {
	l := &link{
		config: c, engine: ls.engine, api: ls.api, log: ls.log.With("link", c.Name),
		woken: make(chan struct{}, 1), refused: map[string]int{}, protocol: c.protocolOptions(ls.config),
	}
	var err error
	l.options, err = ls.config.transportOptions(c, ls.log)
	l.options.OnState = l.note
	l.state = transports.LinkState{Link: c.Name, Mode: c.Mode, Address: c.where(), Since: time.Now()}
	return l, err
}

// start lets the link work until stop.
func (l *link) start() {
	ctx, cancel := context.WithCancel(context.Background())
	l.cancel, l.done = cancel, make(chan struct{})
	peer := l.engine.AddLink(l.protocol)
	l.mu.Lock()
	l.peer = peer
	l.mu.Unlock()
	go func() {
		defer close(l.done)
		l.run(ctx)
	}()
}

// stop ends it; done tells when.
func (l *link) stop() {
	if l.cancel != nil {
		l.cancel()
	}
}

func (l *link) run(ctx context.Context) {
	if l.config.posts() {
		l.post(ctx)
		return
	}
	for attempt := 0; ; attempt++ {
		err := l.serve(ctx)
		if ctx.Err() != nil {
			return
		}
		l.broken(err, time.Now().Add(backoff(attempt)))
		if !pause(ctx, backoff(attempt), nil) {
			return
		}
	}
}

// serve runs the transport of a WebSocket. Where we connect it makes its own attempts; where we listen
// it ends when the port cannot be had.
func (l *link) serve(ctx context.Context) error {
	if !l.config.listens() {
		return transports.DialLink(ctx, l.options, l.engine)
	}
	o := l.options
	o.Listener, l.listener = l.listener, nil
	return transports.ServeLink(ctx, o, l.engine)
}

// introduceWithin bounds an introduction over HTTP with all its questions.
const introduceWithin = 2 * time.Minute

// post introduces us to a CRM behind an HTTP address, again and again: that is all that tells whether
// it is there.
func (l *link) post(ctx context.Context) {
	x, err := transports.NewPost(l.options)
	if err != nil {
		l.broken(err, time.Time{})
		return
	}
	defer x.Close()
	p := l.engine.Attach(l.peer, x)
	for failures := 0; ; failures++ {
		if l.introduce(ctx, p) {
			failures = 0
			if !pause(ctx, l.config.Refresh.std(), l.woken) {
				return
			}
		}
		if !l.isFailing() {
			continue
		}
		wait := backoff(failures)
		if l.isMisconfigured() {
			wait = backoff(len(backoffs))
		}
		l.retryAt(time.Now().Add(wait))
		if !pause(ctx, wait, nil) {
			return
		}
	}
}

// introduce reports whether the CRM has answered all questions.
func (l *link) introduce(ctx context.Context, p *protocol.Post) bool {
	ctx, cancel := context.WithTimeout(ctx, introduceWithin)
	defer cancel()
	l.resetFailing()
	if err := l.api.IntroduceOver(ctx, l.peer, p); err != nil {
		l.setFailing()
	}
	return !l.isFailing()
}

// backoffs are the times between attempts, the last one for ever.
var backoffs = [...]time.Duration{time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 30 * time.Second}

func backoff(failures int) time.Duration { return backoffs[min(failures, len(backoffs)-1)] }

// pause waits, or until it is woken; false when ctx ended.
func pause(ctx context.Context, d time.Duration, woken <-chan struct{}) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-woken:
		return true
	case <-ctx.Done():
		return false
	}
}
