package peers

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"github.com/octolink/octolink/cmd/octolink/bench"
)

// A server runs and listens.
type server struct {
	*process
	name string
	addr netip.AddrPort
}

// start starts a server of a kind and waits until it listens.
func (s *suite) start(ctx context.Context, name string) (*server, error) {
	addr, err := freePort()
	if err != nil {
		return nil, err
	}
	argv, err := s.command(name, addr)
	if err != nil {
		return nil, err
	}
	p, err := launch(ctx, s.serverCPU, argv)
	if err != nil {
		return nil, err
	}
	srv := &server{p, name, addr}
	if err := srv.listens(ctx); err != nil {
		srv.stop()
		return nil, fmt.Errorf("%s: %w: %s", name, err, p.stderr.Bytes())
	}
	return srv, nil
}

// command is what starts a server there. For octolink that includes a fresh folder with 500 users.
func (s *suite) command(name string, addr netip.AddrPort) ([]string, error) {
	if name != octolink {
		return s.kinds[name].argv(int(addr.Port())), nil
	}
	dir, err := os.MkdirTemp(s.work, "site")
	if err != nil {
		return nil, err
	}
	stats, err := freePort()
	if err != nil {
		return nil, err
	}
	path := filepath.Join(dir, "octolink.yaml")
	file, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	site := bench.Site{Users: users, HTTP: addr.String(), Stats: stats.String()}
	if err := errors.Join(site.WriteConfig(file), file.Close()); err != nil {
		return nil, err
	}
	return []string{s.Self, "serve", "--config", path}, nil
}

// users is how many users all tabs belong to.
const users = 500

// freePort is one that nobody listens on now.
func freePort() (netip.AddrPort, error) {
	l, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return netip.AddrPort{}, err
	}
	defer func() { _ = l.Close() }()
	return netip.ParseAddrPort(l.Addr().String())
}

// listens waits until it takes connections.
func (s *server) listens(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	for {
		var d net.Dialer
		conn, err := d.DialContext(ctx, "tcp", s.addr.String())
		if err == nil {
			return conn.Close()
		}
		select {
		case <-ctx.Done():
			return errors.New("it does not listen")
		case <-s.ended:
			return errors.New("it has ended")
		case <-time.After(5 * time.Millisecond):
		}
	}
}
