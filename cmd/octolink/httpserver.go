package main

import (
	"context"
	"errors"
	"net"
	"net/http"
)

// plainServer is an HTTP server for operators: no limits on connections, no TLS.
type plainServer struct{ *http.Server }

// Serve answers on a listener until Shutdown, then returns nil.
func (s plainServer) Serve(l net.Listener) error {
	if err := s.Server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// Shutdown closes the listeners and waits for requests in hand.
func (s plainServer) Shutdown(ctx context.Context) error {
	err := s.Server.Shutdown(ctx)
	if err != nil {
		s.Server.Close() //nolint:errcheck // the first error counts
	}
	return err
}
