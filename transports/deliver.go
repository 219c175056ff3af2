package transports

import (
	"errors"

	"github.com/gobwas/ws"
)

// errPeerClosed ends reading after the peer's close frame.
var errPeerClosed = errors.New("transports: close frame")

// A receiver is a connection of either kind as what was read sees it.
type receiver interface {
	// closedByPeer answers the peer's close frame, unless the connection is closing.
	closedByPeer(e *CloseError)
	// message hands on a whole message, unless the connection is closing.
	message(b []byte)
	// pong answers a ping, unless the connection is closing.
	pong(payload []byte)
	// alive tells that the peer gave a sign of life.
	alive()
	// together tells of the beginning and the end of what was read at once.
	together(begins bool)
}

// pushAll hands on all that is whole in b, and says how many bytes and how many frames that was. An
// error ends reading: errPeerClosed, or a *CloseError for a peer that broke a rule.
func pushAll(to receiver, asm *assembler, b []byte) (used, frames int, err error) {
	for {
		n, p, err := asm.next(b[used:])
		if err != nil || n == 0 {
			if frames > 0 {
				to.together(false)
			}
			return used, frames, err
		}
		if frames == 0 {
			to.together(true)
		}
		if err := push(to, p); err != nil {
			to.together(false)
			return used, frames, err
		}
		used += n
		frames++
	}
}

// push hands on one message or control frame.
func push(to receiver, p piece) error {
	switch p.op {
	case ws.OpText:
		to.message(p.payload)
	case ws.OpPing:
		to.pong(p.payload)
		to.alive()
	case ws.OpPong:
		to.alive()
	case ws.OpClose:
		e, err := parseClose(p.payload)
		if err != nil {
			return err
		}
		to.closedByPeer(e)
		return errPeerClosed
	}
	return nil
}
