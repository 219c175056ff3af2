package transports

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// pollAtOnce is how many sockets one call tells of. There are few, because who is answered last among
// them and speaks again at once stands behind all the others in epoll's list: he would be heard only
// after the others had spoken twice.
const pollAtOnce = 32

// A poller watches sockets. Its own descriptor is watched by the runtime, so that who waits is a
// parked goroutine and holds neither a thread nor a processor; a deadline in the past wakes it
// without a system call.
type poller struct {
	fd   int
	file *os.File // the same descriptor
	raw  syscall.RawConn

	events [pollAtOnce]unix.EpollEvent
	ready  int // of events
	failed error
	poll   func(fd uintptr) bool // made once: a closure for each wait would be garbage
}

func newPoller() (*poller, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("transports: epoll: %w", err)
	}
	if err := unix.SetNonblock(fd, true); err != nil { // else the runtime does not watch it
		return nil, errors.Join(fmt.Errorf("transports: epoll: %w", err), unix.Close(fd))
	}
	p := &poller{fd: fd, file: os.NewFile(uintptr(fd), "epoll")}
	p.poll = p.pollNow
	if p.raw, err = p.file.SyscallConn(); err == nil {
		err = p.file.SetReadDeadline(time.Time{})
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("transports: epoll: %w", err), p.file.Close())
	}
	return p, nil
}

// pollNow takes what is ready and reports whether there is anything to do.
func (p *poller) pollNow(uintptr) bool {
	p.ready, p.failed = pollNow(p.fd, p.events[:])
	return p.ready > 0 || p.failed != nil
}

// now gives what is ready.
func (p *poller) now() ([]unix.EpollEvent, error) {
	p.pollNow(0)
	return p.result()
}

func (p *poller) result() ([]unix.EpollEvent, error) {
	if p.failed != nil {
		return nil, fmt.Errorf("transports: epoll: %w", p.failed)
	}
	return p.events[:p.ready], nil
}

// until sets when the next wait ends at the latest; zero is never. A wake that came before is
// forgotten.
func (p *poller) until(t time.Time) {
	_ = p.file.SetReadDeadline(t) // it could be set when the poller was made
}

// wait waits for something to be ready, for the deadline, or for a wake.
func (p *poller) wait() ([]unix.EpollEvent, error) {
	p.ready, p.failed = 0, nil
	if err := p.raw.Read(p.poll); err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		return nil, fmt.Errorf("transports: epoll: %w", err)
	}
	return p.result()
}

// longAgo is a deadline that has passed.
var longAgo = time.Unix(1, 0)

// wake ends a wait, or the next one. It may be called from any goroutine.
func (p *poller) wake() { _ = p.file.SetReadDeadline(longAgo) } // as in until

// add watches a socket under a number.
func (p *poller) add(fd int, number int32, events uint32) error {
	return p.control(unix.EPOLL_CTL_ADD, fd, number, events)
}

// change watches for other events.
func (p *poller) change(fd int, number int32, events uint32) error {
	return p.control(unix.EPOLL_CTL_MOD, fd, number, events)
}

func (p *poller) control(op, fd int, number int32, events uint32) error {
	e := unix.EpollEvent{Events: events, Fd: number}
	if err := unix.EpollCtl(p.fd, op, fd, &e); err != nil {
		return fmt.Errorf("transports: epoll: %w", err)
	}
	return nil
}

func (p *poller) close() { _ = p.file.Close() } // nothing is lost with it
