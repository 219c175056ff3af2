//go:build !linux

package transports

import (
	"net"

	"github.com/octolink/octolink/protocol"
)

// loops are there on Linux only; elsewhere each connection has a goroutine.
type loops struct{}

func newLoops(int) *loops { return nil }

func (*loops) adopt(*upgrader, net.Conn, protocol.Info, []byte, Opener) bool { return false }
