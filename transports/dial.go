package transports

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"

	"github.com/gobwas/ws"

	"github.com/octolink/octolink/protocol"
	"github.com/octolink/octolink/protocol/wire"
)

// DialOptions say how to connect.
type DialOptions struct {
	Subprotocol string      // offered to the server. Zero means none
	Header      http.Header // more lines of the handshake, such as Origin; Host replaces the URL's
	TLS         *tls.Config // for wss. Zero means the system's authorities
	Limits      Limits
}

// A HandshakeError is a server's refusal to upgrade.
type HandshakeError struct {
	Status int
	Header http.Header
	Body   string // the start of it
}

// Error implements error.
func (e *HandshakeError) Error() string {
	return fmt.Sprintf("transports: handshake answered with %d %s", e.Status, http.StatusText(e.Status))
}

// An upgraded connection, in the client's role.
type upgraded struct {
	conn        net.Conn
	early       []byte // read beyond the handshake
	subprotocol string
}

// upgrade connects and makes the opening handshake. A *HandshakeError tells of a refusal.
func upgrade(ctx context.Context, url string, o DialOptions) (upgraded, error) {
	var refused *HandshakeError
	header := o.Header.Clone()
	host := header.Get("Host")
	header.Del("Host")
	var limited *handshakeConn
	d := ws.Dialer{
		WrapConn: func(c net.Conn) net.Conn {
			limited = &handshakeConn{c, mostHandshake}
			return limited
		},
		Header:    ws.HandshakeHeaderHTTP(header),
		Host:      host,
		TLSConfig: o.TLS,
		OnStatusError: func(_ int, _ []byte, resp io.Reader) {
			refused = readRefusal(resp)
		},
	}
	if o.Subprotocol != "" {
		d.Protocols = []string{o.Subprotocol}
	}
	_, br, hs, err := d.Dial(ctx, url)
	if refused != nil {
		return upgraded{}, refused
	}
	if err != nil {
		return upgraded{}, fmt.Errorf("transports: dial %s: %w", withoutQuery(url), err)
	}
	u := upgraded{conn: limited.Conn, subprotocol: hs.Protocol}
	if br != nil {
		u.early = buffered(br)
		ws.PutReader(br)
	}
	return u, nil
}

// mostHandshake bounds what is read of a server's half of the handshake, in bytes.
const mostHandshake = 64 << 10

// errLongHandshake ends a handshake that does not end.
var errLongHandshake = errors.New("the answer to the handshake is too long")

// A handshakeConn reads so much and no more.
type handshakeConn struct {
	net.Conn
	left int
}

func (c *handshakeConn) Read(b []byte) (int, error) {
	if c.left == 0 {
		return 0, errLongHandshake
	}
	n, err := c.Conn.Read(b[:min(len(b), c.left)])
	c.left -= n
	return n, err
}

// readRefusal reads the answer of a server that did not upgrade.
func readRefusal(resp io.Reader) *HandshakeError {
	r, err := http.ReadResponse(bufio.NewReader(resp), nil)
	if err != nil {
		return nil // the dialer's own error says more
	}
	defer func() { _ = r.Body.Close() }() // it reads nothing more
	body, _ := io.ReadAll(io.LimitReader(r.Body, 512))
	return &HandshakeError{r.StatusCode, r.Header, string(bytes.TrimSpace(body))}
}

// withoutQuery cuts what may hold a password.
func withoutQuery(url string) string {
	url, _, _ = strings.Cut(url, "?")
	return url
}

// Attach connects to a server and opens a channel of e on the connection, in the client's role. It
// returns when the channel is open; the channel's reader then runs until the connection ends and
// calls Sink.Closed last.
func Attach(ctx context.Context, url string, o DialOptions, e Opener) error {
	u, err := upgrade(ctx, url, o)
	if err != nil {
		return err
	}
	format, _ := wire.FormatOf(u.subprotocol)
	_, secure := u.conn.(*tls.Conn)
	info := protocol.Info{
		Kind:   protocol.ClientKind,
		Format: format,
		Remote: u.conn.RemoteAddr().String(),
		TLS:    secure,
	}
	limits := o.Limits.withDefaults()
	c := newConn(u.conn, info, &limits, u.early)
	c.send.masks, c.asm.state = true, ws.StateClientSide
	opened := make(chan struct{})
	go c.run(openerFunc(func(c protocol.Conn) protocol.Sink {
		defer close(opened)
		return e.Open(c)
	}))
	<-opened
	return nil
}

// An openerFunc is an Opener of one function.
type openerFunc func(protocol.Conn) protocol.Sink

// Open implements Opener.
func (f openerFunc) Open(c protocol.Conn) protocol.Sink { return f(c) }
