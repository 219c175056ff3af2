package transports

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/gobwas/ws"

	"github.com/octolink/octolink/protocol"
)

// DialLink connects to a CRM in the modes ws-out and wss-out, again and again until the context
// ends, and opens a channel of e on each connection. When the context has ended, an open connection
// is the engine's to close, within Drain; DialLink returns when it has ended. An error means that
// the options are wrong.
func DialLink(ctx context.Context, o LinkOptions, e Opener) error {
	if err := o.checkMode(ModeWSOut, ModeWSSOut); err != nil {
		return err
	}
	o = o.withDefaults()
	target, err := o.target()
	if err != nil {
		return err
	}
	d := &linkDialer{
		opts:   o,
		target: target,
		creds:  newCredentials(o.Auth),
		pauses: backoff{pauses: o.Backoff},
		report: newLinkReport(o, withoutQuery(target.String()), LinkDialling),
	}
	if len(d.pauses.pauses) == 0 {
		d.pauses.pauses = usualBackoff()
	}
	d.roll = newRoll(e, d.report, "")
	if o.Auth.Scheme == AuthBasic && o.Mode == ModeWSOut && !loopback(target.Host) {
		o.Log.Warn("the password goes over the network as it is: use wss-out or digest")
	}
	d.run(ctx)
	d.report.change(func(s *LinkState) { s.Phase, s.Next = LinkEnded, time.Time{} })
	return nil
}

// A linkDialer keeps a link connected.
type linkDialer struct {
	opts   LinkOptions
	target *url.URL
	creds  *credentials
	pauses backoff
	report *linkReport
	roll   *roll
	bare   bool // the peer does not connect when a subprotocol is offered
}

func (d *linkDialer) run(ctx context.Context) {
	for ctx.Err() == nil {
		d.report.change(func(s *LinkState) { s.Phase, s.Next = LinkDialling, time.Time{} })
		c, err := d.connect(ctx)
		if err == nil {
			err = d.carry(ctx, c)
		}
		if ctx.Err() != nil {
			return
		}
		wait := d.pauses.next()
		if misconfigured(err) {
			wait = d.pauses.longest()
		}
		d.report.failed(err, time.Now().Add(wait))
		d.opts.Log.Info("link not connected", "err", err, "again_in", wait.Round(time.Millisecond).String())
		pause(ctx, wait)
	}
}

// errEnded is why a link waits whose connection ended in order.
var errEnded = errors.New("transports: the connection ended")

// carry runs a connection until it has ended and says why it did.
func (d *linkDialer) carry(ctx context.Context, c *wsConn) error {
	d.opts.Log.Info("link connected", "remote", c.info.Remote)
	var sink *rollSink
	done := make(chan struct{})
	var guard sync.WaitGroup
	guard.Go(func() {
		select {
		case <-done:
		case <-ctx.Done():
			d.roll.drain(func(ctx context.Context) error {
				select {
				case <-done:
					return nil
				case <-ctx.Done():
					return ctx.Err()
				}
			}, d.opts.Drain)
		}
	})
	c.run(openerFunc(func(c protocol.Conn) protocol.Sink {
		sink, _ = d.roll.Open(c).(*rollSink)
		return sink
	}))
	close(done)
	guard.Wait()
	// A peer that says something is worth a quick return; one that hangs up at once is not.
	if sink.heard {
		d.pauses.reset()
	}
	switch {
	case c.told != nil:
		return fmt.Errorf("%w: %w", errEnded, c.told)
	case sink.err != nil:
		return sink.err
	}
	return errEnded
}

// connect makes a connection with whatever handshakes that takes.
func (d *linkDialer) connect(ctx context.Context) (*wsConn, error) {
	ctx, cancel := context.WithTimeout(ctx, d.opts.Timeout)
	defer cancel()
	try := d.creds.begin(http.MethodGet, d.target.RequestURI())
	authorization, bare := try.first(), d.bare
	for {
		u, err := d.upgrade(ctx, authorization, bare)
		var refused *HandshakeError
		switch {
		case err == nil:
			try.accepted()
			d.bare = bare
			return d.conn(u), nil
		case errors.As(err, &refused) && refused.Status == http.StatusUnauthorized:
			if authorization, err = try.answer(refused.Header); err != nil {
				return nil, err
			}
		case !bare && subprotocolRefused(err):
			bare = true
			authorization = try.again()
		default:
			// A peer that learned the subprotocol meanwhile may want it now.
			d.bare = false
			return nil, err
		}
	}
}

// subprotocolRefused says whether a handshake may have failed for the offered subprotocol: some
// libraries answer 426 or 400, others choose one that was not offered.
func subprotocolRefused(err error) bool {
	var refused *HandshakeError
	if errors.As(err, &refused) {
		return refused.Status == http.StatusUpgradeRequired || refused.Status == http.StatusBadRequest
	}
	return errors.Is(err, ws.ErrHandshakeBadSubProtocol)
}

// upgrade makes one handshake.
func (d *linkDialer) upgrade(ctx context.Context, authorization string, bare bool) (upgraded, error) {
	o := DialOptions{Header: http.Header{}}
	if authorization != "" {
		o.Header.Set("Authorization", authorization)
	}
	if !bare {
		o.Subprotocol = d.opts.Format.String()
	}
	if d.opts.Mode == ModeWSSOut {
		o.TLS = d.opts.TLS.client(d.opts.Log)
	}
	return upgrade(ctx, d.target.String(), o)
}

// conn puts an upgraded connection behind the engine's seam. Peers that choose no subprotocol are
// lived with: the format is configured.
func (d *linkDialer) conn(u upgraded) *wsConn {
	c := newConn(u.conn, protocol.Info{
		Link:   d.opts.Name,
		Kind:   protocol.ServerKind,
		Format: d.opts.Format,
		Remote: u.conn.RemoteAddr().String(),
		TLS:    d.opts.Mode == ModeWSSOut,
	}, &d.opts.Limits, u.early)
	c.send.masks, c.asm.state = true, ws.StateClientSide
	return c
}
