package transports

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/octolink/octolink/protocol/wire"
)

// The six modes of a link to a CRM [P 2.1].
const (
	ModeHTTP   = "http"
	ModeHTTPS  = "https"
	ModeWSOut  = "ws-out"
	ModeWSSOut = "wss-out"
	ModeWSIn   = "ws-in"
	ModeWSSIn  = "wss-in"
)

// The schemes of authorization.
const (
	AuthNone   = "none"
	AuthBasic  = "basic"
	AuthDigest = "digest"
)

// Auth is the name and the password of a link: demanded from who connects, or given to whom we
// connect to when he demands them.
type Auth struct {
	Scheme          string // AuthNone, AuthBasic or AuthDigest. Zero means AuthNone.
	Login, Password string
	Preemptive      bool // Basic is sent before it is demanded
}

// none says that nothing is demanded or given.
func (a Auth) none() bool { return a.Scheme == "" || a.Scheme == AuthNone }

// LinkOptions say how to reach a CRM, or how it may reach us.
type LinkOptions struct {
	Name string
	Mode string // one of the six

	// Of ws-in and wss-in.

	Listen   string       // host:port
	Listener net.Listener // listened on instead of Listen. Zero means none.
	// Names are the host names that the listener answers to, beside IP literals and localhost.
	Names []string
	// Origins are the pages that may connect, as "https://crm.example". Servers send no Origin, so
	// zero means none; there is no "*".
	Origins []string
	// TrustedProxies are the addresses whose X-Forwarded-For is believed. Zero means none.
	TrustedProxies []netip.Prefix
	// Insecure allows a listener that others can reach and that demands nothing from them.
	Insecure bool
	// HasFormat serves peers that offer no subprotocol, in Format. Zero means that they are not
	// served [P 2.2].
	HasFormat bool
	// Failures say when answers to failed authorizations begin to come late.
	Failures FailureLimits
	// MaxConns bounds the connections. Zero means 1024.
	MaxConns int
	// Goroutines is as in Options.
	Goroutines bool

	// Of ws-out and wss-out.

	Address string          // host:port/path?query; without a port 80 or 443
	Backoff []time.Duration // between attempts, the last one for ever. Zero means 1, 2, 5, 10, 30 s.

	// Of http and https.

	URL       string
	MaxAnswer int // bytes of an answer. Zero means 16 MiB.

	// Of all or several modes.

	Format wire.Format
	Auth   Auth
	TLS    LinkTLS
	// Timeout is for a connection with its handshake. Zero means 30 s, and 10 s in ws-in and wss-in
	// where it is for a TLS handshake and again for the request.
	Timeout time.Duration
	// Drain is how long connections may stay after the link ended, so that the engine can close them
	// in its own way. Zero means 20 s.
	Drain  time.Duration
	Limits Limits
	// Log gets a line for each refused peer and each failed attempt. Zero means none.
	Log *slog.Logger
	// OnState is told how the link is, whenever that changes, one call at a time. It must not wait.
	// Zero means nobody.
	OnState func(LinkState)
}

// Mistakes in options.
var (
	errMode      = errors.New("no such mode here")
	errScheme    = errors.New("authorization is none, basic or digest")
	errNoLogin   = errors.New("authorization needs a login and a password")
	errLogin     = errors.New("a login has neither control characters nor, for basic, a colon")
	errInsecure  = errors.New("whoever reaches the address may pose as the CRM: demand authorization or a client certificate, or allow it with insecure")
	errNoCert    = errors.New("wss-in needs a certificate")
	errNoCA      = errors.New("client certificates need the authority that signs them")
	errBadURL    = errors.New("not an address of the mode's scheme")
	errUserInfo  = errors.New("login and password belong into the authorization, not into the address")
	errNoAddress = errors.New("an address is needed")
)

// Check finds what is wrong with the options, all of it.
func (o LinkOptions) Check() error {
	errs := []error{o.Auth.check()}
	switch o.Mode {
	case ModeWSIn, ModeWSSIn:
		errs = append(errs, o.checkListener())
	case ModeWSOut, ModeWSSOut, ModeHTTP, ModeHTTPS:
		_, err := o.target()
		errs = append(errs, err)
	default:
		errs = append(errs, fmt.Errorf("%w: %q", errMode, o.Mode))
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("transports: link %s: %w", o.Name, err)
	}
	return nil
}

// checkMode is Check for one of the constructors.
func (o LinkOptions) checkMode(modes ...string) error {
	if !slices.Contains(modes, o.Mode) {
		return fmt.Errorf("transports: link %s: %w: %q", o.Name, errMode, o.Mode)
	}
	return o.Check()
}

func (a Auth) check() error {
	switch a.Scheme {
	case "", AuthNone:
		return nil
	case AuthBasic, AuthDigest:
	default:
		return errScheme
	}
	if a.Login == "" || a.Password == "" {
		return errNoLogin
	}
	control := func(r rune) bool { return r < ' ' || r == 0x7f }
	if strings.ContainsFunc(a.Login+a.Password, control) || a.Scheme == AuthBasic && strings.Contains(a.Login, ":") {
		return errLogin
	}
	return nil
}

func (o LinkOptions) checkListener() error {
	if o.Listen == "" && o.Listener == nil {
		return errNoAddress
	}
	secure := o.Mode == ModeWSSIn
	if secure && o.TLS.Certificate == nil {
		return errNoCert
	}
	if o.TLS.ClientAuth != NoClientCert && o.TLS.Authorities == nil {
		return errNoCA
	}
	open := o.Auth.none() && !(secure && o.TLS.ClientAuth == RequireClientCert)
	if open && !o.Insecure && !loopback(o.listenAddress()) {
		return errInsecure
	}
	return nil
}

func (o LinkOptions) listenAddress() string {
	if o.Listener != nil {
		return o.Listener.Addr().String()
	}
	return o.Listen
}

// loopback says whether only this machine reaches an address.
func loopback(hostport string) bool {
	host := hostOf(hostport)
	if plainHost(host) == "localhost" {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.Unmap().IsLoopback()
}

// target is where we connect to.
func (o LinkOptions) target() (*url.URL, error) {
	text, schemes := o.URL, []string{o.Mode}
	if o.Mode == ModeWSOut || o.Mode == ModeWSSOut {
		schemes = []string{strings.TrimSuffix(o.Mode, "-out")}
		text = o.Address
		if text != "" && !strings.Contains(text, "://") {
			text = schemes[0] + "://" + text
		}
	}
	if text == "" {
		return nil, errNoAddress
	}
	u, err := url.Parse(text)
	switch {
	case err != nil, !slices.Contains(schemes, u.Scheme), u.Hostname() == "":
		// The error of url.Parse would repeat the text, which may hold a password.
		return nil, errBadURL
	case u.User != nil:
		return nil, errUserInfo
	}
	if u.Path == "" {
		u.Path = "/"
	}
	u.Fragment = ""
	return u, nil
}

func (o LinkOptions) withDefaults() LinkOptions {
	o.Limits = o.Limits.withDefaults()
	o.Log = logger(o.Log).With("link", o.Name)
	timeout := 30 * time.Second
	if o.Mode == ModeWSIn || o.Mode == ModeWSSIn {
		timeout = 10 * time.Second
	}
	o.Timeout = either(o.Timeout, timeout)
	o.Drain = either(o.Drain, 20*time.Second)
	o.MaxConns = either(o.MaxConns, 1024)
	o.MaxAnswer = either(o.MaxAnswer, 16<<20)
	return o
}
