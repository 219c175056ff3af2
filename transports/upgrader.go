package transports

import (
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/octolink/octolink/protocol"
)

const (
	// unservedFor is how long a peer without a known subprotocol stays connected before it is told
	// why it is not served.
	unservedFor = time.Second
	// unservedReason is what it is told [P 2.2].
	unservedReason = "the subprotocol must contain json or xml"
)

// An upgrader makes connections of handshakes, or refuses them.
type upgrader struct {
	limits Limits
	log    *slog.Logger
	loops  *loops // nil for a goroutine for each connection
	conns  gate   // holds the connections
}

// refuse answers a handshake that is not accepted. The path is logged without its query: it may
// hold a password.
func (u *upgrader) refuse(w http.ResponseWriter, r *http.Request, remote string, no *refusal) {
	u.log.Info("handshake refused", "remote", remote, "path", r.URL.Path, "status", no.status, "err", no.reason)
	if name, value, ok := strings.Cut(no.header, ": "); ok {
		w.Header().Set(name, value)
	}
	// What else the peer sends on this connection is not worth reading.
	w.Header().Set("Connection", "close")
	http.Error(w, no.reason, no.status)
}

// accept upgrades the connection and gives it to a loop or to its own reader, who leaves the gate that the caller
// entered. Without a subprotocol's name the answer has none; without an opener the peer is not
// served.
func (u *upgrader) accept(w http.ResponseWriter, r *http.Request, name string, info protocol.Info, opener Opener) {
	conn, early, err := switchProtocols(w, r.Header.Get("Sec-Websocket-Key"), name)
	if err != nil {
		u.conns.leave()
		u.log.Info("handshake broke off", "remote", info.Remote, "err", err)
		return
	}
	if opener == nil {
		u.log.Warn("client not served", "remote", info.Remote, "err", unservedReason)
		opener = unserved{}
	}
	if u.loops.adopt(u, conn, info, early, opener) {
		return
	}
	c := newConn(conn, info, &u.limits, early)
	// The reader gets its own goroutine: this one holds the request and the server's buffers.
	go func() {
		defer u.conns.leave()
		c.run(opener)
	}()
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
