package certs

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// lookEvery is how often Run looks whether the files changed or the certificate ends.
const lookEvery = time.Minute

// A Reloader holds the certificate that a server shows. Its methods may be called from any
// goroutine.
type Reloader struct {
	cert, key string   // files; the same one may hold both
	names     []string // of a certificate that we make ourselves
	own       bool     // we make it ourselves
	now       func() time.Time

	current atomic.Pointer[tls.Certificate]

	mu   sync.Mutex
	seen [2]stamp // of the files that were read last
}

// A stamp tells one state of a file from another.
type stamp struct {
	size    int64
	changed time.Time
}

// Load reads a certificate chain and its key from PEM files.
func Load(cert, key string) (*Reloader, error) {
	r := &Reloader{cert: cert, key: key, now: time.Now}
	if err := r.read(); err != nil {
		return nil, err
	}
	return r, nil
}

// TLS is a server's configuration with the certificate of the moment: TLS 1.2 or newer with Go's
// choice of ciphers, session tickets for quick returns, HTTP/1.1.
func (r *Reloader) TLS() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		NextProtos: []string{"http/1.1"},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			return r.current.Load(), nil
		},
	}
}

// Certificate is the certificate of the moment with its key.
func (r *Reloader) Certificate() *tls.Certificate { return r.current.Load() }

// Leaf is the certificate of the moment.
func (r *Reloader) Leaf() *x509.Certificate { return r.current.Load().Leaf }

// Fingerprint is the SHA-256 of the certificate of the moment, as browsers show it: pairs of
// upper-case hexadecimal digits with colons between them.
func (r *Reloader) Fingerprint() string {
	sum := sha256.Sum256(r.Leaf().Raw)
	pairs := make([]string, len(sum))
	for i, b := range sum {
		pairs[i] = strings.ToUpper(hex.EncodeToString([]byte{b}))
	}
	return strings.Join(pairs, ":")
}

// Own says whether we made the certificate ourselves, so that browsers do not trust it.
func (r *Reloader) Own() bool { return r.own }

// Reload reads the files again if they changed, and makes a new certificate of our own when its
// time has come. After an error the old one stays in use.
func (r *Reloader) Reload() (changed bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.own && r.due(r.Leaf()) {
		return true, r.renew()
	}
	seen, err := r.stamps()
	if err != nil || seen == r.seen {
		return false, err
	}
	return true, r.read()
}

// Run reloads in time until the context ends. The log gets each change, and each mistake once.
func (r *Reloader) Run(ctx context.Context, log *slog.Logger) error {
	watch(ctx, log, r.Reload, func() {
		log.Info("certificate exchanged", "fingerprint", r.Fingerprint(), "until", r.Leaf().NotAfter)
	})
	return nil
}

// watch calls reload from time to time until the context ends.
func watch(ctx context.Context, log *slog.Logger, reload func() (bool, error), exchanged func()) {
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	said := ""
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		changed, err := reload()
		switch {
		case err != nil && err.Error() != said:
			said = err.Error()
			log.Error("the old certificate stays in use", "err", err)
		case err == nil && changed:
			said = ""
			exchanged()
		}
	}
}

// read takes the files as they are now. With mu held, or before r is shared.
func (r *Reloader) read() error {
	seen, err := r.stamps()
	if err != nil {
		return err
	}
	pair, err := tls.LoadX509KeyPair(r.cert, r.key)
	if err != nil {
		return fmt.Errorf("certs: %s, %s: %w", r.cert, r.key, err)
	}
	r.seen = seen
	r.current.Store(&pair)
	return nil
}

func (r *Reloader) stamps() (s [2]stamp, err error) {
	for i, name := range []string{r.cert, r.key} {
		if s[i], err = stampOf(name); err != nil {
			return s, err
		}
	}
	return s, nil
}

func stampOf(name string) (stamp, error) {
	info, err := os.Stat(name)
	if err != nil {
		return stamp{}, fmt.Errorf("certs: %w", err)
	}
	return stamp{info.Size(), info.ModTime()}, nil
}
