package protocol

import (
	"context"
	"time"
)

// watchEvery is how exactly the limits of time are kept. One goroutine looks at all channels; a
// timer for each would cost every idle tab its memory.
const watchEvery = time.Second

// Run keeps the limits of time until ctx ends: channels that do not log in, that are silent, that
// should be asked for a sign of life.
func (e *Engine) Run(ctx context.Context) error {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			e.each(func(ch *Channel) { ch.watch(e.clock()) })
		}
	}
}

func (ch *Channel) watch(now time.Duration) {
	l := ch.engine.opts.Limits
	heard := time.Duration(ch.heard.Load())
	switch {
	case now-heard >= l.Silence:
		ch.out.abort(CloseSilent, "nothing heard for too long")
	case now-ch.opened >= l.LoginWithin && ch.unknown():
		ch.close(CloseNoLogin, "no login in time")
	case now-max(heard, ch.pinged) >= l.Ping:
		ch.pinged = now
		if p, ok := ch.out.conn.(Pinger); ok {
			p.Ping()
		}
	}
}

// unknown reports whether nobody has logged in, or no CRM said who it is.
func (ch *Channel) unknown() bool {
	if ch.server != nil {
		return !ch.Introduced()
	}
	return ch.self.Identity() == nil
}
