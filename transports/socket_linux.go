package transports

import (
	"errors"
	"io"
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// newSocket chooses how a connection is read and written.
func newSocket(c net.Conn) socket {
	if c, ok := c.(rawConn); ok {
		if raw, err := c.SyscallConn(); err == nil {
			return newTCPSocket(c, raw)
		}
	}
	return &streamSocket{Conn: c}
}

// A rawConn is a TCP connection, perhaps counted by a listener.
type rawConn interface {
	net.Conn
	CloseWrite() error
	SyscallConn() (syscall.RawConn, error)
}

// A tcpSocket reads and writes without waiting inside the system calls and leaves the waiting to the
// runtime's poller: so a reader that waits holds no buffer, and whoever has something to write may
// try at once.
type tcpSocket struct {
	rawConn
	raw syscall.RawConn

	// Of the read that runs. The functions are made once: a closure for each call would be garbage.
	in      *inbox
	need    int
	readErr error
	onRead  func(fd uintptr) bool

	// Of the write that runs.
	pieces   [][]byte
	wait     bool
	wrote    int
	writeErr error
	onWrite  func(fd uintptr) bool
}

func newTCPSocket(c rawConn, raw syscall.RawConn) *tcpSocket {
	s := &tcpSocket{rawConn: c, raw: raw}
	s.onRead, s.onWrite = s.readNow, s.writeNow
	return s
}

func (s *tcpSocket) read(in *inbox, need int) error {
	s.in, s.need, s.readErr = in, need, nil
	if err := s.raw.Read(s.onRead); err != nil {
		return err
	}
	return s.readErr
}

// readNow is one try; false asks to be called again when there is something.
func (s *tcpSocket) readNow(fd uintptr) bool {
	n, err := ignoringEINTR(func() (int, error) { return unix.Read(int(fd), s.in.room(s.need)) })
	switch {
	case errors.Is(err, unix.EAGAIN):
		s.in.rest()
		return false
	case err != nil:
		s.readErr = err
	case n == 0:
		s.readErr = io.EOF
	default:
		s.in.got(n)
	}
	return true
}

func (s *tcpSocket) tryWrite(pieces [][]byte) (int, error) { return s.writePieces(pieces, false) }

func (s *tcpSocket) write(pieces [][]byte) (int, error) { return s.writePieces(pieces, true) }

func (s *tcpSocket) writePieces(pieces [][]byte, wait bool) (int, error) {
	s.pieces, s.wait, s.wrote, s.writeErr = pieces, wait, 0, nil
	err := s.raw.Write(s.onWrite)
	s.pieces = nil
	if err != nil {
		return 0, err
	}
	return s.wrote, s.writeErr
}

// writeNow is one try; false asks to be called again when the socket takes something.
func (s *tcpSocket) writeNow(fd uintptr) bool {
	n, err := ignoringEINTR(func() (int, error) {
		if len(s.pieces) == 1 {
			return unix.Write(int(fd), s.pieces[0])
		}
		return unix.Writev(int(fd), s.pieces)
	})
	switch {
	case errors.Is(err, unix.EAGAIN):
		s.writeErr = errWouldBlock
		return !s.wait
	case err != nil:
		s.wrote, s.writeErr = 0, err
	default:
		s.wrote, s.writeErr = n, nil
	}
	return true
}

func (s *tcpSocket) endWrite() error { return s.CloseWrite() }

// ignoringEINTR repeats a system call that a signal interrupted.
func ignoringEINTR(call func() (int, error)) (int, error) {
	for {
		n, err := call()
		if !errors.Is(err, unix.EINTR) {
			return n, err
		}
	}
}
