package transports

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"sync"

	"github.com/octolink/octolink/protocol"
	"github.com/octolink/octolink/protocol/wire"
)

// ServeLink listens for a CRM in the modes ws-in and wss-in until the context ends, and opens a
// channel of e for each connection. Then it takes no new ones; the open ones are the engine's to
// close, within Drain. It returns when all have ended. An error means that it could not listen, or
// not any more.
func ServeLink(ctx context.Context, o LinkOptions, e Opener) error {
	if err := o.checkMode(ModeWSIn, ModeWSSIn); err != nil {
		return err
	}
	o = o.withDefaults()
	l := o.Listener
	if l == nil {
		var config net.ListenConfig
		var err error
		if l, err = config.Listen(ctx, "tcp", o.Listen); err != nil {
			return fmt.Errorf("transports: link %s: %w", o.Name, err)
		}
	}
	report := newLinkReport(o, l.Addr().String(), LinkListening)
	err := newLinkHandler(ctx, o, e, report).serve(ctx, l)
	report.change(func(s *LinkState) {
		s.Phase = LinkEnded
		if err != nil {
			s.Err = err.Error()
		}
	})
	return err
}

// A linkHandler makes server channels of handshakes.
type linkHandler struct {
	upgrader
	opts     LinkOptions
	roll     *roll
	report   *linkReport
	door     doorman
	failures *failures
	over     <-chan struct{} // closed when the link ends
}

func newLinkHandler(ctx context.Context, o LinkOptions, e Opener, r *linkReport) *linkHandler {
	h := &linkHandler{
		upgrader: upgrader{limits: o.Limits, log: o.Log},
		opts:     o,
		roll:     newRoll(e, r, LinkListening),
		report:   r,
		door:     newDoorman(o.Auth),
		failures: newFailures(o.Failures),
		over:     ctx.Done(),
	}
	if !o.Goroutines {
		h.loops = newLoops(1) // a link has one connection, or a few while it breaks
	}
	return h
}

// serve answers on a listener until the context ends.
func (h *linkHandler) serve(ctx context.Context, l net.Listener) error {
	so := ServerOptions{
		Handler: h, Names: h.opts.Names, MaxConns: h.opts.MaxConns, HeaderTimeout: h.opts.Timeout, Log: h.opts.Log,
	}
	if h.opts.Mode == ModeWSSIn {
		so.TLS = h.opts.TLS.server()
	}
	s := NewServer(so)
	s.http.ErrorLog = log.New(&handshakeLog{h, s.http.ErrorLog.Writer()}, "", 0)
	watching, unwatch := context.WithCancel(ctx)
	var parts sync.WaitGroup
	parts.Go(func() { h.opts.TLS.watch(watching, h.opts.Log) })
	served := make(chan error, 1)
	parts.Go(func() { served <- s.Serve(l) })

	var err error
	select {
	case <-ctx.Done():
	case err = <-served:
		err = fmt.Errorf("transports: link %s: %w", h.opts.Name, err)
	}
	unwatch()
	_ = s.http.Close() // what is not upgraded is not worth waiting for
	h.roll.drain(h.conns.wait, h.opts.Drain)
	parts.Wait()
	return err
}

// ServeHTTP implements http.Handler. A page is refused before anything else is looked at: its
// browser would send a password that it knows without asking.
func (h *linkHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !h.conns.enter() {
		http.Error(w, "the link ends", http.StatusServiceUnavailable)
		return
	}
	remote := RemoteOf(r, h.opts.TrustedProxies)
	if no := h.judge(r); no != nil {
		h.conns.leave()
		h.report.refused(fmt.Sprintf("%s: %s", remote, no.reason))
		h.refuse(w, r, remote, no)
		return
	}
	v := h.door.check(r)
	if !v.ok {
		h.unauthorized(w, r, remote, v)
		h.conns.leave()
		return
	}
	name, format, served := h.subprotocol(r)
	if v.name == "" {
		v.name = subjectOf(r.TLS)
	}
	info := protocol.Info{
		Link: h.opts.Name, Kind: protocol.ServerKind, Format: format,
		Remote: remote, Local: localPort(r), TLS: r.TLS != nil, Auth: v.name,
	}
	if !served {
		h.report.refused(fmt.Sprintf("%s: %s", remote, unservedReason))
		h.accept(w, r, "", info, nil)
		return
	}
	h.accept(w, r, name, info, h.roll)
}

// judge refuses what no authorization makes good.
func (h *linkHandler) judge(r *http.Request) *refusal {
	if no := checkHandshake(r); no != nil {
		return no
	}
	if len(r.Header["Origin"]) > 0 && !listedOrigin(r.Header["Origin"], h.opts.Origins) {
		return &refusal{http.StatusForbidden, "pages of this origin may not connect here", ""}
	}
	if _, _, ok := chooseSubprotocol(r.Header["Sec-Websocket-Protocol"]); !ok {
		return &refusal{http.StatusBadRequest, "Sec-WebSocket-Protocol is not a list of tokens", ""}
	}
	return nil
}

// listedOrigin says whether a page may connect. There is no wildcard, and our own host is foreign
// too: no page of ours poses as a CRM.
func listedOrigin(sent, origins []string) bool {
	for _, o := range origins {
		if len(sent) == 1 && strings.EqualFold(strings.TrimSuffix(o, "/"), sent[0]) {
			return true
		}
	}
	return false
}

// subprotocol chooses the format. Who offers nothing may be served in the configured one.
func (h *linkHandler) subprotocol(r *http.Request) (name string, format wire.Format, served bool) {
	offered := r.Header["Sec-Websocket-Protocol"]
	name, format, _ = chooseSubprotocol(offered)
	if name == "" && len(offered) == 0 && h.opts.HasFormat {
		return "", h.opts.Format, true
	}
	return name, format, name != ""
}

// unauthorized answers with a challenge, later and later to who guesses.
func (h *linkHandler) unauthorized(w http.ResponseWriter, r *http.Request, remote string, v verdict) {
	if v.reason != "" {
		h.log.Info("authorization refused", "remote", remote, "err", v.reason)
		h.report.refused(fmt.Sprintf("%s: %s", remote, v.reason))
	}
	if v.guess && !h.failures.wait(r.Context(), h.over, remote) {
		hangUp(w)
		return
	}
	w.Header().Set("WWW-Authenticate", v.challenge)
	http.Error(w, "authorization is needed", http.StatusUnauthorized)
}

// hangUp ends a connection without an answer.
func hangUp(w http.ResponseWriter) {
	if c, _, err := http.NewResponseController(w).Hijack(); err == nil {
		c.Close()
	}
}

// A handshakeLog finds TLS handshakes that failed among what net/http complains of: it tells of them
// in no other way.
type handshakeLog struct {
	h    *linkHandler
	next io.Writer
}

// Write implements io.Writer. One call is one line.
func (l *handshakeLog) Write(line []byte) (int, error) {
	text, ok := strings.CutPrefix(strings.TrimSpace(string(line)), "http: TLS handshake error from ")
	// Who only looks whether the port is open says nothing at all.
	if !ok || strings.HasSuffix(text, ": EOF") {
		return l.next.Write(line)
	}
	l.h.log.Info("TLS handshake refused", "err", text)
	l.h.report.refused("TLS: " + text)
	return len(line), nil
}
