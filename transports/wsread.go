package transports

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"time"

	"github.com/octolink/octolink/protocol"
)

// linger is how long we read on after we refused a peer, so that what it still sends does not
// destroy our close frame on its way.
const linger = time.Second

// run opens the channel and reads until the connection has ended. Whoever made the connection
// waits for it.
func (c *wsConn) run(opener Opener) {
	c.sink = opener.Open(c)
	err := c.pushAll() // what came together with the handshake
	c.flush(nil, false)
	for err == nil {
		err = c.turn()
	}
	err = c.end(err)
	c.in.drop()
	c.asm.abandon()
	c.sink.Closed(err)
}

// turn reads once, pushes what is whole, and sends what was written meanwhile.
func (c *wsConn) turn() error {
	if err := c.sock.read(&c.in, c.asm.need); err != nil {
		return fmt.Errorf("transports: read: %w", err)
	}
	corked := c.cork()
	err := c.pushAll()
	if corked {
		c.flush(nil, false)
	}
	return err
}

// pushAll hands on all whole messages that were read.
func (c *wsConn) pushAll() error {
	used, frames, err := pushAll(c, &c.asm, c.in.bytes())
	if err != nil {
		return err
	}
	c.in.skip(used)
	c.in.rest()
	c.asm.drop()
	if frames > 1 {
		// Who always finds more to read would keep the processor from the others.
		runtime.Gosched()
	}
	return nil
}

// message implements receiver.
func (c *wsConn) message(b []byte) {
	if !c.isClosing() {
		c.sink.Frame(b)
	}
}

// together implements receiver.
func (c *wsConn) together(begins bool) {
	if s, ok := c.sink.(protocol.TurnSink); ok {
		s.Turn(begins)
	}
}

// closedByPeer implements receiver.
func (c *wsConn) closedByPeer(e *CloseError) {
	c.told = e
	c.Close(e.Code, "")
}

func (c *wsConn) isClosing() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closing
}

// alive implements receiver.
func (c *wsConn) alive() {
	if s, ok := c.sink.(protocol.LifeSink); ok {
		s.Alive()
	}
}

// end closes the socket after what is due: the close frame, if the peer can still read it. It
// returns what the sink is told.
func (c *wsConn) end(err error) error {
	closing := c.isClosing()
	var refusal *CloseError
	switch {
	case errors.Is(err, errPeerClosed):
		c.awaitWriter()
		err = nil
	case errors.As(err, &refusal) && !closing:
		c.Close(refusal.Code, refusal.Reason)
		c.awaitWriter()
		c.drain()
	case closing:
		c.awaitWriter() // who ended its side may still read
		err = c.afterClose(err)
	}
	c.fail(err)
	c.awaitWriter()
	return err
}

// afterClose judges how reading ended after we closed: whatever the peer did then, it is gone. Some
// peers answer a close frame with rubbish or just hang up.
func (c *wsConn) afterClose(err error) error {
	c.mu.Lock()
	failed := c.failed
	c.mu.Unlock()
	switch {
	case failed != nil:
		return failed
	case errors.Is(err, os.ErrDeadlineExceeded):
		return ErrNoAnswer
	}
	return nil
}

// drain ends our side and forgets what the peer still sends, until it ends its side.
func (c *wsConn) drain() {
	if c.sock.endWrite() != nil {
		return
	}
	if c.sock.SetReadDeadline(time.Now().Add(linger)) != nil {
		return
	}
	for c.sock.read(&c.in, 0) == nil {
		c.in.drop()
	}
}
