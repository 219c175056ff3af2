package methods

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/octolink/octolink/pbx"
	"github.com/octolink/octolink/protocol"
)

// presence keeps who is logged in. A user without a connection stays so for a grace time: a page
// that is reloaded comes back within it.
type presence struct {
	api *API

	mu     sync.Mutex
	byUser map[string]*present // by lower-case login
	closed bool
}

type present struct {
	login string
	tabs  int
	grace *time.Timer // runs while there is no tab
}

func (p *presence) init(a *API) { p.api, p.byUser = a, make(map[string]*present) }

// enter makes a client one of its user's. The telephone side knows the user before his first event
// can reach him.
func (p *presence) enter(ctx context.Context, c *protocol.Client, id protocol.Identity) error {
	if err := p.count(ctx, id.Login); err != nil {
		return err
	}
	if err := c.LogIn(id); err != nil {
		p.leave(id.Login)
		return err
	}
	return nil
}

func (p *presence) count(ctx context.Context, login string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	key := strings.ToLower(login)
	u := p.byUser[key]
	if u == nil {
		if err := p.api.sw.Connect(ctx, login); err != nil {
			return err
		}
		u = &present{login: login}
		p.byUser[key] = u
	}
	u.tabs++
	if u.grace != nil {
		u.grace.Stop()
		u.grace = nil
	}
	return nil
}

// leave counts one connection of a user less; after the last one his grace time begins.
func (p *presence) leave(login string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	u := p.byUser[strings.ToLower(login)]
	if u == nil {
		return
	}
	u.tabs--
	if u.tabs == 0 && !p.closed {
		u.grace = time.AfterFunc(p.api.opts.Sessions.Grace, func() { p.leaveNow(context.Background(), login) })
	}
}

// leaveNow ends a user's presence unless he has a connection.
func (p *presence) leaveNow(ctx context.Context, login string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	key := strings.ToLower(login)
	u := p.byUser[key]
	if u == nil || u.tabs > 0 {
		return
	}
	if u.grace != nil {
		u.grace.Stop()
	}
	delete(p.byUser, key)
	if p.closed {
		return
	}
	// A user whom a reload removed is logged out there already.
	if err := p.api.sw.Disconnect(ctx, u.login); err != nil && !errors.Is(err, pbx.ErrNoSuchUser) {
		p.api.log.Warn("a user's log-out is not seen by the telephone side", "user", u.login, "err", err)
	}
}

// stop ends all grace times.
func (p *presence) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for _, u := range p.byUser {
		if u.grace != nil {
			u.grace.Stop()
		}
	}
}

func (p *presence) has(login string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.byUser[strings.ToLower(login)] != nil
}

func (p *presence) users() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.byUser)
}

// Gone is told by the engine when a logged-in client is no more.
func (a *API) Gone(c *protocol.Client, id protocol.Identity) {
	a.watchers.forget(c)
	a.presence.leave(id.Login)
}

// Expel ends a user's sessions and connections: he was disabled, removed or logged out by an
// operator.
func (a *API) Expel(ctx context.Context, login, reason string) error {
	err := a.opts.Accounts.EndSessions(ctx, login, "")
	for _, tab := range a.hub.Of(login) {
		tab.LogOut()
		tab.Close(protocol.ClosePolicy, reason)
	}
	a.presence.leaveNow(ctx, login)
	return err
}

// Close ends what runs by itself: grace times and deliveries.
func (a *API) Close() {
	a.deliver.stop()
	a.presence.stop()
}
