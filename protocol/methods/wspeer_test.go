package methods_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/gobwas/ws"

	"github.com/octolink/octolink/protocol"
	"github.com/octolink/octolink/protocol/wire"
)

// A wsPeer is a client's end of a WebSocket connection. All of it happens outside of bubbles; only
// what comes out of frames is seen there.
type wsPeer struct {
	conn   net.Conn
	frames chan wsFrame  // what the server sends; closed behind the last one
	gone   chan struct{} // closed when nobody wants them any more
}

// A wsFrame is what the server sent, or why it cannot be read.
type wsFrame struct {
	ws.Frame
	err error
}

// dialPeer connects to a server and begins to read.
func dialPeer(addr string, format wire.Format) (*wsPeer, error) {
	d := ws.Dialer{Protocols: []string{format.String()}, Timeout: patience}
	conn, early, shake, err := d.Dial(context.Background(), "ws://"+addr+"/")
	if err != nil {
		return nil, err
	}
	if shake.Protocol != format.String() {
		conn.Close()
		return nil, fmt.Errorf("subprotocol %q", shake.Protocol)
	}
	p := &wsPeer{conn: conn, frames: make(chan wsFrame), gone: make(chan struct{})}
	if early != nil {
		go p.read(early)
	} else {
		go p.read(conn)
	}
	return p, nil
}

// read reads to the end of the connection.
func (p *wsPeer) read(r io.Reader) {
	defer close(p.frames)
	defer p.conn.Close()
	for {
		f, err := ws.ReadFrame(r)
		if errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) {
			return
		}
		if err == nil {
			err = ws.CheckHeader(f.Header, ws.StateClientSide)
		}
		select {
		case p.frames <- wsFrame{f, err}:
		case <-p.gone:
			return
		}
		if err != nil {
			return
		}
	}
}

// write sends a frame as clients must, under a mask.
func (p *wsPeer) write(f ws.Frame) error {
	b, err := ws.CompileFrame(ws.MaskFrame(f))
	if err != nil {
		return err
	}
	if err := p.conn.SetWriteDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	_, err = p.conn.Write(b)
	return err
}

// closing is a close frame.
func closing(code protocol.CloseCode) ws.Frame {
	return ws.NewCloseFrame(ws.NewCloseFrameBody(ws.StatusCode(code), ""))
}
