package protocol_test

import (
	"bytes"
	"errors"
	"fmt"
	"hash/maphash"
	"regexp"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/octolink/octolink/protocol"
	"github.com/octolink/octolink/protocol/wire"
)

// A pipe is a connection in memory: the transport that the engine is tested with. What the engine
// writes is kept, with a sum over its bytes that shows whether anybody changed them later.
type pipe struct {
	t    testing.TB
	info protocol.Info

	mu      sync.Mutex
	room    int // frames that it takes; negative: no limit
	got     []written
	seen    int   // frames that take has given
	batches []int // how many frames each Write offered
	writing bool
	pings   atomic.Int32
	closed  []protocol.CloseCode
	reason  string
	fail    error
	onWrite func(offered int) // called during Write, without the lock
	onClose func(protocol.CloseCode)

	push sync.Mutex // one frame at a time; Closed is the last
	sink protocol.Sink
	over bool
}

type written struct {
	frame protocol.Frame
	sum   uint64
}

var (
	_ protocol.Conn   = (*pipe)(nil)
	_ protocol.Pinger = (*pipe)(nil)

	seed = maphash.MakeSeed()
)

func newPipe(t testing.TB, f wire.Format, remote string) *pipe {
	return &pipe{t: t, info: protocol.Info{Format: f, Remote: remote}, room: -1}
}

func (p *pipe) Info() protocol.Info { return p.info }

func (p *pipe) Write(frames []protocol.Frame) (int, error) {
	p.mu.Lock()
	if p.writing {
		p.t.Error("two writes at once")
	}
	p.writing = true
	p.batches = append(p.batches, len(frames))
	hook, closed := p.onWrite, len(p.closed) > 0
	p.mu.Unlock()
	if hook != nil {
		hook(len(frames))
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.writing = false
	if p.fail != nil {
		return 0, p.fail
	}
	if closed {
		return 0, errors.New("pipe: closed")
	}
	taken := len(frames)
	if p.room >= 0 {
		taken = min(taken, p.room)
		p.room -= taken
	}
	for _, f := range frames[:taken] {
		if f.Len() == 0 {
			p.t.Error("an empty frame was written")
		}
		f.Head = bytes.Clone(f.Head) // it is only lent
		p.got = append(p.got, written{f, sum(f)})
	}
	return taken, nil
}

// Close ends the connection as a transport does: the sink hears of it from another goroutine, after
// the frame in hand.
func (p *pipe) Close(code protocol.CloseCode, reason string) {
	p.mu.Lock()
	first := len(p.closed) == 0
	p.closed = append(p.closed, code)
	if first {
		p.reason = reason
	}
	hook := p.onClose
	p.mu.Unlock()
	if hook != nil && first {
		hook(code)
	}
}

func (p *pipe) Ping() { p.pings.Add(1) }

// send pushes one frame and overwrites its bytes when the engine is done, as a transport's buffer is.
func (p *pipe) send(frame []byte) {
	p.push.Lock()
	defer p.push.Unlock()
	if p.over {
		return
	}
	lent := bytes.Clone(frame)
	p.sink.Frame(lent)
	for i := range lent {
		lent[i] = '#'
	}
}

// end is the connection's end.
func (p *pipe) end(err error) {
	p.push.Lock()
	defer p.push.Unlock()
	if !p.over {
		p.over = true
		p.sink.Closed(err)
	}
}

// ask sends a request; a qid of "" asks for no reply.
func (p *pipe) ask(name, qid string, fields ...wire.Member) {
	p.send(request(p.info.Format, name, qid, fields...))
}

func request(f wire.Format, name, qid string, fields ...wire.Member) []byte {
	token := wire.Token("")
	if qid != "" {
		token = wire.Text(qid)
	}
	frame, err := wire.Append(nil, f, name, token, wire.Object(fields))
	if err != nil {
		panic(err)
	}
	return frame
}

func with(key string, value any) wire.Member { return wire.Member{Key: key, Value: value} }

// more lets the connection take n frames more and says so; negative is no limit.
func (p *pipe) more(n int) {
	p.allow(n)
	p.sink.Writable()
}

func (p *pipe) allow(n int) {
	p.mu.Lock()
	p.room = n
	p.mu.Unlock()
}

// frames is all that was written so far.
func (p *pipe) frames() []protocol.Frame {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := make([]protocol.Frame, len(p.got))
	for i, w := range p.got {
		out[i] = w.frame
	}
	return out
}

// take gives what was written since the last take as JSON, whatever the connection's format; the
// random ids of events read "*".
func (p *pipe) take() []string {
	p.t.Helper()
	p.mu.Lock()
	fresh := slices.Clone(p.got[p.seen:])
	p.seen = len(p.got)
	p.mu.Unlock()
	out := make([]string, len(fresh))
	for i, w := range fresh {
		out[i] = p.show(w.frame)
	}
	return out
}

var guid = regexp.MustCompile(`"qid":"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"`)

func (p *pipe) show(f protocol.Frame) string {
	p.t.Helper()
	msg, err := wire.Decode(p.info.Format, whole(f), wire.Limits{})
	if err != nil {
		p.t.Errorf("%s: the engine wrote what is not a message: %v: %s", p.info.Remote, err, whole(f))
		return ""
	}
	text, err := msg.AppendTo(nil, wire.JSON)
	if err != nil {
		p.t.Error(err)
	}
	return guid.ReplaceAllString(string(text), `"qid":"*"`)
}

// want takes what was written and compares it.
func (p *pipe) want(texts ...string) {
	p.t.Helper()
	got := p.take()
	if !slices.Equal(got, texts) {
		p.t.Errorf("%s: got\n\t%q\nwant\n\t%q", p.info.Remote, got, texts)
	}
}

// wantClose checks with what code the engine closed first; 0: not at all.
func (p *pipe) wantClose(code protocol.CloseCode) {
	p.t.Helper()
	if got := p.closeCode(); got != code {
		p.t.Errorf("%s: closed with %d, want %d", p.info.Remote, got, code)
	}
}

func (p *pipe) closeCode() protocol.CloseCode {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.closed) == 0 {
		return 0
	}
	return p.closed[0]
}

// unchanged checks that nobody wrote into bytes after they were handed over.
func (p *pipe) unchanged() {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, w := range p.got {
		if sum(w.frame) != w.sum {
			p.t.Errorf("%s: frame %d changed after it was written: %s", p.info.Remote, i, whole(w.frame))
		}
	}
}

func whole(f protocol.Frame) []byte { return slices.Concat(f.Head, f.Body, f.Tail) }

func sum(f protocol.Frame) uint64 { return maphash.Bytes(seed, whole(f)) }

// numbered names the i-th of things.
func numbered(i int) string { return fmt.Sprintf("n%03d", i) }
