package transports

import (
	"context"
	"sync"
	"time"

	"github.com/octolink/octolink/protocol"
)

// A roll opens the channels of a link for the engine, and knows which connections are open.
type roll struct {
	opener Opener
	report *linkReport
	idle   LinkPhase // without a connection; "" when somebody else tells

	mu   sync.Mutex
	open map[protocol.Conn]bool
	over bool // what is opened from now on is closed at once
}

func newRoll(e Opener, r *linkReport, idle LinkPhase) *roll {
	return &roll{opener: e, report: r, idle: idle, open: make(map[protocol.Conn]bool)}
}

// Open implements Opener.
func (r *roll) Open(c protocol.Conn) protocol.Sink {
	s := &rollSink{roll: r, conn: c, Sink: r.opener.Open(c)}
	s.life, _ = s.Sink.(protocol.LifeSink)
	r.mu.Lock()
	r.open[c] = true
	n, over := len(r.open), r.over
	r.mu.Unlock()
	r.report.change(func(st *LinkState) {
		st.Phase, st.Conns, st.Remote = LinkConnected, n, c.Info().Remote
		st.Attempts, st.Next, st.Err = 0, time.Time{}, ""
	})
	if over {
		c.Close(protocol.CloseGoingAway, reasonOver)
	}
	return s
}

// reasonOver is what peers are told when their link ends.
const reasonOver = "the link was removed"

func (r *roll) closed(c protocol.Conn, err error) {
	r.mu.Lock()
	delete(r.open, c)
	n := len(r.open)
	r.mu.Unlock()
	r.report.change(func(s *LinkState) {
		s.Conns = n
		if err != nil {
			s.Err = err.Error()
		}
		if n == 0 && s.Phase == LinkConnected && r.idle != "" {
			s.Phase = r.idle
		}
	})
}

// closeAll closes what is open.
func (r *roll) closeAll() {
	r.mu.Lock()
	r.over = true
	all := make([]protocol.Conn, 0, len(r.open))
	for c := range r.open {
		all = append(all, c)
	}
	r.mu.Unlock()
	for _, c := range all {
		c.Close(protocol.CloseGoingAway, reasonOver)
	}
}

// drain waits for the connections to end by themselves, and closes them when that takes too long.
func (r *roll) drain(wait func(context.Context) error, d time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	if wait(ctx) != nil {
		r.closeAll()
		_ = wait(context.Background()) // a connection that was closed ends, whatever the peer does
	}
}

// A rollSink hands everything on and notes the rest.
type rollSink struct {
	protocol.Sink
	roll *roll
	conn protocol.Conn
	life protocol.LifeSink // nil when the engine does not want to know

	// Only the reader's.
	heard bool  // a message came
	err   error // how the connection ended
}

var _ protocol.LifeSink = (*rollSink)(nil)

func (s *rollSink) Frame(b []byte) {
	s.heard = true
	s.Sink.Frame(b)
}

func (s *rollSink) Alive() {
	if s.life != nil {
		s.life.Alive()
	}
}

func (s *rollSink) Closed(err error) {
	s.err = err
	s.roll.closed(s.conn, err)
	s.Sink.Closed(err)
}
