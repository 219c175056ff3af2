package protocol

import (
	"context"

	"github.com/octolink/octolink/protocol/wire"
)

// Kind tells what is at the other end of a channel.
type Kind uint8

// The kinds of channels.
const (
	ClientKind Kind = iota // a browser: one user, after his login
	ServerKind             // a CRM server that tunnels its users
)

// Info describes a connection to the engine. It never changes.
type Info struct {
	Link   string      // name of the configured link; "" for client channels
	Kind   Kind        // who is at the other end
	Format wire.Format // how its frames are encoded
	Remote string      // host:port of the peer, for logs and limits
	Local  int         // public port through which it came [P 2.4]; 0 for connections that we dialled
	TLS    bool
	Auth   string // name that an HTTP authorization or a client certificate proved; "" for none
}

// A Frame is one message ready for the wire in up to three pieces: what is the receiver's own (its
// qid), what is shared by all receivers, and the end. Who writes a frame must not change its bytes.
type Frame struct {
	Head, Body, Tail []byte

	lent *scratch // whose memory Head is; nil for memory of its own
}

// Len is the frame's size in bytes.
func (f Frame) Len() int { return len(f.Head) + len(f.Body) + len(f.Tail) }

// whole is the frame in one piece.
func (f Frame) whole() []byte {
	return append(append(append(make([]byte, 0, f.Len()), f.Head...), f.Body...), f.Tail...)
}

// A Conn carries frames to one peer. Its methods may be called from any goroutine.
type Conn interface {
	Info() Info
	// Write takes as many whole frames as the connection has room for and returns how many; what it
	// took it finishes by itself. It never blocks and never changes the bytes. It may keep Body and
	// Tail of what it took; Head is the caller's again when it returns. When it took less than all, it
	// calls Sink.Writable as soon as it can take more.
	// Only one Write runs at a time; the slice of frames is the caller's again when it returns.
	Write(frames []Frame) (taken int, err error)
	// Close sends what was taken, then a close frame, then ends the connection. May be called often.
	Close(code CloseCode, reason string)
}

// A Sink is the engine as a transport sees it: frames are pushed, nobody blocks in a read.
type Sink interface {
	// Frame hands over one whole message, one at a time and in order. The slice is the transport's
	// again when Frame returns.
	Frame(frame []byte)
	// Writable says that the connection can take more, after a Write that took less than all.
	Writable()
	// Closed is the last call, made once. err is nil when the peer closed in order; when the transport
	// closed because the peer broke a rule, an error in it has a method CloseCode() CloseCode.
	Closed(err error)
}

// An Exchanger sends one frame and gets one back: the two HTTP modes.
type Exchanger interface {
	Info() Info
	Exchange(ctx context.Context, frame []byte) ([]byte, error)
}

// CloseCode is a WebSocket close code (RFC 6455 section 7.4).
type CloseCode uint16

// The close codes that octolink sends.
const (
	CloseNormal    CloseCode = 1000 // after logout
	CloseGoingAway CloseCode = 1001 // the server shuts down
	CloseProtocol  CloseCode = 1002 // broken framing
	CloseNotUTF8   CloseCode = 1007 // a text frame that is not UTF-8
	ClosePolicy    CloseCode = 1008 // not allowed, unknown subprotocol, link taken
	CloseTooBig    CloseCode = 1009 // a message above limits.message
	CloseBadFrames CloseCode = 4400 // three frames in a row that are not messages
	CloseNoLogin   CloseCode = 4401 // no login within limits.login_within
	CloseSilent    CloseCode = 4408 // nothing heard for limits.silence
	CloseSlow      CloseCode = 4429 // the outgoing queue is over its limit
)

// Pinger is implemented by connections that can probe their peer with the transport's own
// ping; the answer counts as life.
type Pinger interface {
	// Ping asks for a sign of life. Never blocks.
	Ping()
}

// LifeSink is implemented by sinks that want to know of signs of life that are not frames:
// WebSocket pings and pongs.
type LifeSink interface {
	Alive()
}

// TurnSink is implemented by sinks that want to know which frames came together: so they look at the
// clock once for all of them.
type TurnSink interface {
	// Turn(true) comes before the first of the frames, Turn(false) behind the last one.
	Turn(begins bool)
}
