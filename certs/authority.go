package certs

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"path/filepath"
	"time"
)

// An Authority issues certificates for tests and trials. It lives in memory only.
type Authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// NewAuthority makes one, good for a year.
func NewAuthority() (*Authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("certs: %w", err)
	}
	t, err := template(time.Now(), nil)
	if err != nil {
		return nil, err
	}
	t.Subject.CommonName = "octolink test authority"
	t.IsCA, t.KeyUsage, t.ExtKeyUsage = true, x509.KeyUsageCertSign, nil
	der, err := x509.CreateCertificate(rand.Reader, t, t, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("certs: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("certs: %w", err)
	}
	return &Authority{cert, key}, nil
}

// Pool is what a peer trusts that believes in the authority.
func (a *Authority) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

// PEM is the authority's certificate as peers keep it in a file.
func (a *Authority) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw})
}

// Issue makes a certificate for a server or a client with host names and addresses.
func (a *Authority) Issue(names ...string) (tls.Certificate, error) {
	text, err := a.issue(Subject{Names: names})
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.X509KeyPair(text, text)
}

// Write issues a certificate into DIR/cert.pem and its key into DIR/key.pem.
func (a *Authority) Write(dir string, names ...string) (cert, key string, err error) {
	return a.WriteFor(dir, Subject{Names: names})
}

// A Subject says for whom and for how long a certificate is issued.
type Subject struct {
	CommonName   string   // Zero means octolink.
	Organization string   // Zero means none.
	Names        []string // host names and addresses
	// Until is when it ends; it may have ended. Zero means in a year.
	Until time.Time
}

// WriteFor issues a certificate as Write does.
func (a *Authority) WriteFor(dir string, s Subject) (cert, key string, err error) {
	text, err := a.issue(s)
	if err != nil {
		return "", "", err
	}
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	// Each file holds both: whoever reads one takes what it needs.
	if err := replace(key, text); err != nil {
		return "", "", err
	}
	return cert, key, replace(cert, text)
}

func (a *Authority) issue(s Subject) ([]byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("certs: %w", err)
	}
	t, err := template(time.Now(), s.Names)
	if err != nil {
		return nil, err
	}
	if s.CommonName != "" {
		t.Subject.CommonName = s.CommonName
	}
	if s.Organization != "" {
		t.Subject.Organization = []string{s.Organization}
	}
	if !s.Until.IsZero() {
		t.NotAfter = s.Until
		t.NotBefore = s.Until.Add(-ownLife)
	}
	t.ExtKeyUsage = append(t.ExtKeyUsage, x509.ExtKeyUsageClientAuth)
	der, err := x509.CreateCertificate(rand.Reader, t, a.cert, key.Public(), a.key)
	if err != nil {
		return nil, fmt.Errorf("certs: %w", err)
	}
	return encode(der, key)
}
