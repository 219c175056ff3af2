package transports

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// The system calls of a loop never wait: its sockets are non-blocking, its poller is asked for what is
// ready now. So they need not tell the scheduler that they might, and it does not take the processor
// from under them: that would cost more than the call. And they are those of sockets: read and write
// pass through the file system first.

const sendFlags = unix.MSG_DONTWAIT | unix.MSG_NOSIGNAL

// readNow reads into b, which is not empty.
func readNow(fd int, b []byte) (int, error) {
	for {
		n, _, errno := unix.RawSyscall6(unix.SYS_RECVFROM, uintptr(fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)), unix.MSG_DONTWAIT, 0, 0) //nolint:gosec // as package unix does
		if errno != unix.EINTR {
			return outcome(n, errno)
		}
	}
}

// writeNow writes pieces, none of which is empty, in one call.
func writeNow(fd int, pieces [][]byte) (int, error) {
	if len(pieces) > 1 {
		return writevNow(fd, pieces)
	}
	p := pieces[0]
	for {
		n, _, errno := unix.RawSyscall6(unix.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(&p[0])), uintptr(len(p)), sendFlags, 0, 0) //nolint:gosec // as above
		if errno != unix.EINTR {
			return outcome(n, errno)
		}
	}
}

func writevNow(fd int, pieces [][]byte) (int, error) {
	var list [pieceLimit]unix.Iovec
	for i, p := range pieces {
		list[i].Base = &p[0]
		list[i].SetLen(len(p))
	}
	var m unix.Msghdr
	m.Iov = &list[0]
	m.SetIovlen(len(pieces))
	for {
		n, _, errno := unix.RawSyscall(unix.SYS_SENDMSG, uintptr(fd), uintptr(unsafe.Pointer(&m)), sendFlags) //nolint:gosec // as above
		if errno != unix.EINTR {
			return outcome(n, errno)
		}
	}
}

// pollNow tells which sockets are ready.
func pollNow(fd int, events []unix.EpollEvent) (int, error) {
	for {
		n, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(fd), uintptr(unsafe.Pointer(&events[0])), uintptr(len(events)), 0, 0, 0) //nolint:gosec // as above
		if errno != unix.EINTR {
			return outcome(n, errno)
		}
	}
}

// outcome is what a call gave that no signal interrupted.
func outcome(n uintptr, errno unix.Errno) (int, error) {
	switch errno {
	case 0:
		return int(n), nil //nolint:gosec // a count
	case unix.EAGAIN:
		return 0, unix.EAGAIN // the one error that is no exception
	}
	return 0, errno
}
