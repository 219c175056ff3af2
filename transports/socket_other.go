//go:build !linux

package transports

import "net"

// newSocket chooses how a connection is read and written.
func newSocket(c net.Conn) socket { return &streamSocket{Conn: c} }
