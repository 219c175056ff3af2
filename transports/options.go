package transports

import (
	"log/slog"
	"net/netip"
	"time"
)

// Options say how a ClientHandler treats its connections.
type Options struct {
	// Origins are the pages that may open a channel, as "https://crm.example:8443". "*" stands for
	// all. The server's own pages always may, and so may who sends no Origin: programs. Zero means
	// all.
	Origins []string
	// TrustedProxies are the addresses whose X-Forwarded-For is believed. Zero means none.
	TrustedProxies []netip.Prefix
	// PublicHTTP and PublicHTTPS are the ports that peers see, for Info.Local. Zero means the
	// listener's own.
	PublicHTTP, PublicHTTPS int
	// Goroutines serves each connection by a goroutine of its own, as is done for TLS and on systems
	// other than Linux. Zero means by event loops where that can be.
	Goroutines bool
	// Limits bound each connection.
	Limits Limits
	// Log gets a line for each refused peer. Zero means none.
	Log *slog.Logger
}

// Limits bound what one connection may take.
type Limits struct {
	Message      int           // bytes of one message. Zero means 1 MiB
	Write        int           // bytes that Write takes before they are sent. Zero means 64 KiB
	WriteTimeout time.Duration // for a write that makes no progress. Zero means 30 s
	CloseTimeout time.Duration // from Close to the end of the socket, whatever the peer does. Zero means 5 s
}

// withDefaults fills what is zero.
func (l Limits) withDefaults() Limits {
	if l.Message <= 0 {
		l.Message = 1 << 20
	}
	if l.Write <= 0 {
		l.Write = 64 << 10
	}
	if l.WriteTimeout <= 0 {
		l.WriteTimeout = 30 * time.Second
	}
	if l.CloseTimeout <= 0 {
		l.CloseTimeout = 5 * time.Second
	}
	return l
}

// logger returns l, or one that says nothing.
func logger(l *slog.Logger) *slog.Logger {
	if l == nil {
		return slog.New(slog.DiscardHandler)
	}
	return l
}
