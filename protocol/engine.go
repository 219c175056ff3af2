package protocol

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/octolink/octolink/protocol/wire"
)

// Limits bound what a peer can make the engine keep.
type Limits struct {
	Wire        wire.Limits
	Message     int           // bytes of a message put together from parts, and of all that wait in one mailbox. Zero means 1 MiB.
	Queue       int           // bytes that may wait for a client channel. Zero means 4 MiB.
	Mailbox     int           // requests that may wait per client. Zero means 64.
	TabsPerUser int           // client channels of one user. Zero means 64.
	LoginWithin time.Duration // a channel without a login is closed after it. Zero means 15 s.
	Ping        time.Duration // how often a peer is asked for a sign of life. Zero means 20 s.
	Silence     time.Duration // a peer that gave none for so long is gone. Zero means 60 s.
}

func (l Limits) orDefaults() Limits {
	l.Message = orInt(l.Message, 1<<20)
	l.Queue = orInt(l.Queue, 4<<20)
	l.Mailbox = orInt(l.Mailbox, 64)
	l.TabsPerUser = orInt(l.TabsPerUser, 64)
	l.LoginWithin = orDuration(l.LoginWithin, 15*time.Second)
	l.Ping = orDuration(l.Ping, 20*time.Second)
	l.Silence = orDuration(l.Silence, time.Minute)
	return l
}

func orInt(v, otherwise int) int {
	if v == 0 {
		return otherwise
	}
	return v
}

func orDuration(v, otherwise time.Duration) time.Duration {
	if v == 0 {
		return otherwise
	}
	return v
}

// A Meter counts what an operator wants to see. Its methods are called on hot paths.
type Meter interface {
	Opened(Info)
	Closed(Info, CloseCode)
	// Request is one answered request; code 0 is success, method "" one that reached no method.
	Request(method string, code int, took time.Duration)
	// Event is one event told to so many clients.
	Event(name string, receivers int)
}

// A Tally is implemented by a Meter that counts without looking anything up. Quick methods are then
// counted by it, the others by Request.
type Tally interface {
	// Of gives what counts the answers of a method.
	Of(method string) func(code int)
	// Took notes how long requests took that were answered together.
	Took(requests int, each time.Duration)
}

// Options make an [Engine].
type Options struct {
	Table  *Table
	Events *Events
	Limits Limits
	// Errors translates a handler's error for its caller; nil for one that callers may not see.
	Errors func(error) *wire.Error
	// Gone is told when a logged-in client is no more: it logged out or its channel closed.
	Gone func(*Client, Identity)
	// Resolve finds the user whom a CRM server names, or says what it is told. Nil means there are no links.
	// It must not keep the texts.
	Resolve func(login, userID string) (Identity, *wire.Error)
	// Links is told what becomes of links.
	Links LinkHooks
	// ServerEvents are names of events that a CRM server is told unasked, TunnelEvents those that it
	// is told about a user who works through it [P 4.2].
	ServerEvents, TunnelEvents []string
	Meter                      Meter
	Log                        *slog.Logger
}

// An Engine holds all channels.
type Engine struct {
	opts    Options
	hub     *Hub
	log     *slog.Logger
	started time.Time
	tap     tap
	tally   tally

	serverEvents, tunnelEvents uint64 // bits of the Events table

	ctx     context.Context // ends when Shutdown has waited long enough
	cancel  context.CancelFunc
	workers sync.WaitGroup

	mu       sync.Mutex
	channels []*Channel // each knows its place
	links    map[string]*Link
	down     bool
	empty    chan struct{} // closed once when down and no channel is left
	isEmpty  bool
}

// NewEngine makes an engine. Run must be called for its limits of time to count.
func NewEngine(o Options) *Engine {
	o.Limits = o.Limits.orDefaults()
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Meter == nil {
		o.Meter = noMeter{}
	}
	if o.Gone == nil {
		o.Gone = func(*Client, Identity) {}
	}
	ctx, cancel := context.WithCancel(context.Background())
	return &Engine{
		tally:        newTally(o),
		serverEvents: o.Events.Mask(o.ServerEvents), tunnelEvents: o.Events.Mask(o.TunnelEvents),
		opts: o, hub: newHub(o), log: o.Log, started: time.Now(), ctx: ctx, cancel: cancel,
		links: make(map[string]*Link), empty: make(chan struct{}),
	}
}

// Hub is where events are published.
func (e *Engine) Hub() *Hub { return e.hub }

// clock is the time since the engine was made, cheap and never going back.
func (e *Engine) clock() time.Duration { return time.Since(e.started) }

func (e *Engine) newJoiner() *wire.Joiner {
	return &wire.Joiner{MaxBytes: e.opts.Limits.Message}
}

// Open makes a channel of a new connection. The transport feeds it until Closed.
func (e *Engine) Open(c Conn) Sink {
	info := c.Info()
	ch := &Channel{engine: e, format: info.Format, opened: e.clock()}
	ch.out.conn, ch.out.limit = c, e.opts.Limits.Queue
	ch.self = Client{ch: ch, slot: noSlot}
	ch.Alive()
	if info.Kind == ServerKind {
		e.openServer(ch, info.Link)
	}
	e.opts.Meter.Opened(info)
	e.mu.Lock()
	ch.place = int32(len(e.channels)) //nolint:gosec // there are no more channels than descriptors
	e.channels = append(e.channels, ch)
	down := e.down
	e.mu.Unlock()
	if down {
		ch.close(CloseGoingAway, goingAway)
	}
	return ch
}

func (e *Engine) forget(ch *Channel, err error) {
	e.hub.end(&ch.self)
	e.mu.Lock()
	e.remove(ch)
	e.checkEmpty()
	e.mu.Unlock()
	if err != nil {
		e.log.Debug("a channel ended", "client", ch.self.Name(), "err", err)
	}
	code, ours := ch.out.closeCode()
	if !ours {
		code = codeOf(err)
	}
	e.opts.Meter.Closed(ch.out.conn.Info(), code)
}

// codeOf finds the close code in a transport's error.
func codeOf(err error) CloseCode {
	if err == nil {
		return CloseNormal
	}
	var coded interface{ CloseCode() CloseCode }
	if errors.As(err, &coded) {
		return coded.CloseCode()
	}
	return 1006 // RFC 6455 section 7.1.5: ended without a close frame
}

// Pending is how many bytes wait in the queues of all channels, and how many channels there are.
func (e *Engine) Pending() (channels, bytes int) {
	e.each(func(ch *Channel) {
		channels++
		bytes += ch.out.pending()
	})
	return channels, bytes
}

// remove takes a channel out of the list; the last one moves to its place. mu is held.
func (e *Engine) remove(ch *Channel) {
	last := len(e.channels) - 1
	moved := e.channels[last]
	e.channels[ch.place], moved.place = moved, ch.place
	e.channels[last] = nil
	e.channels = e.channels[:last]
}

// list is all channels.
func (e *Engine) list() []*Channel {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.channels)
}

// eachAtOnce is how many channels each looks at under one lock.
const eachAtOnce = 256

// each calls fn with the channels, from the last to the first, without a copy of the list: it is
// called often. One that was opened meanwhile may be left out, and one that moved there come twice.
func (e *Engine) each(fn func(*Channel)) {
	var some [eachAtOnce]*Channel
	e.mu.Lock()
	end := len(e.channels)
	for {
		end = min(end, len(e.channels))
		start := max(0, end-eachAtOnce)
		n := copy(some[:], e.channels[start:end])
		e.mu.Unlock()
		if n == 0 {
			return
		}
		for _, ch := range some[:n] {
			fn(ch)
		}
		end = start
		e.mu.Lock()
	}
}

type noMeter struct{}

func (noMeter) Opened(Info)                        {}
func (noMeter) Closed(Info, CloseCode)             {}
func (noMeter) Request(string, int, time.Duration) {}
func (noMeter) Event(string, int)                  {}
