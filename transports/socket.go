package transports

import (
	"errors"
	"net"
	"time"
)

// errWouldBlock says that a socket takes nothing at the moment.
var errWouldBlock = errors.New("transports: the socket is full")

// A socket is the stream under a connection. One goroutine reads, one writes.
type socket interface {
	// read waits for bytes and adds them to the inbox. While it waits with an empty inbox, it holds
	// no buffer. need is how long the frame at the start of the inbox is, 0 if unknown.
	read(in *inbox, need int) error
	// tryWrite writes what the socket takes at once, or nothing with errWouldBlock.
	tryWrite(pieces [][]byte) (n int, err error)
	// write waits until the socket takes something.
	write(pieces [][]byte) (n int, err error)
	// endWrite tells the peer that nothing more will come.
	endWrite() error

	SetDeadline(t time.Time) error
	SetReadDeadline(t time.Time) error
	SetWriteDeadline(t time.Time) error
	Close() error
}

const (
	// firstRead is the buffer that a streamSocket waits with, in bytes: most messages fit.
	firstRead = 256
	// recordSize is how much a streamSocket writes at once, in bytes: one TLS record.
	recordSize = 16 << 10
)

// A streamSocket works over any net.Conn: TLS, and TCP where there is nothing better.
type streamSocket struct {
	net.Conn
	first [firstRead]byte
}

func (s *streamSocket) read(in *inbox, need int) error {
	if in.buf != nil {
		n, err := s.Read(in.room(need))
		in.got(n)
		return gotAny(n, err)
	}
	n, err := s.Read(s.first[:])
	in.put(s.first[:n])
	return gotAny(n, err)
}

// gotAny forgets the error of a read that brought something: the next read meets it again.
func gotAny(n int, err error) error {
	if n > 0 {
		return nil
	}
	return err
}

// tryWrite takes nothing: no write of a net.Conn is sure not to wait.
func (s *streamSocket) tryWrite([][]byte) (int, error) { return 0, errWouldBlock }

// write joins small pieces: each write would be a TLS record and a system call of its own.
func (s *streamSocket) write(pieces [][]byte) (int, error) {
	if len(pieces) == 1 || len(pieces[0]) >= recordSize {
		return s.Write(pieces[0])
	}
	b := getBuffer(recordSize)
	defer putBuffer(b)
	for _, p := range pieces {
		free := recordSize - len(b.b)
		b.b = append(b.b, p[:min(len(p), free)]...)
		if len(b.b) == recordSize {
			break
		}
	}
	return s.Write(b.b)
}

func (s *streamSocket) endWrite() error {
	if c, ok := s.Conn.(interface{ CloseWrite() error }); ok {
		return c.CloseWrite()
	}
	return nil
}
