package protocol

import (
	"context"
)

// spawn runs something that may wait, unless the engine shuts down.
func (e *Engine) spawn(fn func(context.Context)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.down {
		e.workers.Go(func() { fn(e.ctx) })
	}
}

// openServer makes a channel that of a CRM server.
func (e *Engine) openServer(ch *Channel, name string) {
	l := e.link(name)
	if l == nil {
		l = &Link{engine: e, opts: LinkOptions{Name: name}, over: true, lost: make(map[string]Identity)}
		ch.close(ClosePolicy, "no such link")
	}
	ch.server = &serverSide{link: l, tunnels: make(map[string]*Client)}
	if l.opts.Queue > 0 {
		ch.out.limit = l.opts.Queue
	}
	if opened := e.opts.Links.Opened; opened != nil && !l.over {
		e.spawn(func(ctx context.Context) { opened(ctx, ch) })
	}
}

// Introduce makes a channel its link's: the CRM at its other end has said who it is, and what it is
// called. A second CRM on a link is refused and its channel closed.
func (ch *Channel) Introduce(ctx context.Context, peer string) error {
	l := ch.server.link
	fresh, err := l.take(ctx, ch)
	if err != nil {
		ch.close(ClosePolicy, err.Error())
		return err
	}
	if !fresh {
		return nil
	}
	l.mu.Lock()
	l.peer = peer
	l.mu.Unlock()
	ch.engine.hub.enterServer(&ch.self, ch.engine.serverEvents)
	if introduced := ch.engine.opts.Links.Introduced; introduced != nil {
		ch.engine.spawn(func(ctx context.Context) { introduced(ctx, l, ch) })
	}
	return nil
}

// endTunnels takes the users of a broken channel out of the hub.
func (e *Engine) endTunnels(ch *Channel, tunnels []*Client) {
	if ch.server == nil {
		return
	}
	users := make([]Identity, 0, len(tunnels))
	for _, c := range tunnels {
		if id := c.Identity(); id != nil {
			users = append(users, *id)
		}
		e.hub.end(c)
	}
	ch.server.link.ended(ch, users)
}

// clients are all parties that send requests through a channel.
func (ch *Channel) clients() []*Client {
	all := []*Client{&ch.self}
	if ch.server == nil {
		return all
	}
	ch.server.mu.Lock()
	defer ch.server.mu.Unlock()
	for _, c := range ch.server.tunnels {
		all = append(all, c)
	}
	return all
}
