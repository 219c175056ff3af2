package certs

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const (
	// ownFile holds the certificate that we made and its key.
	ownFile = "server.pem"
	// ownLife is how long a certificate of our own is good. Browsers refuse longer ones.
	ownLife = 365 * 24 * time.Hour
	// renewBefore is how long before its end it is made anew.
	renewBefore = 30 * 24 * time.Hour
	// clockSkew is how far a peer's clock may be behind.
	clockSkew = time.Hour
)

// LoadOrMake reads the server's own certificate from DIR/server.pem or makes it: ECDSA P-256, for
// localhost, the loopback addresses, the machine's host name and names, good for a year. It is made
// anew when it ends, does not cover a name, or cannot be read as one. The folder is only ours
// (0700), the file too (0600).
func LoadOrMake(dir string, names []string) (*Reloader, error) {
	return loadOrMake(dir, names, time.Now)
}

func loadOrMake(dir string, names []string, now func() time.Time) (*Reloader, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("certs: %w", err)
	}
	file := filepath.Join(dir, ownFile)
	r := &Reloader{cert: file, key: file, names: ownNames(names), own: true, now: now}
	err := r.read()
	var unreadable *fs.PathError
	switch {
	case err == nil && !r.due(r.Leaf()):
		return r, hide(file)
	case errors.As(err, &unreadable) && !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	if err := r.renew(); err != nil {
		return nil, err
	}
	return r, nil
}

// hide takes a file from other accounts, should somebody have copied it here with less care.
func hide(file string) error {
	if err := os.Chmod(file, 0o600); err != nil {
		return fmt.Errorf("certs: %w", err)
	}
	return nil
}

// ownNames are the subjects of our own certificate.
func ownNames(names []string) []string {
	all := []string{"localhost", "127.0.0.1", "::1"}
	if host, err := os.Hostname(); err == nil && plainName(host) {
		all = append(all, host)
	}
	for _, n := range names {
		if !slices.Contains(all, n) {
			all = append(all, n)
		}
	}
	return all
}

// plainName says whether a certificate can carry a machine's name.
func plainName(host string) bool {
	return host != "" && strings.Trim(strings.ToLower(host), "abcdefghijklmnopqrstuvwxyz0123456789-.") == ""
}

// due says whether our own certificate must be made anew.
func (r *Reloader) due(leaf *x509.Certificate) bool {
	if r.now().After(leaf.NotAfter.Add(-renewBefore)) {
		return true
	}
	return slices.ContainsFunc(r.names, func(n string) bool { return !names(leaf, n) })
}

// names says whether a certificate is made for a host name or address.
func names(leaf *x509.Certificate, name string) bool {
	if ip := net.ParseIP(name); ip != nil {
		return slices.ContainsFunc(leaf.IPAddresses, ip.Equal)
	}
	return slices.Contains(leaf.DNSNames, name)
}

// renew makes our own certificate and puts it into its file in one step.
func (r *Reloader) renew() error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return fmt.Errorf("certs: %w", err)
	}
	t, err := template(r.now(), r.names)
	if err != nil {
		return err
	}
	der, err := x509.CreateCertificate(rand.Reader, t, t, key.Public(), key)
	if err != nil {
		return fmt.Errorf("certs: %w", err)
	}
	text, err := encode(der, key)
	if err != nil {
		return err
	}
	if err := replace(r.cert, text); err != nil {
		return err
	}
	return r.read()
}

// template is what all certificates that we make have in common.
func template(now time.Time, names []string) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, fmt.Errorf("certs: %w", err)
	}
	t := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: "octolink"},
		NotBefore:             now.Add(-clockSkew),
		NotAfter:              now.Add(ownLife),
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
	}
	for _, n := range names {
		if ip := net.ParseIP(n); ip != nil {
			t.IPAddresses = append(t.IPAddresses, ip)
		} else {
			t.DNSNames = append(t.DNSNames, n)
		}
	}
	return t, nil
}

// encode writes a certificate and its key as PEM.
func encode(der []byte, key *ecdsa.PrivateKey) ([]byte, error) {
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("certs: %w", err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return append(text, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})...), nil
}

// replace writes a file that only we may read, whole or not at all.
func replace(name string, text []byte) error {
	f, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".*") // 0600
	if err != nil {
		return fmt.Errorf("certs: %w", err)
	}
	_, err = f.Write(text)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		_ = os.Remove(f.Name()) // the first error counts
		return fmt.Errorf("certs: %w", err)
	}
	return nil
}
