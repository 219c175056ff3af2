package transports

import (
	"bufio"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"time"
)

const (
	// acceptSalt makes the answer to a key (RFC 6455 section 1.3).
	acceptSalt = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
	// upgradeTimeout bounds writing the answer.
	upgradeTimeout = 10 * time.Second
)

// switchProtocols takes the connection of a request whose handshake is good out of the hands of
// net/http and accepts it; early is what the peer sent beyond the request. An empty subprotocol is
// not sent.
func switchProtocols(w http.ResponseWriter, key, subprotocol string) (conn net.Conn, early []byte, err error) {
	conn, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Error(w, "this connection cannot be upgraded", http.StatusInternalServerError)
		return nil, nil, fmt.Errorf("transports: upgrade: %w", err)
	}
	early = buffered(rw.Reader)
	if err := answer(conn, key, subprotocol); err != nil {
		conn.Close()
		return nil, nil, fmt.Errorf("transports: upgrade: %w", err)
	}
	return conn, early, nil
}

// answer writes the server's half of the handshake.
func answer(conn net.Conn, key, subprotocol string) error {
	b := make([]byte, 0, 256)
	b = append(b, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "...)
	sum := sha1.Sum([]byte(key + acceptSalt))
	b = base64.StdEncoding.AppendEncode(b, sum[:])
	if subprotocol != "" {
		b = append(append(b, "\r\nSec-WebSocket-Protocol: "...), subprotocol...)
	}
	b = append(b, "\r\n\r\n"...)
	if err := conn.SetWriteDeadline(time.Now().Add(upgradeTimeout)); err != nil {
		return err
	}
	if _, err := conn.Write(b); err != nil {
		return err
	}
	return conn.SetWriteDeadline(time.Time{})
}

// buffered copies what r has read ahead, so that r can be forgotten.
func buffered(r *bufio.Reader) []byte {
	n := r.Buffered()
	if n == 0 {
		return nil
	}
	b, _ := r.Peek(n) // never more than is buffered
	return append([]byte(nil), b...)
}
