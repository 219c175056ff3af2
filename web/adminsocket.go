package web

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"syscall"
)

// maxSocketPath is what the kernel has room for in a socket's address.
const maxSocketPath = 107

// ErrSocketInUse: another server answers on the admin socket.
var ErrSocketInUse = errors.New("another octolink is running with this data directory")

// ListenAdmin makes the admin socket, for this account only. A socket that a dead server left
// behind is removed; anything else at that path is left alone and is an error.
func ListenAdmin(ctx context.Context, path string) (net.Listener, error) {
	if len(path) > maxSocketPath {
		return nil, fmt.Errorf("web: admin socket %s: the path is longer than %d bytes", path, maxSocketPath)
	}
	if err := removeStale(ctx, path); err != nil {
		return nil, fmt.Errorf("web: admin socket %s: %w", path, err)
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "unix", path)
	if err != nil {
		return nil, fmt.Errorf("web: admin socket: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("web: admin socket: %w", err), l.Close())
	}
	return l, nil
}

func removeStale(ctx context.Context, path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if info.Mode().Type() != fs.ModeSocket {
		return errors.New("something that is not a socket is in the way")
	}
	var d net.Dialer
	c, err := d.DialContext(ctx, "unix", path)
	if err == nil {
		c.Close()
		return ErrSocketInUse
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		return err
	}
	return os.Remove(path)
}
