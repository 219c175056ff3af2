package main

import (
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"
)

// A brokenWire is a TCP proxy between a CRM and the server that breaks their connections in every way
// that networks know.
type brokenWire struct {
	listener net.Listener
	target   func() string
	all      sync.WaitGroup

	mu      sync.Mutex
	refuses bool
	pairs   map[*wirePair]struct{}
	over    bool
}

// A wirePair is one connection through the proxy.
type wirePair struct {
	dialler, target net.Conn // who connects, and whom he reaches
	mute            [2]gate  // what goes to the target, and to the dialler
}

// A gate lets bytes through unless it is shut.
type gate struct {
	mu   sync.Mutex
	shut chan struct{} // closed when it opens again; nil while open
}

func (g *gate) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.shut == nil {
		g.shut = make(chan struct{})
	}
}

func (g *gate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.shut != nil {
		close(g.shut)
		g.shut = nil
	}
}

func (g *gate) pass() {
	g.mu.Lock()
	shut := g.shut
	g.mu.Unlock()
	if shut != nil {
		<-shut
	}
}

// newBrokenWire makes a proxy that connects to whatever target says at that moment.
func newBrokenWire(t *testing.T, target func() string) *brokenWire {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &brokenWire{listener: l, target: target, pairs: map[*wirePair]struct{}{}}
	w.all.Go(w.accept)
	t.Cleanup(w.close)
	return w
}

func (w *brokenWire) addr() string { return w.listener.Addr().String() }

func (w *brokenWire) accept() {
	for {
		c, err := w.listener.Accept()
		if err != nil {
			return
		}
		w.mu.Lock()
		refuses := w.refuses
		w.mu.Unlock()
		if refuses {
			cutOff(c, true)
			continue
		}
		w.all.Go(func() { w.join(c) })
	}
}

// join carries bytes both ways until one side ends.
func (w *brokenWire) join(dialler net.Conn) {
	target, err := net.Dial("tcp", w.target())
	if err != nil {
		cutOff(dialler, true)
		return
	}
	p := &wirePair{dialler: dialler, target: target}
	w.mu.Lock()
	w.pairs[p] = struct{}{}
	over := w.over
	w.mu.Unlock()
	if over {
		p.end(true)
	}
	var both sync.WaitGroup
	both.Go(func() { carry(p.target, p.dialler, &p.mute[0]) })
	both.Go(func() { carry(p.dialler, p.target, &p.mute[1]) })
	both.Wait()
	w.mu.Lock()
	delete(w.pairs, p)
	w.mu.Unlock()
}

func carry(to, from net.Conn, g *gate) {
	buf := make([]byte, 16<<10)
	for {
		n, err := from.Read(buf)
		g.pass()
		if n > 0 {
			if _, err := to.Write(buf[:n]); err != nil {
				return
			}
		}
		if err != nil {
			if errors.Is(err, io.EOF) {
				cutOff(to, false)
			}
			return
		}
	}
}

// cutOff ends a connection, in order or by a reset.
func cutOff(c net.Conn, reset bool) {
	if tcp, ok := c.(*net.TCPConn); ok && reset {
		_ = tcp.SetLinger(0)
	}
	_ = c.Close()
}

func (p *wirePair) end(reset bool) {
	cutOff(p.dialler, reset)
	cutOff(p.target, reset)
	p.mute[0].open()
	p.mute[1].open()
}

// A breakage is one way in which a connection goes wrong.
type breakage struct {
	name string
	do   func(w *brokenWire, p *wirePair, d time.Duration)
}

// breakages are all ways. d is how long those take that take time.
var breakages = []breakage{
	{"reset", func(_ *brokenWire, p *wirePair, _ time.Duration) { p.end(true) }},
	{"closed", func(_ *brokenWire, p *wirePair, _ time.Duration) { p.end(false) }},
	{"nothing reaches the target, then reset", func(_ *brokenWire, p *wirePair, d time.Duration) {
		p.mute[0].close()
		<-time.After(d)
		p.end(true)
	}},
	{"nothing reaches the dialler, then closed", func(_ *brokenWire, p *wirePair, d time.Duration) {
		p.mute[1].close()
		<-time.After(d)
		p.end(false)
	}},
	{"stands still both ways, then reset", func(_ *brokenWire, p *wirePair, d time.Duration) {
		p.mute[0].close()
		p.mute[1].close()
		<-time.After(d)
		p.end(true)
	}},
	{"half-open at the target", func(w *brokenWire, p *wirePair, _ time.Duration) {
		p.mute[0].close() // the end of the dialler does not reach it
		p.mute[1].close()
		cutOff(p.dialler, true)
		w.all.Go(func() {
			<-time.After(3 * time.Second)
			p.end(true)
		})
	}},
	{"half-open at the dialler", func(w *brokenWire, p *wirePair, d time.Duration) {
		p.mute[0].close()
		p.mute[1].close()
		cutOff(p.target, true)
		<-time.After(d)
		p.end(true)
	}},
	{"port closed", func(w *brokenWire, p *wirePair, d time.Duration) {
		w.refuse(true)
		p.end(true)
		<-time.After(d)
		w.refuse(false)
	}},
}

func (w *brokenWire) refuse(on bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.refuses = on
}

// breakAll does something to all present connections.
func (w *brokenWire) breakAll(b breakage, d time.Duration) {
	w.mu.Lock()
	pairs := make([]*wirePair, 0, len(w.pairs))
	for p := range w.pairs {
		pairs = append(pairs, p)
	}
	w.mu.Unlock()
	var each sync.WaitGroup
	for _, p := range pairs {
		each.Go(func() { b.do(w, p, d) })
	}
	each.Wait()
}

func (w *brokenWire) close() {
	_ = w.listener.Close()
	w.mu.Lock()
	w.over = true
	for p := range w.pairs {
		p.end(true)
	}
	w.mu.Unlock()
	w.all.Wait()
}
