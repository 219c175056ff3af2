package certs

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
)

// Authorities are the certificates that may sign a peer's, from a PEM file that is read again when
// it changes. Their methods may be called from any goroutine.
type Authorities struct {
	file    string
	current atomic.Pointer[x509.CertPool]

	mu   sync.Mutex
	seen stamp // of the file that was read last
}

// errNoCertificate says that a file of authorities has none.
var errNoCertificate = errors.New("no certificate in PEM form in it")

// LoadAuthorities reads them.
func LoadAuthorities(file string) (*Authorities, error) {
	a := &Authorities{file: file}
	if err := a.read(); err != nil {
		return nil, err
	}
	return a, nil
}

// Pool is the authorities of the moment.
func (a *Authorities) Pool() *x509.CertPool { return a.current.Load() }

// Reload reads the file again if it changed. After an error the old ones stay in use.
func (a *Authorities) Reload() (changed bool, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	seen, err := stampOf(a.file)
	if err != nil || seen == a.seen {
		return false, err
	}
	return true, a.read()
}

// Run reloads in time until the context ends. The log gets each change, and each mistake once.
func (a *Authorities) Run(ctx context.Context, log *slog.Logger) error {
	watch(ctx, log, a.Reload, func() { log.Info("authorities exchanged", "file", a.file) })
	return nil
}

// read takes the file as it is now. With mu held, or before a is shared.
func (a *Authorities) read() error {
	seen, err := stampOf(a.file)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(a.file)
	if err != nil {
		return fmt.Errorf("certs: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return fmt.Errorf("certs: %s: %w", a.file, errNoCertificate)
	}
	a.seen = seen
	a.current.Store(pool)
	return nil
}
