package transports

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/octolink/octolink/protocol"
	"github.com/octolink/octolink/protocol/wire"
)

const (
	// unservedFor is how long a peer without a known subprotocol stays connected before it is told
	// why it is not served.
	unservedFor = time.Second
	// unservedReason is what it is told [P 2.2].
	unservedReason = "the subprotocol must contain json or xml"
)

// An Opener takes new connections: the engine.
type Opener interface {
	// Open takes c and says where its frames go. It must not wait; it may write and close.
	Open(c protocol.Conn) protocol.Sink
}

// A ClientHandler makes client channels of WebSocket handshakes on any path [P 2.4].
type ClientHandler struct {
	opener Opener
	opts   Options
	log    *slog.Logger
	conns  gate // holds the readers
}

// NewClientHandler returns a handler that opens a channel of e for each handshake. The Host header
// is not its business: CheckHost stands before it.
func NewClientHandler(e Opener, o Options) *ClientHandler {
	if len(o.Origins) == 0 {
		o.Origins = []string{"*"}
	}
	o.Limits = o.Limits.withDefaults()
	return &ClientHandler{opener: e, opts: o, log: logger(o.Log)}
}

// ServeHTTP implements http.Handler: it answers bad handshakes and starts a goroutine for each good
// one.
func (h *ClientHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if no := checkHandshake(r); no != nil {
		h.refuse(w, r, no)
		return
	}
	if !allowedOrigin(r, h.opts.Origins) {
		h.refuse(w, r, &refusal{http.StatusForbidden, "this origin may not open a channel", ""})
		return
	}
	name, format, ok := chooseSubprotocol(r.Header["Sec-Websocket-Protocol"])
	if !ok {
		h.refuse(w, r, &refusal{http.StatusBadRequest, "Sec-WebSocket-Protocol is not a list of tokens", ""})
		return
	}
	if !h.conns.enter() {
		h.refuse(w, r, &refusal{http.StatusServiceUnavailable, "the server shuts down", ""})
		return
	}
	h.accept(w, r, name, format)
}

// refuse answers a handshake that is not accepted. The path is logged without its query: it may
// hold a password.
func (h *ClientHandler) refuse(w http.ResponseWriter, r *http.Request, no *refusal) {
	h.log.Info("handshake refused", "remote", h.remote(r), "path", r.URL.Path, "status", no.status, "err", no.reason)
	if name, value, ok := strings.Cut(no.header, ": "); ok {
		w.Header().Set(name, value)
	}
	// What else the peer sends on this connection is not worth reading.
	w.Header().Set("Connection", "close")
	http.Error(w, no.reason, no.status)
}

// accept upgrades the connection and gives it to its reader, who leaves the gate.
func (h *ClientHandler) accept(w http.ResponseWriter, r *http.Request, name string, format wire.Format) {
	info := h.info(r, format)
	conn, early, err := switchProtocols(w, r.Header.Get("Sec-Websocket-Key"), name)
	if err != nil {
		h.conns.leave()
		h.log.Info("handshake broke off", "remote", info.Remote, "err", err)
		return
	}
	c := newConn(conn, info, &h.opts.Limits, early)
	opener := h.opener
	if name == "" {
		h.log.Warn("client not served", "remote", info.Remote, "err", unservedReason)
		opener = unserved{}
	}
	// The reader gets its own goroutine: this one holds the request and the server's buffers.
	go func() {
		defer h.conns.leave()
		c.run(opener)
	}()
}

// info describes the connection of a request.
func (h *ClientHandler) info(r *http.Request, format wire.Format) protocol.Info {
	port, https := h.opts.PublicHTTP, r.TLS != nil
	if https {
		port = h.opts.PublicHTTPS
	}
	if port == 0 {
		port = localPort(r)
	}
	return protocol.Info{
		Kind:   protocol.ClientKind,
		Format: format,
		Remote: h.remote(r),
		Local:  port,
		TLS:    https,
	}
}

func (h *ClientHandler) remote(r *http.Request) string { return RemoteOf(r, h.opts.TrustedProxies) }

// Wait refuses further handshakes and returns when all connections have ended, or with the
// context's error before. The engine closes them.
func (h *ClientHandler) Wait(ctx context.Context) error { return h.conns.wait(ctx) }

// localPort is the port that a request came through.
func localPort(r *http.Request) int {
	if a, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr); ok {
		return a.Port
	}
	return 0
}

// unserved opens connections that nobody reads.
type unserved struct{}

func (unserved) Open(c protocol.Conn) protocol.Sink {
	return &unservedSink{time.AfterFunc(unservedFor, func() {
		c.Close(protocol.ClosePolicy, unservedReason)
	})}
}

// An unservedSink forgets all messages [P 2.2].
type unservedSink struct{ timer *time.Timer }

func (s *unservedSink) Frame([]byte) {}
func (s *unservedSink) Writable()    {}
func (s *unservedSink) Closed(error) { s.timer.Stop() }
