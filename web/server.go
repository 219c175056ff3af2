package web

import (
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/octolink/octolink/pbx"
	"github.com/octolink/octolink/transports"
)

// Options are the parts that a Server puts together. All of them may be left out.
type Options struct {
	// Channels gets every request that wants to become a WebSocket. Nil means: such requests are 404.
	Channels http.Handler
	// Names are the host names that this server answers to, beside IP literals and localhost.
	// Zero means only those.
	Names []string
	// TrustedProxies may say in X-Forwarded-For whom a request comes from. Zero means nobody may.
	TrustedProxies []netip.Prefix
	// Log gets what an operator should know. Nil means nothing is logged.
	Log *slog.Logger

	// Passes are the one-time passwords of /upload and /record. Nil means: neither is served.
	Passes *Passes
	// Uploads keeps pictures. Nil means: no /upload and no /photo.
	Uploads *Uploads
	// Records finds journal entries for /record. Nil means: no /record.
	Records Records
	// Recorder opens recordings. Nil means: there are none.
	Recorder pbx.Recorder
	// Directory tells who may hear whose recordings. Nil means: nobody may hear any.
	Directory func() *pbx.Directory

	// Services are run by /execsvcscript and /execsvcscriptplain. Nil means: neither is served.
	Services Services

	// Sim is the simulated telephone system. Nil means: no /sim/ and no such buttons on the page.
	Sim Simulator
	// SimRemote lets others than this machine use /sim/.
	SimRemote bool
	// Demo is shown on the page to someone who has just started the demo. Nil means: it is none.
	Demo *Demo

	// Ready is asked by /readyz. Zero means always ready.
	Ready []Check
	// Metrics is what Metrics() shows. Nil means: an empty set.
	Metrics *Metrics
	// Debug adds Go's profiles to Metrics().
	Debug bool

	// Operator does what the admin socket is asked for. Nil means: Admin() answers 404.
	Operator Operator
	// CRMs do what the admin socket is asked for about CRMs. Nil means: nothing is known of any.
	CRMs CRMs
	// Plugins do what the admin socket is asked for about plugins. Nil means: nothing is known of any.
	Plugins Plugins
	// Flows do what the admin socket is asked for about call flows. Nil means: nothing is known of any.
	Flows Flows
	// Routes finds who else serves a request, a WebSocket's too. Nil, or a nil Handler, means nobody.
	Routes func(*http.Request) http.Handler
	// Tap shows frames to the admin socket. Nil means: no tap.
	Tap *Tap
}

// A Server answers everything that is not a frame of the protocol. It is immutable and safe for
// use by many goroutines.
type Server struct {
	o       Options
	log     *slog.Logger
	public  http.Handler
	metrics http.Handler
	admin   http.Handler
}

// New puts a Server together.
func New(o Options) *Server {
	s := &Server{o: o, log: o.Log}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	s.public = s.publicHandler()
	s.metrics = s.metricsHandler()
	s.admin = s.adminHandler()
	return s
}

// Public is the handler for the listeners that browsers reach.
func (s *Server) Public() http.Handler { return s.public }

// Metrics is the handler for the operator's own listener.
func (s *Server) Metrics() http.Handler { return s.metrics }

// Admin is the handler for the admin socket. Who can connect to it may do everything.
func (s *Server) Admin() http.Handler { return s.admin }

// OwnPaths are the paths that the server itself serves to browsers, with all below them.
func OwnPaths() []string {
	return []string{"/page", "/upload", "/record", "/photo", "/execsvcscript", "/execsvcscriptplain", "/flows", "/sim", "/healthz", "/readyz", "/favicon.ico"}
}

func (s *Server) publicHandler() http.Handler {
	mux := http.NewServeMux()
	s.pageRoutes(mux)
	s.uploadRoutes(mux)
	s.recordRoutes(mux)
	s.serviceRoutes(mux)
	s.traceRoutes(mux)
	s.simRoutes(mux)
	s.healthRoutes(mux)
	plain := secured(mux)
	return transports.CheckHost(s.o.Names, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.o.Routes != nil {
			if other := s.o.Routes(r); other != nil {
				other.ServeHTTP(w, r)
				return
			}
		}
		if s.o.Channels != nil && transports.IsUpgrade(r) {
			s.o.Channels.ServeHTTP(w, r)
			return
		}
		plain.ServeHTTP(w, r)
	}))
}

// Time that a peer gets; a whole upload has its own limit.
const (
	headerTimeout = 10 * time.Second
	idleTimeout   = time.Minute
	headerBytes   = 32 << 10
)

// NewHTTPServer makes a server with the limits that any listener of octolink needs: 10 s for the
// request's header, 32 KiB of it, a minute of idleness. There is no limit for a whole request,
// because client channels live as long as they like.
func NewHTTPServer(h http.Handler, l *slog.Logger) *http.Server {
	if l == nil {
		l = slog.New(slog.DiscardHandler)
	}
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    headerBytes,
		ErrorLog:          slog.NewLogLogger(l.Handler(), slog.LevelDebug), // any stranger can cause these
	}
}
