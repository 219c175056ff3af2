package transports

import (
	"context"
	"net"
	"net/http"

	"github.com/octolink/octolink/protocol"
	"github.com/octolink/octolink/protocol/wire"
)

// An Opener takes new connections: the engine.
type Opener interface {
	// Open takes c and says where its frames go. It must not wait; it may write and close.
	Open(c protocol.Conn) protocol.Sink
}

// A ClientHandler makes client channels of WebSocket handshakes on any path [P 2.4].
type ClientHandler struct {
	upgrader
	opener Opener
	opts   Options
}

// NewClientHandler returns a handler that opens a channel of e for each handshake. The Host header
// is not its business: CheckHost stands before it.
func NewClientHandler(e Opener, o Options) *ClientHandler {
	if len(o.Origins) == 0 {
		o.Origins = []string{"*"}
	}
	h := &ClientHandler{
		upgrader: upgrader{limits: o.Limits.withDefaults(), log: logger(o.Log)},
		opener:   e,
		opts:     o,
	}
	if !o.Goroutines {
		h.loops = newLoops(0)
	}
	return h
}

// ServeHTTP implements http.Handler: it answers bad handshakes and gives the connections of good ones
// to who serves them.
func (h *ClientHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if no := checkHandshake(r); no != nil {
		h.refuse(w, r, h.remote(r), no)
		return
	}
	if !allowedOrigin(r, h.opts.Origins) {
		h.refuse(w, r, h.remote(r), &refusal{http.StatusForbidden, "this origin may not open a channel", ""})
		return
	}
	name, format, ok := chooseSubprotocol(r.Header["Sec-Websocket-Protocol"])
	if !ok {
		h.refuse(w, r, h.remote(r), &refusal{http.StatusBadRequest, "Sec-WebSocket-Protocol is not a list of tokens", ""})
		return
	}
	if !h.conns.enter() {
		h.refuse(w, r, h.remote(r), &refusal{http.StatusServiceUnavailable, "the server shuts down", ""})
		return
	}
	opener := h.opener
	if name == "" {
		opener = nil
	}
	h.accept(w, r, name, h.info(r, format), opener)
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
