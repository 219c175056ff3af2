package herd

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// The calls of the loop go past Go's scheduler: it would hand the processor to another thread at each
// of them, and take it back. A wait is interrupted by the signal with which the runtime asks for a
// pause, so nobody waits for us.

func epollWait(fd int, events []unix.EpollEvent, timeout int) (int, error) {
	n, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(fd), uintptr(unsafe.Pointer(&events[0])), uintptr(len(events)), uintptr(timeout), 0, 0) //nolint:gosec // a slice of ours
	return result(n, errno)
}

// rawRead and rawWrite are for sockets that never block.
func rawRead(fd int, b []byte) (int, error) {
	n, _, errno := unix.RawSyscall(unix.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b))) //nolint:gosec // a slice of ours
	return result(n, errno)
}

func rawWrite(fd int, b []byte) (int, error) {
	n, _, errno := unix.RawSyscall(unix.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b))) //nolint:gosec // a slice of ours
	return result(n, errno)
}

func result(n uintptr, errno unix.Errno) (int, error) {
	if errno != 0 {
		return -1, errno
	}
	return int(n), nil
}
