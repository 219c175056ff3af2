package certs_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/octolink/octolink/certs"
)

// signed says whether a pool's authorities signed a certificate.
func signed(pool *x509.CertPool, c tls.Certificate) bool {
	_, err := c.Leaf.Verify(x509.VerifyOptions{Roots: pool, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	return err == nil
}

func TestAuthoritiesAreReloadedWhenTheyChange(t *testing.T) {
	file := filepath.Join(t.TempDir(), "ca.pem")
	first, second := must[*certs.Authority](t)(certs.NewAuthority()), must[*certs.Authority](t)(certs.NewAuthority())
	ofFirst, ofSecond := must[tls.Certificate](t)(first.Issue("a")), must[tls.Certificate](t)(second.Issue("b"))
	keep := func(text []byte) {
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	keep(first.PEM())
	a := must[*certs.Authorities](t)(certs.LoadAuthorities(file))
	if !signed(a.Pool(), ofFirst) || signed(a.Pool(), ofSecond) {
		t.Error("not the authority of the file")
	}
	if changed := must[bool](t)(a.Reload()); changed {
		t.Error("changed without a change")
	}

	keep([]byte("half a file"))
	if _, err := a.Reload(); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("got %v, want an error with the file's name", err)
	}
	if !signed(a.Pool(), ofFirst) {
		t.Error("a broken file takes the authority away")
	}

	keep(append(first.PEM(), second.PEM()...))
	if changed := must[bool](t)(a.Reload()); !changed {
		t.Error("no change")
	}
	if !signed(a.Pool(), ofFirst) || !signed(a.Pool(), ofSecond) {
		t.Error("not both authorities of the file")
	}
}

func TestAuthoritiesReloadThemselves(t *testing.T) {
	file := filepath.Join(t.TempDir(), "ca.pem")
	first, second := must[*certs.Authority](t)(certs.NewAuthority()), must[*certs.Authority](t)(certs.NewAuthority())
	if err := os.WriteFile(file, first.PEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	a := must[*certs.Authorities](t)(certs.LoadAuthorities(file))
	if err := os.WriteFile(file, append(second.PEM(), '\n'), 0o600); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
		defer cancel()
		var log bytes.Buffer
		if err := a.Run(ctx, slog.New(slog.NewTextHandler(&log, nil))); err != nil {
			t.Error(err)
		}
		if got := strings.Count(log.String(), "authorities exchanged"); got != 1 {
			t.Errorf("logged %d times, want once: %s", got, &log)
		}
	})
}

func TestLoadAuthoritiesRefuses(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{empty, "/nowhere/ca.pem"} {
		if _, err := certs.LoadAuthorities(file); err == nil || !strings.Contains(err.Error(), file) {
			t.Errorf("%s: got %v", file, err)
		}
	}
}

func TestAuthorityIssuesForASubject(t *testing.T) {
	a := must[*certs.Authority](t)(certs.NewAuthority())
	until := time.Now().Add(-time.Minute)
	cert, key, err := a.WriteFor(t.TempDir(), certs.Subject{CommonName: "crm", Organization: "Example", Names: []string{"crm.example"}, Until: until})
	if err != nil {
		t.Fatal(err)
	}
	r := must[*certs.Reloader](t)(certs.Load(cert, key))
	leaf := r.Leaf()
	if got := leaf.Subject.String(); got != "CN=crm,O=Example" {
		t.Errorf("got %s", got)
	}
	if err := leaf.VerifyHostname("crm.example"); err != nil {
		t.Error(err)
	}
	if !leaf.NotAfter.Equal(until.UTC().Truncate(time.Second)) || signed(a.Pool(), *r.Certificate()) {
		t.Errorf("good until %v", leaf.NotAfter)
	}
}
