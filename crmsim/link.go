package crmsim

import (
	"context"
	"time"

	"github.com/octolink/octolink/protocol/wire"
)

// Direction is the way of a frame, seen from the CRM.
type Direction string

// The directions.
const (
	In  Direction = "in"
	Out Direction = "out"
)

// A Frame is what passed, with all its secrets.
type Frame struct {
	At     time.Time
	Dir    Direction
	Link   int // which connection, from 1; over HTTP which post
	Format wire.Format
	Bytes  []byte // only lent
}

// A link is one WebSocket connection.
type link struct {
	crm    *CRM
	sock   *socket
	format wire.Format
	number int
	joiner wire.Joiner // only the reader's

	// With CRM.mu held.
	asked map[wire.Token]chan wire.Message // requests of ours; nil when the link is gone
	met   bool                             // octolink was introduced on it
}

// attend runs a link until it ends. early says that whoareyou has gone out with the handshake.
func (c *CRM) attend(ctx context.Context, sock *socket, format wire.Format, early bool) {
	l := &link{crm: c, sock: sock, format: format, asked: map[wire.Token]chan wire.Message{}}
	l.joiner.MaxBytes = c.opts.Message
	c.update(func() {
		c.stats.Connections++
		l.number = c.stats.Connections
		c.links[l] = struct{}{}
	})
	ctx, cancel := context.WithCancel(ctx)
	leave := context.AfterFunc(ctx, func() { sock.Cut(false) })
	defer func() {
		leave()
		cancel()
		sock.Cut(false)
		l.forget()
	}()
	if !early {
		if l.write(true, c.introduction()) != nil {
			return
		}
	}
	for {
		frame, err := sock.Receive()
		if err != nil {
			c.log.Info("link ended", "link", l.number, "err", err)
			return
		}
		l.frame(ctx, frame)
	}
}

// introduction is the question that every newcomer is asked [P 4.1].
func (c *CRM) introduction() outgoing {
	return outgoing{name: "whoareyou", qid: wire.Text(newGUID()), fields: c.ourselves()}
}

func (c *CRM) ourselves() wire.Object {
	return wire.Object{
		{Key: "type", Value: c.opts.Type},
		{Key: "name", Value: c.opts.Name},
		{Key: "version", Value: c.opts.Version},
	}
}

// forget lets go of a link that ended: who waits for a reply on it is told.
func (l *link) forget() {
	c := l.crm
	c.update(func() {
		delete(c.links, l)
		if c.link == l {
			c.link = nil
		}
		for _, reply := range l.asked {
			close(reply)
		}
		l.asked = nil
	})
}

// frame reads one frame and does what it asks for.
func (l *link) frame(ctx context.Context, frame []byte) {
	c := l.crm
	c.trace(In, l.number, l.format, frame)
	m, err := wire.Decode(l.format, frame, wire.Limits{})
	if err == nil && m.Name == "multipart" {
		var whole bool
		if frame, whole, err = l.joiner.Add(m); err == nil && !whole {
			return
		}
		if err == nil {
			m, err = wire.Decode(l.format, frame, wire.Limits{})
		}
	}
	if err != nil {
		c.log.Warn("frame that is no message", "link", l.number, "err", err)
		c.update(func() { c.stats.Bad++ })
		return
	}
	if l.settle(m) {
		return
	}
	r := c.answer(m)
	if f, is := c.fault(m.Name, r != nil); is && f.link() {
		c.disturb(f)
	} else if is {
		l.spoil(ctx, r, f)
	} else if r != nil {
		l.respond(ctx, r)
	}
	if m.Name == "iam" || m.Name == "whoareyou" {
		l.meet(ctx, m)
	}
}

// settle notes a message and hands a reply to who waits for it.
func (l *link) settle(m wire.Message) bool {
	c := l.crm
	c.mu.Lock()
	defer c.mu.Unlock()
	waiting, is := l.asked[m.QID]
	is = is && m.QID != ""
	c.take(Received{At: time.Now(), Link: l.number, Reply: is, Message: m})
	if is {
		delete(l.asked, m.QID)
		waiting <- m // has room for one
	}
	return is
}

// take notes a message. With mu held.
func (c *CRM) take(r Received) {
	c.stats.Received++
	c.kept.add(r)
	c.happened()
}

// meet makes a link of octolink's the one that is talked to. A question counts as an introduction,
// too, and each one is followed by a question for the number directory [P 0.4].
func (l *link) meet(ctx context.Context, m wire.Message) {
	var who struct {
		Type string `wire:"type" doc:"who it is"`
	}
	if err := m.Unmarshal(&who); err != nil || who.Type != "commserver" {
		l.crm.log.Warn("introduction of somebody else", "link", l.number, "type", who.Type, "err", err)
		return
	}
	_ = l.write(false, outgoing{name: "getpbxnumbers", qid: wire.Text(newGUID()), fields: wire.Object{
		{Key: "userlogin", Value: ""}, {Key: "userid", Value: ""}, {Key: "mode", Value: "full"},
	}}) // the reader sees why it cannot be written
	first := false
	c := l.crm
	c.update(func() {
		first = !l.met
		l.met = true
		c.link = l
		if first {
			c.stats.Introductions++
		}
	})
	if first {
		c.spawn(func() { c.begin(ctx) })
	}
}

// An outgoing message.
type outgoing struct {
	name   string
	qid    wire.Token
	fields any
}

// encode gives the frames of a message: several when it is long.
func (c *CRM) encode(f wire.Format, o outgoing) ([][]byte, error) {
	frame, err := wire.Append(nil, f, o.name, o.qid, o.fields)
	if err != nil {
		return nil, err
	}
	if f := c.opts.Multipart; f < 0 {
		return [][]byte{frame}, nil
	}
	return wire.Split(f, frame, c.opts.Multipart, newGUID()), nil
}

// write sends a message; see socket.Send.
func (l *link) write(now bool, o outgoing) error {
	frames, err := l.crm.encode(l.format, o)
	if err != nil {
		return err
	}
	return l.send(now, frames...)
}

func (l *link) send(now bool, frames ...[]byte) error {
	for _, f := range frames {
		l.crm.trace(Out, l.number, l.format, f)
	}
	err := l.sock.Send(now, frames...)
	if err == nil {
		l.crm.update(func() { l.crm.stats.Sent++ })
	}
	return err
}

func (c *CRM) trace(d Direction, link int, f wire.Format, frame []byte) {
	if c.opts.Trace == nil {
		return
	}
	c.tracing.Lock()
	defer c.tracing.Unlock()
	c.opts.Trace(Frame{At: time.Now(), Dir: d, Link: link, Format: f, Bytes: frame})
}
