package transports

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// ServerOptions say how a Server guards its listeners.
type ServerOptions struct {
	Handler http.Handler
	// Names are the host names that the server answers to, beside IP literals and localhost.
	Names []string
	// TLS makes the listeners speak TLS. Zero means plain.
	TLS *tls.Config
	// MaxConns bounds the connections, upgraded ones included; more are closed at once. Zero means
	// 65536.
	MaxConns int
	// MaxHeader bounds a request's header in bytes; above it the answer is 431. Zero means 16 KiB.
	MaxHeader int
	// HeaderTimeout is for a TLS handshake and for a request's header. Zero means 10 s.
	HeaderTimeout time.Duration
	// BodyTimeout is for a whole request and again for its answer, not for upgraded connections.
	// Zero means 1 min.
	BodyTimeout time.Duration
	// IdleTimeout is for a connection between two requests. Zero means 1 min.
	IdleTimeout time.Duration
	// Log gets what net/http complains of, for developers. Zero means none.
	Log *slog.Logger
}

// A Server is net/http's with limits for peers that are slow, huge, many, or looking for another
// host.
type Server struct {
	http  *http.Server
	slots *slots
	tls   *tls.Config
}

// NewServer makes a server; Serve gives it its listeners.
func NewServer(o ServerOptions) *Server {
	log := logger(o.Log)
	s := &Server{
		slots: newSlots(either(o.MaxConns, 65536), log),
		http: &http.Server{
			Handler:           CheckHost(o.Names, o.Handler),
			MaxHeaderBytes:    either(o.MaxHeader, 16<<10),
			ReadHeaderTimeout: either(o.HeaderTimeout, 10*time.Second),
			ReadTimeout:       either(o.BodyTimeout, time.Minute),
			WriteTimeout:      either(o.BodyTimeout, time.Minute),
			IdleTimeout:       either(o.IdleTimeout, time.Minute),
			ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
		},
	}
	if o.TLS != nil {
		s.tls = o.TLS.Clone()
		// A WebSocket over HTTP/2 is another handshake, which nobody of this field speaks.
		s.tls.NextProtos = []string{"http/1.1"}
	}
	return s
}

// Serve answers on l until Shutdown or Close, then returns nil. It may run for several listeners.
func (s *Server) Serve(l net.Listener) error {
	l = &countedListener{l, s.slots}
	if s.tls != nil {
		l = tls.NewListener(l, s.tls)
	}
	if err := s.http.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// Shutdown closes the listeners and waits for requests in hand; when the context ends before, it
// cuts them off. Upgraded connections are not its business: the engine closes them, and
// ClientHandler.Wait waits for them.
func (s *Server) Shutdown(ctx context.Context) error {
	err := s.http.Shutdown(ctx)
	if err != nil {
		_ = s.http.Close() // the first error counts
	}
	return err
}

// either is v, or what zero stands for.
func either[T int | time.Duration](v, zero T) T {
	if v <= 0 {
		return zero
	}
	return v
}
