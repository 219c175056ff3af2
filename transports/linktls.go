package transports

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"sync"

	"github.com/octolink/octolink/certs"
)

// ClientAuth says whether who connects must show a certificate.
type ClientAuth string

// What may be demanded.
const (
	NoClientCert      ClientAuth = ""        // nothing
	RequestClientCert ClientAuth = "request" // it may; a bad one is refused
	RequireClientCert ClientAuth = "require" // it must
)

// LinkTLS are the certificates of a link. They are read again when their files change.
type LinkTLS struct {
	// Certificate is what we show: always in wss-in, when we are asked in wss-out and https. Zero
	// means none.
	Certificate *certs.Reloader
	// Authorities may sign the peer's certificate. Zero means the system's, for servers; for who
	// connects there is no such thing.
	Authorities *certs.Authorities
	// ClientAuth is for wss-in. Zero means NoClientCert.
	ClientAuth ClientAuth
	// Subjects are those whose certificates are good: common names, or whole names as
	// "CN=crm,O=Example". Zero means all that the authorities signed.
	Subjects []string
}

// errSubject refuses a certificate that is good but not for this link.
var errSubject = errors.New("the certificate's subject is not listed")

// server is the configuration of wss-in.
func (t LinkTLS) server() *tls.Config {
	c := t.Certificate.TLS()
	if t.ClientAuth == NoClientCert {
		return c
	}
	c.ClientAuth = tls.VerifyClientCertIfGiven
	if t.ClientAuth == RequireClientCert {
		c.ClientAuth = tls.RequireAndVerifyClientCert
	}
	// A session that is taken up again would skip the authorities, which may have changed.
	c.SessionTicketsDisabled = true
	c.VerifyConnection = t.checkSubject
	each := c.Clone()
	c.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
		now := each.Clone()
		now.ClientCAs = t.Authorities.Pool()
		return now, nil
	}
	return c
}

func (t LinkTLS) checkSubject(cs tls.ConnectionState) error {
	if len(cs.PeerCertificates) == 0 || len(t.Subjects) == 0 {
		return nil
	}
	subject := cs.PeerCertificates[0].Subject
	if slices.Contains(t.Subjects, subject.CommonName) || slices.Contains(t.Subjects, subject.String()) {
		return nil
	}
	return fmt.Errorf("%w: %s", errSubject, subject)
}

// subjectOf is the name that a verified certificate proves; "" for none.
func subjectOf(cs *tls.ConnectionState) string {
	if cs == nil || len(cs.VerifiedChains) == 0 {
		return ""
	}
	subject := cs.PeerCertificates[0].Subject
	if subject.CommonName != "" {
		return subject.CommonName
	}
	return subject.String()
}

// client is the configuration of one connection that we make.
func (t LinkTLS) client(log *slog.Logger) *tls.Config {
	c := &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}}
	if t.Authorities != nil {
		if _, err := t.Authorities.Reload(); err != nil {
			log.Error("the old authorities stay in use", "err", err)
		}
		c.RootCAs = t.Authorities.Pool()
	}
	if t.Certificate != nil {
		if _, err := t.Certificate.Reload(); err != nil {
			log.Error("the old certificate stays in use", "err", err)
		}
		c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			return t.Certificate.Certificate(), nil
		}
	}
	return c
}

// watch reads the files of a listener again when they change, until the context ends.
func (t LinkTLS) watch(ctx context.Context, log *slog.Logger) {
	var both sync.WaitGroup
	if t.Certificate != nil {
		both.Go(func() { _ = t.Certificate.Run(ctx, log) }) // it ends with the context alone
	}
	if t.Authorities != nil {
		both.Go(func() { _ = t.Authorities.Run(ctx, log) }) // likewise
	}
	both.Wait()
}

// badCertificate says whether one of the two sides does not accept the other's certificate, or one
// of them speaks no TLS.
func badCertificate(err error) bool {
	var (
		verify *tls.CertificateVerificationError
		record tls.RecordHeaderError
		remote *net.OpError
		host   x509.HostnameError
	)
	switch {
	case errors.As(err, &verify), errors.As(err, &record), errors.As(err, &host):
		return true
	case errors.As(err, &remote):
		return remote.Op == "remote error" // an alert of the peer
	}
	return false
}
