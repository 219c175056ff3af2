package transports

import (
	"net"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/gobwas/ws"
	"golang.org/x/sys/unix"

	"github.com/octolink/octolink/protocol"
)

// serverSide is where the frames of a loop's connections come from.
const serverSide = ws.StateServerSide

// loops are those of a handler. A connection stays with its loop.
type loops struct {
	all  []loop
	next atomic.Uint32

	mu     sync.Mutex
	common map[protocol.Info]*protocol.Info // what connections have in common
}

// newLoops makes so many loops, or as many as the program uses processors. They run while they have
// connections.
func newLoops(n int) *loops {
	if n == 0 {
		n = runtime.GOMAXPROCS(0)
	}
	return &loops{all: make([]loop, n), common: make(map[protocol.Info]*protocol.Info)}
}

// adopt makes a loop serve a connection, if one can: a plain one. early is what was read beyond its
// handshake. The socket leaves the runtime's poller for the loop's.
func (ls *loops) adopt(home *upgrader, conn net.Conn, info protocol.Info, early []byte, opener Opener) bool {
	if ls == nil {
		return false
	}
	tcp, ok := conn.(rawConn)
	if !ok {
		return false
	}
	fd, err := duplicate(tcp)
	if err != nil {
		return false
	}
	c := &loopConn{home: home, remote: info.Remote, fd: int32(fd), part: &part{opener: opener}} //nolint:gosec // a descriptor is small
	c.part.asm = assembler{state: serverSide, limit: home.limits.Message}
	c.part.in.keep(early)
	c.common = ls.share(info)
	c.loop = &ls.all[int(ls.next.Add(1))%len(ls.all)]
	c.posted = true
	counted, ok := conn.(*countedTCP)
	if ok {
		c.slots = counted.detach()
	}
	if err := c.loop.start(c); err != nil {
		if ok {
			counted.attach()
		}
		_ = unix.Close(fd) // the connection is served in another way
		return false
	}
	_ = conn.Close() // the duplicate lives on
	return true
}

// duplicate is a descriptor of a connection that the runtime does not know.
func duplicate(c rawConn) (fd int, err error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return 0, err
	}
	if ctl := raw.Control(func(of uintptr) { fd, err = unix.FcntlInt(of, unix.F_DUPFD_CLOEXEC, 0) }); ctl != nil {
		return 0, ctl
	}
	return fd, err
}

// mostShared bounds how many different descriptions are kept. There is one for each port, format and
// authorization.
const mostShared = 64

// share is a description without its peer, the same for all that are equal.
func (ls *loops) share(info protocol.Info) *protocol.Info {
	info.Remote = ""
	ls.mu.Lock()
	defer ls.mu.Unlock()
	if p := ls.common[info]; p != nil {
		return p
	}
	if len(ls.common) < mostShared {
		ls.common[info] = &info
	}
	return &info
}
