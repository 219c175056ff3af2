package main

import (
	"maps"
	"strings"
	"time"

	"github.com/octolink/octolink/transports"
	"github.com/octolink/octolink/web"
)

// note takes what the transport tells.
func (l *link) note(s transports.LinkState) {
	l.mu.Lock()
	refused := s.Refused > l.state.Refused
	l.state = s
	if refused {
		l.countRefused(reasonOf(s.Err))
	}
	l.mu.Unlock()
	if l.config.posts() && (s.Phase == transports.LinkWaiting || s.Phase == transports.LinkMisconfigured) {
		l.setFailing()
	}
}

// setFailing notes that a question over HTTP was not answered, so that the CRM is asked who it is
// before long.
func (l *link) setFailing() {
	l.mu.Lock()
	l.failing = true
	l.mu.Unlock()
	select {
	case l.woken <- struct{}{}:
	default:
	}
}

func (l *link) resetFailing() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.failing = false
	select {
	case <-l.woken:
	default:
	}
}

func (l *link) isFailing() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.failing
}

// reasonOf takes the address off a refusal, and what differs from peer to peer.
func reasonOf(refusal string) string {
	who, reason, _ := strings.Cut(refusal, ": ")
	if who == "TLS" || reason == "" {
		return who + " handshake"
	}
	return reason
}

// maxReasons bounds what strangers can make us remember.
const maxReasons = 32

// countRefused counts a connection that was not accepted. With mu held.
func (l *link) countRefused(reason string) {
	if _, known := l.refused[reason]; !known && len(l.refused) >= maxReasons {
		reason = "other"
	}
	l.refused[reason]++
}

// broken takes note of a transport that ended although nobody wanted it to.
func (l *link) broken(err error, next time.Time) {
	l.log.Error("the link does not work", "err", err)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.state.Phase, l.state.Since, l.state.Next, l.state.Conns = transports.LinkMisconfigured, time.Now(), next, 0
	l.state.Err = err.Error()
}

func (l *link) isMisconfigured() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.state.Phase == transports.LinkMisconfigured
}

// retryAt says when the next attempt follows, which over HTTP only we know.
func (l *link) retryAt(t time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.state.Next = t
}

// status joins what the transport and the engine know.
func (ls *links) status() []web.Link {
	var all []web.Link
	for _, l := range ls.list() {
		s := l.status()
		if p, err := ls.api.CRMs().Provider(s.Name); err == nil {
			c := p.Catalog()
			s.Methods, s.Forms, s.Faults = len(c.Methods), len(c.Forms), c.Faults
		}
		all = append(all, s)
	}
	return all
}

func (l *link) status() web.Link {
	l.mu.Lock()
	s, peer := l.state, l.peer
	w := web.Link{
		Name: l.config.Name, Mode: l.config.Mode, State: shownPhase(s), Address: s.Address, Since: s.Since,
		Retry: s.Next, Error: s.Err, Refused: maps.Clone(l.refused),
	}
	l.mu.Unlock()
	if s.Conns > 0 {
		w.Remote = s.Remote
	}
	if peer == nil {
		return w
	}
	p := peer.Status()
	w.Peer, w.Users = p.Peer, p.Users
	if p.Refused > 0 {
		if w.Refused == nil {
			w.Refused = map[string]int{}
		}
		w.Refused["the link is taken"] += p.Refused
	}
	if p.Connected {
		w.State, w.Since, w.Retry = web.LinkIntroduced, p.Since, time.Time{}
		if p.Remote != "" {
			w.Remote = p.Remote
		}
	}
	return w
}

// shownPhase is the state of a link whose CRM has not introduced itself.
func shownPhase(s transports.LinkState) string {
	switch s.Phase {
	case transports.LinkWaiting:
		return web.LinkWaiting
	case transports.LinkMisconfigured:
		return web.LinkMisconfigured
	}
	switch {
	case s.Conns > 0 || s.Phase == transports.LinkConnected:
		return web.LinkConnected
	case s.Phase == transports.LinkListening:
		return web.LinkListening
	}
	return web.LinkConnecting
}
