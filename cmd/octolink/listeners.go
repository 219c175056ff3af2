package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"syscall"
)

// A bound is an address of the configuration that the server listens on.
type bound struct {
	key string // listen.http, listen.https, listen.metrics
	net.Listener
}

// listeners are all that a server listens on.
type listeners []bound

func (ls listeners) close() {
	for _, l := range ls {
		l.Close() //nolint:errcheck // it listens no more, whatever is said
	}
}

// of are the listeners of one key.
func (ls listeners) of(key string) []bound {
	var out []bound
	for _, l := range ls {
		if l.key == key {
			out = append(out, l)
		}
	}
	return out
}

// openListeners listens on all addresses or on none. With anyPort a port that is taken gives way to
// the next free one: the demonstration starts wherever it can, a server only where it was told to.
func openListeners(c Listen, anyPort bool, log *slog.Logger) (listeners, error) {
	var all listeners
	var taken []wanted
	for _, w := range c.wanted() {
		l, err := net.Listen("tcp", w.addr)
		switch {
		case err == nil:
			all = append(all, bound{w.key, l})
		case anyPort && errors.Is(err, syscall.EADDRINUSE):
			taken = append(taken, w)
		default:
			all.close()
			return nil, listenError(w, err)
		}
	}
	// Only now: the next port of one listener may be the wish of another.
	for _, w := range taken {
		l, err := nextFree(w.addr)
		if err != nil {
			all.close()
			return nil, listenError(w, err)
		}
		log.Info("the port is taken, using the next free one", "listener", w.key, "wanted", w.addr, "got", l.Addr().String())
		all = append(all, bound{w.key, l})
	}
	return all, nil
}

// wanted is an address as configured.
type wanted struct{ key, addr string }

func (c Listen) wanted() []wanted {
	var all []wanted
	for _, addr := range c.HTTP {
		all = append(all, wanted{"listen.http", addr})
	}
	for _, addr := range c.HTTPS {
		all = append(all, wanted{"listen.https", addr})
	}
	if c.Metrics != "" {
		all = append(all, wanted{"listen.metrics", c.Metrics})
	}
	return all
}

func listenError(w wanted, err error) error {
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%s: another program already listens on %s; stop it or choose another port", w.key, w.addr)
	}
	return fmt.Errorf("%s: %w", w.key, err)
}

// portsToTry is how far from the wanted port the demonstration looks for a free one.
const portsToTry = 100

func nextFree(addr string) (net.Listener, error) {
	host, port, err := splitAddress(addr)
	if err != nil {
		return nil, err
	}
	for next := port + 1; next <= min(port+portsToTry, 65535); next++ {
		l, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(next)))
		if err == nil {
			return l, nil
		}
		if !errors.Is(err, syscall.EADDRINUSE) {
			return nil, err
		}
	}
	return nil, fmt.Errorf("no free port from %d to %d", port, port+portsToTry)
}
