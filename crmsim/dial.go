package crmsim

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/gobwas/ws"

	"github.com/octolink/octolink/protocol/wire"
)

const (
	longestRetry = 30 * time.Second
	dialTimeout  = 10 * time.Second
)

// dialOn connects to octolink again and again until the context ends: restoring the link is the
// duty of who made it [P 2.2].
func (c *CRM) dialOn(ctx context.Context) {
	pause := c.opts.Retry
	for ctx.Err() == nil {
		met, err := c.dialOnce(ctx)
		if err != nil && ctx.Err() == nil {
			c.log.Warn("not connected", "url", c.opts.URL, "err", err)
		}
		if met {
			pause = c.opts.Retry
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
		}
		pause = min(2*pause, longestRetry)
	}
}

// dialOnce connects and attends to the link until it ends. met says that octolink was introduced.
func (c *CRM) dialOnce(ctx context.Context) (met bool, err error) {
	if c.refuses() {
		return true, nil // only waits
	}
	leave, ok := c.enter()
	if !ok {
		return false, nil
	}
	defer leave()
	sock, format, err := c.connect(ctx)
	if err != nil {
		return false, err
	}
	before := c.Stats().Introductions
	c.attend(ctx, sock, format, false)
	return c.Stats().Introductions > before, nil
}

// connect makes the handshake, a second time with authorization if octolink demands it.
func (c *CRM) connect(ctx context.Context) (*socket, wire.Format, error) {
	u, err := url.Parse(c.opts.URL)
	if err != nil {
		return nil, 0, fmt.Errorf("crmsim: %w", err)
	}
	authorization := ""
	if c.opts.Auth.Preemptive && c.opts.Auth.Scheme == Basic {
		authorization = c.opts.Auth.basic()
	}
	sock, format, no, err := c.handshake(ctx, authorization)
	if no == nil || no.status != http.StatusUnauthorized || authorization != "" {
		return sock, format, err
	}
	c.update(func() { c.stats.Denied++ })
	authorization, authErr := c.opts.Auth.answer(no.demands, u.RequestURI())
	if authErr != nil {
		return nil, 0, authErr
	}
	if authorization == "" {
		return nil, 0, fmt.Errorf("%w: it demands %q", err, no.demands)
	}
	sock, format, _, err = c.handshake(ctx, authorization)
	return sock, format, err
}

// A refused handshake.
type denial struct {
	status  int
	demands []string
}

func (c *CRM) handshake(ctx context.Context, authorization string) (*socket, wire.Format, *denial, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	header := http.Header{}
	if authorization != "" {
		header.Set("Authorization", authorization)
	}
	if c.opts.Origin != "" {
		header.Set("Origin", c.opts.Origin)
	}
	var no *denial
	d := ws.Dialer{
		Header:    ws.HandshakeHeaderHTTP(header),
		TLSConfig: c.opts.TLS,
		OnStatusError: func(status int, _ []byte, resp io.Reader) {
			no = &denial{status: status}
			if r, err := http.ReadResponse(bufio.NewReader(resp), nil); err == nil {
				no.demands = r.Header.Values("WWW-Authenticate")
				r.Body.Close()
			}
		},
	}
	if c.opts.Subprotocol != "-" {
		d.Protocols = []string{c.opts.Subprotocol}
	}
	conn, br, hs, err := d.Dial(ctx, c.opts.URL)
	if err != nil {
		return nil, 0, no, fmt.Errorf("crmsim: dial %s: %w", c.opts.URL, err)
	}
	return newSocket(conn, early(br), ws.StateClientSide, c.opts.Message), c.format(hs.Protocol), nil, nil
}

// format is what octolink chose, or what is offered when it says nothing.
func (c *CRM) format(chosen string) wire.Format {
	if f, ok := wire.FormatOf(either(chosen, c.opts.Subprotocol)); ok {
		return f
	}
	return c.opts.Format
}

// early is what came with the handshake's answer.
func early(br *bufio.Reader) io.Reader {
	if br == nil {
		return nil
	}
	defer ws.PutReader(br)
	return ahead(br)
}
