package crmsim

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha1"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/gobwas/ws"

	"github.com/octolink/octolink/protocol/wire"
)

// listen serves until the context ends.
func (c *CRM) listen(ctx context.Context) error {
	c.mu.Lock()
	at := either(c.addr, c.opts.Listen) // where it was before
	c.mu.Unlock()
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", at)
	if err == nil {
		c.update(func() { c.addr = l.Addr().String() })
	}
	c.known.Do(func() { close(c.listening) })
	if err != nil {
		return fmt.Errorf("crmsim: %w", err)
	}
	l = &pickyListener{l, c}
	if c.opts.Mode.secure() {
		t := c.opts.TLS.Clone()
		t.NextProtos = []string{"http/1.1"}
		l = tls.NewListener(l, t)
	}
	srv := &http.Server{
		Handler:           http.HandlerFunc(c.serve),
		ReadHeaderTimeout: 10 * time.Second,
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ErrorLog:          slog.NewLogLogger(c.log.Handler(), slog.LevelDebug),
	}
	stop := context.AfterFunc(ctx, func() { srv.Close() }) //nolint:errcheck // there is nothing to do about it
	defer stop()
	if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("crmsim: %w", err)
	}
	return nil
}

// A pickyListener resets connections while the CRM refuses them.
type pickyListener struct {
	net.Listener
	crm *CRM
}

func (l *pickyListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil || !l.crm.refuses() {
			return conn, err
		}
		linger(conn)
		conn.Close()
	}
}

// serve takes a post or a handshake.
func (c *CRM) serve(w http.ResponseWriter, r *http.Request) {
	leave, ok := c.enter()
	if !ok {
		http.Error(w, "the CRM stops", http.StatusServiceUnavailable)
		return
	}
	defer leave()
	if c.opts.Path != "" && r.URL.Path != c.opts.Path {
		http.NotFound(w, r)
		return
	}
	if !c.authorized(w, r) {
		c.update(func() { c.stats.Denied++ })
		return
	}
	if c.opts.Mode.posted() {
		c.post(w, r)
		return
	}
	c.upgrade(w, r)
}

// upgrade answers a handshake in the manner of its generation and attends to the link.
func (c *CRM) upgrade(w http.ResponseWriter, r *http.Request) {
	key := r.Header.Get("Sec-WebSocket-Key")
	if !strings.EqualFold(r.Header.Get("Upgrade"), "websocket") || key == "" || r.Header.Get("Sec-WebSocket-Version") != "13" {
		w.Header().Set("Sec-WebSocket-Version", "13")
		http.Error(w, "here is a WebSocket", http.StatusUpgradeRequired)
		return
	}
	offered := r.Header.Get("Sec-WebSocket-Protocol")
	if offered != "" && c.opts.Handshake == SecondGeneration {
		w.Header().Set("Sec-WebSocket-Version", "13")
		http.Error(w, "No Sec-WebSocket-Protocols requested supported", http.StatusUpgradeRequired)
		return
	}
	format, chosen := c.choose(offered)
	conn, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Error(w, "cannot upgrade", http.StatusInternalServerError)
		return
	}
	early, err := c.accept(conn, key, chosen, format)
	if err != nil {
		conn.Close()
		c.log.Info("handshake broke off", "err", err)
		return
	}
	sock := newSocket(conn, ahead(rw.Reader), ws.StateServerSide, c.opts.Message)
	c.attend(r.Context(), sock, format, early)
}

// choose takes the first offered subprotocol that names a format. An old CRM server does not look at
// it and speaks what it always speaks.
func (c *CRM) choose(offered string) (wire.Format, string) {
	if c.opts.Handshake == Echo {
		for p := range strings.SplitSeq(offered, ",") {
			p = strings.TrimSpace(p)
			if f, ok := wire.FormatOf(p); ok {
				return f, p
			}
		}
	}
	return c.opts.Format, ""
}

// accept writes the answer to a handshake; old CRM servers send their first frame in the same packet.
func (c *CRM) accept(conn net.Conn, key, protocol string, format wire.Format) (early bool, err error) {
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	var b bytes.Buffer
	fmt.Fprintf(&b, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n",
		base64.StdEncoding.EncodeToString(sum[:]))
	if protocol != "" {
		fmt.Fprintf(&b, "Sec-WebSocket-Protocol: %s\r\n", protocol)
	}
	b.WriteString("\r\n")
	if early = c.opts.Handshake != Echo; early {
		frames, err := c.encode(format, c.introduction())
		if err != nil {
			return false, err
		}
		for _, f := range frames {
			c.trace(Out, 0, format, f)
			_ = ws.WriteFrame(&b, ws.NewTextFrame(f)) // a buffer
		}
	}
	if err := conn.SetDeadline(time.Time{}); err != nil {
		return false, err
	}
	_, err = conn.Write(b.Bytes())
	return early, err
}

// ahead is what a reader has read beyond what was asked of it.
func ahead(r *bufio.Reader) io.Reader {
	n := r.Buffered()
	if n == 0 {
		return nil
	}
	b, _ := r.Peek(n) // never more than is buffered
	return bytes.NewReader(bytes.Clone(b))
}
