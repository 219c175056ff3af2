package protocol

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/octolink/octolink/protocol/wire"
)

// A Channel is one live connection. Frames come in through it one at a time, everything that goes
// out passes its outbox.
type Channel struct {
	engine *Engine
	out    outbox
	self   Client
	server *serverSide // nil for a browser's channel

	opened    time.Duration // since the engine's start
	heard     atomic.Int64  // when the peer last gave a sign of life, nanoseconds since the engine's start
	lastReply atomic.Pointer[closing]

	// only the pusher of frames
	joiner   *wire.Joiner
	turn     *reading // while frames that came together are being handed over
	strikes  uint8
	answered uint32 // requests in this turn

	format wire.Format
	place  int32 // in the engine's list

	// only the engine's watch
	pinged time.Duration
}

var (
	_ Sink     = (*Channel)(nil)
	_ LifeSink = (*Channel)(nil)
	_ TurnSink = (*Channel)(nil)
)

// maxStrikes is how many frames in a row may be no messages.
const maxStrikes = 3

// Alive notes a sign of life. On a channel that is closing it counts no more: a peer that sends but
// does not read could keep it open for ever.
func (ch *Channel) Alive() {
	if !ch.out.ending() {
		ch.heard.Store(int64(ch.engine.clock()))
	}
}

// Frame takes one frame of the peer. A channel that is closing has no answers any more.
func (ch *Channel) Frame(frame []byte) {
	if ch.out.ending() {
		return
	}
	if ch.turn == nil {
		ch.Alive()
	}
	ch.engine.tapped(In, &ch.self, frame)
	ch.decode(frame)
}

// A reading is a message while it is at hand. Nobody keeps any of it without a copy.
type reading struct {
	wire.Decoder
	msg wire.Message
}

var readings = sync.Pool{New: func() any { return new(reading) }}

func (ch *Channel) decode(frame []byte) {
	r := ch.turn
	if r == nil {
		r = readings.Get().(*reading)
		defer readings.Put(r)
	}
	if err := r.Decode(&r.msg, ch.format, frame, ch.engine.opts.Limits.Wire); err != nil {
		ch.strike(err)
		return
	}
	if r.msg.Name == "multipart" {
		ch.join(r.msg)
		return
	}
	ch.strikes = 0
	ch.message(&r.msg)
}

// join collects the parts of a message that came in several frames [P 3.4].
func (ch *Channel) join(msg wire.Message) {
	if ch.joiner == nil {
		ch.joiner = ch.engine.newJoiner()
	}
	whole, done, err := ch.joiner.Add(msg)
	if err != nil {
		ch.strike(err)
		return
	}
	if !done {
		ch.strikes = 0
		return
	}
	msg, err = wire.Decode(ch.format, whole, ch.engine.opts.Limits.Wire)
	if err != nil {
		ch.strike(err)
		return
	}
	ch.strikes = 0
	if msg.Name != "multipart" { // parts do not nest
		ch.message(&msg)
	}
}

// strike answers a frame that is not a message, or no part of one; the third in a row ends the
// channel.
func (ch *Channel) strike(err error) {
	ch.strikes++
	ch.engine.log.Debug("a frame that is not a message", "client", ch.self.Name(), "err", err)
	e, _ := ch.engine.replyError(err)
	ch.send(errorFrame(ch.format, e))
	if ch.strikes >= maxStrikes {
		ch.close(CloseBadFrames, "three frames in a row were not messages")
	}
}

func errorFrame(f wire.Format, e *wire.Error) *Frame {
	return &Frame{Head: wire.AppendTail(appendError(wire.AppendHead(nil, f, "error", ""), f, e), f)}
}

// message gives an answer to the one who waits for it, and brings a request to its client's mailbox.
func (ch *Channel) message(msg *wire.Message) {
	if ch.server != nil && ch.server.calls.settle(*msg) {
		return
	}
	m := ch.method(msg.Name)
	if isReply(msg.Name) && (m == nil || !m.silent) {
		return
	}
	for taken := false; !taken; {
		c, refused := ch.clientOf(msg)
		if refused != nil {
			ch.refuse(&ch.self, m, msg, refused)
			return
		}
		taken = c.accept(m, msg)
	}
}

// method finds a row of the table; for a browser those that only CRM servers use are not there.
func (ch *Channel) method(name string) *Method {
	m := ch.engine.opts.Table.byName[name]
	if m != nil && m.Access >= Servers && ch.server == nil {
		return nil
	}
	return m
}

func nameOfReply(m *Method, msg *wire.Message) string {
	if m != nil {
		return m.Reply
	}
	return replyName(msg.Name)
}

// serve runs a method and sends its reply. m is nil for a name that the table does not have; start is
// when the answering began, atOnce says that this is where the frame arrived.
func (ch *Channel) serve(ctx context.Context, c *Client, m *Method, msg *wire.Message, start time.Duration, atOnce bool) {
	if e := c.refusal(m, msg); e != nil {
		ch.refuse(c, m, msg, e)
		return
	}
	if m.command {
		ch.out.hold(c)
	}
	reply, code := ch.reply(ctx, c, m, msg)
	ch.answer(c, m, reply)
	if m.then != nil {
		m.then(c)
	}
	ch.measure(m, code, start, atOnce)
	if end := ch.lastReply.Load(); end != nil {
		ch.out.close(end.code, end.reason)
	}
}

// answer queues a reply, if there is one, and lets the events go that waited for it.
func (ch *Channel) answer(c *Client, m *Method, reply *Frame) {
	ch.engine.tapFrame(c, reply)
	var frames []Frame
	switch {
	case reply == nil:
	case reply.lent != nil && !m.command && ch.undivided(reply):
		ch.out.sendOne(reply)
		return
	default:
		frames = ch.split(reply)
	}
	if !m.command {
		ch.out.send(frames...)
		return
	}
	held := ch.out.release(c, frames...)
	for i := range held {
		ch.engine.tapFrame(c, &held[i])
	}
}

// reply runs a method and encodes what it says. A request without a qid wants no reply [P 5.3].
func (ch *Channel) reply(ctx context.Context, c *Client, m *Method, msg *wire.Message) (*Frame, int) {
	frame, err := m.run(ctx, c, msg)
	if err == nil {
		return frame, 0
	}
	e, known := ch.engine.replyError(err)
	if !known {
		ch.engine.log.Error("a request failed", "method", m.Name, "client", c.Name(),
			"user", c.Login(), "qid", string(msg.QID), "err", err)
	}
	if msg.QID == "" || m.silent {
		return nil, e.Code
	}
	return badReply(c, m.Reply, msg, e), e.Code
}

// refuse answers a request that does not reach a method.
func (ch *Channel) refuse(c *Client, m *Method, msg *wire.Message, e *wire.Error) {
	ch.engine.opts.Meter.Request("", e.Code, 0)
	if msg.QID != "" && (m == nil || !m.silent) {
		ch.send(badReply(c, nameOfReply(m, msg), msg, e))
	}
}

// send queues a message that is no event, in parts if the peer wants them.
func (ch *Channel) send(f *Frame) {
	ch.engine.tapFrame(&ch.self, f)
	ch.out.send(ch.split(f)...)
}

func (ch *Channel) event(c *Client, one []Frame) {
	if held := ch.out.event(c, one); !held {
		ch.engine.tapFrame(c, &one[0])
	}
}

func (ch *Channel) close(code CloseCode, reason string) { ch.out.close(code, reason) }

// Writable continues to write.
func (ch *Channel) Writable() { ch.out.writable() }

// Closed forgets the channel.
func (ch *Channel) Closed(err error) {
	ch.out.gone()
	if ch.server != nil {
		ch.endServer()
	}
	ch.engine.forget(ch, err)
}
