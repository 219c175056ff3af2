package transports

import (
	"unicode/utf8"

	"github.com/gobwas/ws"

	"github.com/octolink/octolink/protocol"
)

// An assembler finds messages and control frames in a stream of bytes, whoever reads the stream.
type assembler struct {
	state ws.State // which side we are; whether a message in fragments has begun
	limit int      // of a whole message, in bytes
	need  int      // how many bytes the frame at hand takes with its header; 0 while unknown
	op    ws.OpCode
	parts *buffer // fragments of the message that has begun
}

// A piece is a whole message (OpText) or a control frame. OpContinuation says that there is none.
type piece struct {
	op      ws.OpCode
	payload []byte // within the input, or the assembler's until its next call
}

// next takes the first frame off b and says how many bytes it used; none when the frame is not
// whole yet. The payload is unmasked in place. Errors are *CloseError.
func (a *assembler) next(b []byte) (used int, p piece, err error) {
	a.need = 0
	h, n, err := parseHeader(b)
	if err != nil || n == 0 {
		return 0, p, err
	}
	if err := a.check(h); err != nil {
		return 0, p, err
	}
	a.need = n + int(h.Length)
	if len(b) < a.need {
		return 0, p, nil
	}
	used, a.need = a.need, 0
	payload := b[n:used]
	if h.Masked {
		ws.Cipher(payload, h.Mask, 0)
	}
	p, err = a.frame(h, payload)
	return used, p, err
}

// check judges a frame by its header alone.
func (a *assembler) check(h ws.Header) error {
	if err := ws.CheckHeader(h, a.state); err != nil {
		return broken(err.Error())
	}
	if h.OpCode.IsControl() {
		return nil
	}
	held := 0
	if a.parts != nil {
		held = len(a.parts.b)
	}
	if h.Length > int64(a.limit-held) {
		return &CloseError{Code: protocol.CloseTooBig, Reason: "the message is too big"}
	}
	return nil
}

// frame takes one whole frame.
func (a *assembler) frame(h ws.Header, payload []byte) (piece, error) {
	switch {
	case h.OpCode.IsControl():
		return piece{h.OpCode, payload}, nil
	case h.Fin && h.OpCode != ws.OpContinuation:
		return text(h.OpCode, payload)
	}
	if h.OpCode != ws.OpContinuation {
		a.drop()
		a.op = h.OpCode
		a.state = a.state.Set(ws.StateFragmented)
	}
	a.join(payload)
	if !h.Fin {
		return piece{}, nil
	}
	a.state = a.state.Clear(ws.StateFragmented)
	whole := a.parts.b
	a.parts.b = whole[:0]
	return text(a.op, whole)
}

// join appends a fragment. The pooled buffer grows with what has come, not with what was announced.
func (a *assembler) join(payload []byte) {
	if a.parts == nil {
		a.parts = getBuffer(len(payload))
	}
	a.parts = growBuffer(a.parts, len(a.parts.b)+len(payload))
	a.parts.b = append(a.parts.b, payload...)
}

// drop gives back what is held of a message in fragments, unless one has begun.
func (a *assembler) drop() {
	if a.parts != nil && !a.state.Fragmented() {
		putBuffer(a.parts)
		a.parts = nil
	}
}

// text checks a whole message.
func text(op ws.OpCode, b []byte) (piece, error) {
	switch {
	case utf8.Valid(b):
		return piece{ws.OpText, b}, nil
	case op == ws.OpBinary:
		return piece{}, &CloseError{Code: closeUnsupported, Reason: "binary messages are not supported"}
	}
	return piece{}, &CloseError{Code: protocol.CloseNotUTF8, Reason: "the message is not UTF-8"}
}

// abandon gives back everything; the assembler must not be used any more.
func (a *assembler) abandon() {
	a.state = a.state.Clear(ws.StateFragmented)
	a.drop()
}
