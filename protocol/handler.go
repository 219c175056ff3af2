package protocol

import (
	"context"
	"sync"

	"github.com/octolink/octolink/protocol/wire"
)

// A handler is what a method does, and how what it says is encoded.
type handler[In, Out any] struct {
	handle func(context.Context, *Client, In) (Out, error)
	encode encoder[Out]
	rooms  sync.Pool // of *exchange[In, Out]
}

// An exchange is a request and its answer while they are at hand: memory that the next request uses
// again.
type exchange[In, Out any] struct {
	in  In
	out Out
}

// An encoder appends the fields of an answer to a frame that has begun, or gives them as a body that
// is shared.
type encoder[Out any] func(dst []byte, f wire.Format, out *Out) (head, shared []byte, err error)

// encoderOf settles how answers of a type are encoded.
func encoderOf[Out any]() encoder[Out] {
	if _, ok := any(*new(Out)).(sharedBody); ok {
		return func(dst []byte, f wire.Format, out *Out) ([]byte, []byte, error) {
			body, err := any(*out).(sharedBody).fields(f)
			return dst, body, err
		}
	}
	if plan, ok := wire.NewEncoder[Out](); ok {
		return func(dst []byte, f wire.Format, out *Out) ([]byte, []byte, error) {
			dst, err := plan.AppendFields(dst, f, out)
			return dst, nil, err
		}
	}
	return func(dst []byte, f wire.Format, out *Out) ([]byte, []byte, error) {
		dst, err := wire.AppendFields(dst, f, *out)
		return dst, nil, err
	}
}

// call binds a request, has it handled, and encodes the answer; there is none for a request without a
// qid.
func (h *handler[In, Out]) call(ctx context.Context, c *Client, m *Method, msg *wire.Message) (answer *Frame, err error) {
	x, _ := h.rooms.Get().(*exchange[In, Out])
	if x == nil {
		x = new(exchange[In, Out])
	}
	if err = bind(msg, &x.in); err == nil {
		x.out, err = h.handle(ctx, c, x.in)
	}
	if err == nil && msg.QID != "" && !m.silent {
		answer, err = h.answer(c, m, msg, &x.out)
	}
	*x = exchange[In, Out]{}
	h.rooms.Put(x)
	return answer, err
}

// answer encodes a good answer: the request's qid, result 1 and the handler's fields. A shared body
// is not copied.
func (h *handler[In, Out]) answer(c *Client, m *Method, msg *wire.Message, out *Out) (*Frame, error) {
	f := c.ch.format
	own := newScratch()
	if r, ok := any(out).(*Renamed); ok {
		head, err := wire.AppendFields(appendAnswer(own.b, c, m, msg, r.Name), f, r.Fields)
		return own.finish(head, f, err)
	}
	head, shared, err := h.encode(appendAnswer(own.b, c, m, msg, ""), f, out)
	if len(shared) > 0 && err == nil {
		return own.frame(head, shared, tails[f]), nil
	}
	return own.finish(head, f, err)
}

// appendAnswer begins a good answer; name is that of the method's answers if it is empty.
func appendAnswer(b []byte, c *Client, m *Method, msg *wire.Message, name string) []byte {
	f := c.ch.format
	if name == "" {
		b = append(b, m.heads[f]...)
	} else {
		b = wire.AppendHead(b, f, name, "")
	}
	b = wire.AppendQID(b, f, msg.QID)
	b = append(b, m.result[f]...)
	if c.ch.server != nil && !m.names {
		b = appendAsker(b, c, msg)
	}
	return b
}
