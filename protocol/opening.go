package protocol

import (
	"context"
)

// spawn runs something that may wait, and reports whether it does: not when the engine shuts down.
func (e *Engine) spawn(fn func(context.Context)) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.down {
		return false
	}
	e.workers.Go(func() { fn(e.ctx) })
	return true
}

// openServer makes a channel that of a CRM server.
func (e *Engine) openServer(ch *Channel, name string) {
	l := e.link(name)
	if l == nil {
		l = newLink(e, LinkOptions{Name: name})
		l.over = true
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
// called. A second CRM on a link is refused and its channel closed. Begin must follow.
func (ch *Channel) Introduce(ctx context.Context, peer string) error {
	l := ch.server.link
	if err := l.take(ctx, ch, peer); err != nil {
		ch.close(ClosePolicy, err.Error())
		return err
	}
	ch.engine.hub.enterServer(&ch.self, ch.engine.serverEvents)
	return nil
}

// Begin lets the hooks begin with a CRM that was introduced; it comes when the CRM has its answer. It
// does nothing on other channels, and only once.
func (ch *Channel) Begin() { ch.server.link.begin(ch) }

// endServer ends what depends on a channel that is gone: our questions to the CRM, and its users. It
// returns when that is done, whoever began it.
func (ch *Channel) endServer() {
	ch.server.ended.Do(func() {
		ch.server.calls.end()
		var users []Identity
		for _, c := range ch.server.end() {
			if id := ch.engine.hub.end(c); id != nil {
				users = append(users, *id)
			}
		}
		ch.server.link.ended(ch, users)
	})
}

// drain accepts nothing from now on.
func (ch *Channel) drain() {
	if ch.server != nil {
		ch.server.mu.Lock()
		ch.server.draining = true
		ch.server.mu.Unlock()
	}
	for _, c := range ch.clients() {
		c.drain()
	}
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
