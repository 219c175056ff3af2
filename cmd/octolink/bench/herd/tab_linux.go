package herd

import (
	"bytes"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// A Tab is one connection.
type Tab struct {
	ID   int // its place in Tabs
	Data any // the load's own

	herd  *Herd
	fd    int
	state state
	in    []byte // the begin of what is not complete
	out   []byte // what waits to be written
	dirty bool   // is in the herd's list
	slow  bool   // waits for room
}

type state int

const (
	connecting state = iota
	upgrading
	open
	closed
)

// Connect adds a tab; the load hears when it is open.
func (h *Herd) Connect() (*Tab, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("herd: socket: %w", err)
	}
	t := &Tab{ID: len(h.tabs), herd: h, fd: fd}
	h.tabs = append(h.tabs, t)
	if err := unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1); err != nil {
		return nil, fmt.Errorf("herd: socket: %w", err)
	}
	to := &unix.SockaddrInet4{Port: int(h.opts.Addr.Port()), Addr: h.opts.Addr.Addr().As4()}
	if err := unix.Connect(fd, to); err != nil && !errors.Is(err, unix.EINPROGRESS) {
		return nil, fmt.Errorf("herd: connect: %w", err)
	}
	return t, h.watch(fd, t.ID, unix.EPOLLIN|unix.EPOLLOUT, unix.EPOLL_CTL_ADD)
}

// Send sends a text message of up to three parts; it leaves when the load returns.
func (t *Tab) Send(parts [3][]byte) { t.send(opText, parts) }

func (t *Tab) send(op byte, parts [3][]byte) {
	t.out = appendFrame(t.out, op, parts)
	t.mark()
}

func (t *Tab) mark() {
	if !t.dirty && !t.slow {
		t.dirty = true
		t.herd.dirty = append(t.herd.dirty, t)
	}
}

// write sends what it can.
func (t *Tab) write(h *Herd) error {
	if t.state == closed || len(t.out) == 0 {
		return nil
	}
	n, err := rawWrite(t.fd, t.out)
	if err != nil && !errors.Is(err, unix.EAGAIN) && !errors.Is(err, unix.EINTR) {
		return err
	}
	t.out = t.out[:copy(t.out, t.out[max(n, 0):])]
	if len(t.out) == 0 {
		if cap(t.out) > keep {
			t.out = nil
		}
		return nil
	}
	t.slow = true
	return h.watch(t.fd, t.ID, unix.EPOLLIN|unix.EPOLLOUT, unix.EPOLL_CTL_MOD)
}

// keep is how large a buffer may be that a tab holds while it has nothing to do.
const keep = 4 << 10

// ready does what a connection is ready for.
func (t *Tab) ready(h *Herd, events uint32) error {
	if t.state == closed {
		return nil
	}
	if events&unix.EPOLLOUT != 0 {
		if err := t.writable(h); err != nil {
			return err
		}
	}
	if events&(unix.EPOLLIN|unix.EPOLLHUP|unix.EPOLLERR) == 0 {
		return nil
	}
	n, err := read(t.fd, h.buffer)
	if err != nil || n == 0 {
		return err
	}
	b := h.buffer[:n]
	if len(t.in) > 0 {
		t.in = append(t.in, b...)
		b = t.in
	}
	used, err := t.take(b)
	if err != nil {
		return err
	}
	t.in = append(t.in[:0], b[used:]...)
	if len(t.in) == 0 && cap(t.in) > keep {
		t.in = nil
	}
	return nil
}

func (t *Tab) writable(h *Herd) error {
	if t.state == connecting {
		if code, err := unix.GetsockoptInt(t.fd, unix.SOL_SOCKET, unix.SO_ERROR); err != nil || code != 0 {
			return errors.Join(err, fmt.Errorf("connect: %w", unix.Errno(code))) //nolint:gosec // an errno
		}
		t.begin()
	}
	t.slow = false
	if err := t.write(h); err != nil || t.slow {
		return err
	}
	return h.watch(t.fd, t.ID, unix.EPOLLIN, unix.EPOLL_CTL_MOD)
}

// begin asks for the upgrade, where there is one.
func (t *Tab) begin() {
	if t.herd.opts.Subprotocol == "" {
		t.state = open
		t.herd.load.Opened(t)
		return
	}
	t.state = upgrading
	t.out = fmt.Appendf(t.out, "GET / HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: %s\r\n\r\n",
		t.herd.opts.Addr, t.herd.opts.Subprotocol)
}

// accepted is the answer to the key above.
const accepted = "ICX+Yqv66kxgM0FcWaLWlFLwTAI="

// take handles all complete frames of b and says how many bytes they are.
func (t *Tab) take(b []byte) (used int, err error) {
	if t.state == upgrading {
		end := bytes.Index(b, []byte("\r\n\r\n"))
		if end < 0 {
			return 0, nil
		}
		head := b[:end]
		if !bytes.HasPrefix(head, []byte("HTTP/1.1 101")) || !bytes.Contains(head, []byte(accepted)) {
			return 0, fmt.Errorf("no upgrade: %.100q", head)
		}
		t.state, used = open, end+4
		t.herd.load.Opened(t)
	}
	for t.state == open {
		op, payload, n, err := cutFrame(b[used:])
		if err != nil || n == 0 {
			return used, err
		}
		used += n
		if err := t.frame(op, payload); err != nil {
			return used, err
		}
	}
	return used, nil
}

func (t *Tab) frame(op byte, payload []byte) error {
	switch op {
	case opText:
		t.herd.load.Message(t, payload)
	case opPing:
		t.send(opPong, [3][]byte{payload})
	case opClose:
		return fmt.Errorf("the server closed: %.100q", payload)
	case opPong:
	default:
		return fmt.Errorf("a frame of kind %d", op)
	}
	return nil
}

// hangUp closes without a word.
func (t *Tab) hangUp() {
	if t.state != closed {
		t.state = closed
		_ = unix.Close(t.fd)
	}
}
