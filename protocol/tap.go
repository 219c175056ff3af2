package protocol

import (
	"sync/atomic"
)

// Direction of a frame that an operator watches.
type Direction string

// The directions, seen from octolink.
const (
	In  Direction = "in"
	Out Direction = "out"
)

// A Tap is called with every frame while an operator watches. The bytes are only lent.
type Tap func(d Direction, login string, info Info, frame []byte)

type tap struct{ fn atomic.Pointer[Tap] }

// SetTap starts to call fn with every frame; nil stops it.
func (e *Engine) SetTap(fn Tap) {
	if fn == nil {
		e.tap.fn.Store(nil)
		return
	}
	e.tap.fn.Store(&fn)
}

func (e *Engine) tapped(d Direction, c *Client, frame []byte) {
	if fn := e.tap.fn.Load(); fn != nil {
		(*fn)(d, c.Login(), c.Info(), frame)
	}
}

func (e *Engine) tapFrame(c *Client, f *Frame) {
	if e.tap.fn.Load() == nil || f == nil {
		return
	}
	e.tapped(Out, c, f.whole())
}

// tapPost shows what goes over HTTP, where there is no channel.
func (e *Engine) tapPost(d Direction, info Info, frame []byte) {
	if fn := e.tap.fn.Load(); fn != nil {
		(*fn)(d, "", info, frame)
	}
}
