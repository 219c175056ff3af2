package transports_test

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// A rawPeer is a client that sends any bytes at all.
type rawPeer struct {
	net.Conn
	t testing.TB
	r *bufio.Reader
}

// connect opens a bare connection.
func connect(t testing.TB, addr string) *rawPeer {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return &rawPeer{c, t, bufio.NewReader(c)}
}

// goodHandshake is a request with nothing wrong in it, but for the lines that are given: a line
// replaces the one of the same name, or removes it when its value is empty.
func goodHandshake(lines ...string) string {
	header := []string{
		"GET / HTTP/1.1",
		"Host: 127.0.0.1",
		"Upgrade: websocket",
		"Connection: Upgrade",
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
		"Sec-WebSocket-Version: 13",
		"Sec-WebSocket-Protocol: json",
	}
	for _, l := range lines {
		name, value, _ := strings.Cut(l, ":")
		at := -1
		for i, h := range header {
			if strings.HasPrefix(h, name+":") || (i == 0 && strings.HasSuffix(l, "HTTP/1.1")) || (i == 0 && strings.HasSuffix(l, "HTTP/1.0")) {
				at = i
				break
			}
		}
		switch {
		case at < 0:
			header = append(header, l)
		case at > 0 && strings.TrimSpace(value) == "":
			header = append(header[:at], header[at+1:]...)
		default:
			header[at] = l
		}
	}
	return strings.Join(header, "\r\n") + "\r\n\r\n"
}

// send writes bytes, unless the peer has hung up.
func (p *rawPeer) send(b ...byte) {
	p.t.Helper()
	if _, err := p.Write(b); err != nil {
		p.t.Logf("send: %v", err)
	}
}

// handshake sends a request and returns the answer.
func (p *rawPeer) handshake(request string) *http.Response {
	p.t.Helper()
	p.send([]byte(request)...)
	r, err := http.ReadResponse(p.r, nil)
	if err != nil {
		p.t.Fatalf("no answer to the handshake: %v", err)
	}
	return r
}

// upgrade connects with a good handshake.
func upgrade(t testing.TB, addr string) *rawPeer {
	t.Helper()
	p := connect(t, addr)
	if r := p.handshake(goodHandshake()); r.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("handshake: got %d, want 101", r.StatusCode)
	}
	return p
}

// frame reads one frame of the server and tells it as text: "text hello", "close 1002 reason",
// "ping", "pong abc", or "end" when the connection is over.
func (p *rawPeer) frame() string {
	p.t.Helper()
	var head [2]byte
	if _, err := io.ReadFull(p.r, head[:]); err != nil {
		if errors.Is(err, io.EOF) || strings.Contains(err.Error(), "reset") {
			return "end"
		}
		p.t.Fatal(err)
	}
	if head[0]&0xf0 != 0x80 || head[1]&0x80 != 0 {
		p.t.Fatalf("the server sent a frame that begins with %x", head)
	}
	n := uint64(head[1])
	switch n {
	case 126:
		n = uint64(binary.BigEndian.Uint16(p.read(2)))
	case 127:
		n = binary.BigEndian.Uint64(p.read(8))
	}
	return tell(head[0]&0x0f, p.read(int(n)))
}

func (p *rawPeer) read(n int) []byte {
	p.t.Helper()
	b := make([]byte, n)
	if _, err := io.ReadFull(p.r, b); err != nil {
		p.t.Fatal(err)
	}
	return b
}

// tell describes a frame.
func tell(op byte, payload []byte) string {
	switch op {
	case 1:
		return "text " + string(payload)
	case 8:
		if len(payload) == 0 {
			return "close"
		}
		return strings.TrimSpace(fmt.Sprintf("close %d %s", binary.BigEndian.Uint16(payload), payload[2:]))
	case 9:
		return strings.TrimSpace("ping " + string(payload))
	case 10:
		return strings.TrimSpace("pong " + string(payload))
	}
	return fmt.Sprintf("opcode %d", op)
}

// masked makes a client's frame: the first byte as given, the payload under a mask.
func masked(first byte, payload string) []byte {
	mask := [4]byte{0x37, 0xfa, 0x21, 0x3d}
	b := []byte{first}
	switch n := len(payload); {
	case n < 126:
		b = append(b, 0x80|byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, 0x80|126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 0x80|127), uint64(n))
	}
	b = append(b, mask[:]...)
	for i := range len(payload) {
		b = append(b, payload[i]^mask[i%4])
	}
	return b
}

// endWrite says that nothing more will come, as a peer does that got a close frame.
func (p *rawPeer) endWrite() { _ = p.Conn.(*net.TCPConn).CloseWrite() } // the server may be gone

// The first bytes of frames.
const (
	textFrame   = 0x81
	textStart   = 0x01
	binaryFrame = 0x82
	middle      = 0x00
	last        = 0x80
	closeFrame  = 0x88
	pingFrame   = 0x89
	pongFrame   = 0x8a
)

// closing makes a client's close frame.
func closing(code uint16, reason string) []byte {
	return masked(closeFrame, string(binary.BigEndian.AppendUint16(nil, code))+reason)
}

func join(frames ...[]byte) []byte {
	var all []byte
	for _, f := range frames {
		all = append(all, f...)
	}
	return all
}
