package crmsim

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/octolink/octolink/protocol/wire"
)

// Mode is how the two are connected [P 2.1]; the words are those of octolink's configuration.
type Mode string

// The modes. Who is "out" and "in" is seen from octolink.
const (
	HTTP   Mode = "http"    // octolink posts
	HTTPS  Mode = "https"   // the same with TLS
	WSOut  Mode = "ws-out"  // octolink connects, the CRM listens
	WSSOut Mode = "wss-out" // the same with TLS
	WSIn   Mode = "ws-in"   // the CRM connects, octolink listens
	WSSIn  Mode = "wss-in"  // the same with TLS
)

// Modes are all modes.
func Modes() []Mode { return []Mode{HTTP, HTTPS, WSOut, WSSOut, WSIn, WSSIn} }

func (m Mode) dials() bool  { return m == WSIn || m == WSSIn }
func (m Mode) posted() bool { return m == HTTP || m == HTTPS }
func (m Mode) secure() bool { return m == HTTPS || m == WSSOut || m == WSSIn }

// Handshake is how the CRM answers octolink's handshake when it listens for WebSockets.
type Handshake string

// The manners of CRM servers of the field [P 0.4].
const (
	// Echo confirms the subprotocol, as it should be.
	Echo Handshake = "echo"
	// FirstGeneration says nothing about the subprotocol and sends its first frame together with the
	// answer.
	FirstGeneration Handshake = "first-generation"
	// SecondGeneration answers an offered subprotocol with 426; without one it behaves like the first.
	SecondGeneration Handshake = "second-generation"
)

// Scheme is a kind of HTTP authorization.
type Scheme string

// The schemes.
const (
	NoAuth Scheme = "none"
	Basic  Scheme = "basic"
	Digest Scheme = "digest"
)

// Auth is demanded of octolink where the CRM listens, and answered where it dials.
type Auth struct {
	Scheme          Scheme // Zero means none
	Login, Password string
	SHA256          bool // demand a digest with SHA-256 instead of MD5
	Preemptive      bool // where the CRM dials with basic: without being asked
}

// A User works in the CRM and reaches octolink through it.
type User struct {
	Login string
	ID    string // GUID. Zero means that octolink finds him by login
	// PasswordMD5 is the hash that a login carries [P 5.2]. Zero means none: octolink trusts the link.
	PasswordMD5 string
	Type        string // kind of his program. Zero means "crmsim-client"
	// Enters makes the CRM log him in as soon as octolink is introduced, again after each
	// reconnect if his login needs a password.
	Enters bool
}

// Options say what CRM to be. The zero value is a CRM of the demo script that listens for a
// WebSocket on a free port of this machine.
type Options struct {
	Mode   Mode   // Zero means WSOut
	Listen string // where it listens, host:port. Zero means 127.0.0.1:0
	URL    string // where it dials: ws://HOST:PORT/PATH or wss://
	Path   string // where it listens, other paths are 404. Zero means all are good

	Format      wire.Format // of WebSocket frames when the handshake does not decide. HTTP names its format itself
	Subprotocol string      // where it dials: what is offered. Zero means the format's name; "-" offers none
	Handshake   Handshake   // Zero means Echo
	Origin      string      // where it dials: an Origin header, as a browser sends it. Zero means none
	TLS         *tls.Config // its certificate where it listens; whom it believes where it dials
	Auth        Auth

	Script *Script // Zero means DemoScript
	Users  []User
	// Deliver are the kinds of confirmed delivery that it asks for after each introduction:
	// "callrecord", "notification". Zero means that it does not ask.
	Deliver []string
	Since   int64 // it has everything up to this number; later subscriptions go on from what it confirmed. Negative means from now on

	Name, Version, Type string        // of its introduction. Zero means "crmsim", "1.0", "ws-server"
	Multipart           int           // it splits messages above so many bytes. Zero means 2048; negative never
	Message             int           // it reads messages up to so many bytes. Zero means 16 MiB
	Retry               time.Duration // before the second dial, doubled up to 30 s. Zero means 1 s
	Timeout             time.Duration // for a reply to its requests. Zero means 20 s
	Keep                int           // how many received messages are kept, the latest. Zero means 10000

	Faults []Fault      // from the first moment
	Log    *slog.Logger // Zero means none
	Trace  func(Frame)  // called with each frame, by one goroutine at a time. Zero means none
}

func (o Options) withDefaults() Options {
	o.Mode = either(o.Mode, WSOut)
	o.Listen = either(o.Listen, "127.0.0.1:0")
	o.Handshake = either(o.Handshake, Echo)
	o.Auth.Scheme = either(o.Auth.Scheme, NoAuth)
	o.Name, o.Version, o.Type = either(o.Name, "crmsim"), either(o.Version, "1.0"), either(o.Type, "ws-server")
	o.Subprotocol = either(o.Subprotocol, o.Format.String())
	o.Multipart = either(o.Multipart, 2048)
	o.Message = either(o.Message, 16<<20)
	o.Retry = either(o.Retry, time.Second)
	o.Timeout = either(o.Timeout, 20*time.Second)
	o.Keep = either(o.Keep, 10_000)
	if o.Script == nil {
		o.Script = DemoScript()
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

// either is v, or what zero stands for.
func either[T comparable](v, zero T) T {
	var none T
	if v == none {
		return zero
	}
	return v
}

// Check says what is wrong with the options, all of it. Run does the same.
func (o Options) Check() error { return o.withDefaults().check() }

func (o Options) check() error {
	var wrong []error
	bad := func(format string, args ...any) { wrong = append(wrong, fmt.Errorf("crmsim: "+format, args...)) }
	switch {
	case !slices.Contains(Modes(), o.Mode):
		bad("no mode %q: want one of %v", o.Mode, Modes())
	case o.Mode.dials() && !strings.HasPrefix(o.URL, o.scheme()+"://"):
		bad("mode %s dials: it needs an address %s://HOST:PORT/, not %q", o.Mode, o.scheme(), o.URL)
	case !o.Mode.dials() && o.URL != "":
		bad("mode %s listens: it has no use for the address %s", o.Mode, o.URL)
	case !o.Mode.dials() && o.Mode.secure() && o.TLS == nil:
		bad("mode %s needs a certificate", o.Mode)
	}
	if !slices.Contains([]Handshake{Echo, FirstGeneration, SecondGeneration}, o.Handshake) {
		bad("no handshake %q: want %s, %s or %s", o.Handshake, Echo, FirstGeneration, SecondGeneration)
	}
	if !slices.Contains([]Scheme{NoAuth, Basic, Digest}, o.Auth.Scheme) {
		bad("no authorization %q: want %s, %s or %s", o.Auth.Scheme, NoAuth, Basic, Digest)
	}
	for _, f := range o.Faults {
		if err := f.check(o.Mode); err != nil {
			wrong = append(wrong, err)
		}
	}
	return errors.Join(wrong...)
}

func (o Options) scheme() string {
	if o.Mode.secure() {
		return "wss"
	}
	return "ws"
}
