package certs_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/octolink/octolink/certs"
)

func must[T any](t *testing.T) func(v T, err error) T {
	t.Helper()
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func TestOwnCertificateIsMadeOnceAndKept(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "certs")
	first := must[*certs.Reloader](t)(certs.LoadOrMake(dir, []string{"pbx.example"}))
	for _, name := range []string{"localhost", "127.0.0.1", "::1", "pbx.example"} {
		if err := first.Leaf().VerifyHostname(name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if !first.Own() {
		t.Error("not known as our own")
	}
	if !regexp.MustCompile(`^([0-9A-F]{2}:){31}[0-9A-F]{2}$`).MatchString(first.Fingerprint()) {
		t.Errorf("fingerprint %q", first.Fingerprint())
	}
	again := must[*certs.Reloader](t)(certs.LoadOrMake(dir, []string{"pbx.example"}))
	if got, want := again.Fingerprint(), first.Fingerprint(); got != want {
		t.Errorf("made again: got %s, want %s", got, want)
	}
}

func TestOwnCertificateIsOnlyOurs(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "certs")
	must[*certs.Reloader](t)(certs.LoadOrMake(dir, nil))
	file := filepath.Join(dir, "server.pem")
	if err := os.Chmod(file, 0o644); err != nil {
		t.Fatal(err)
	}
	must[*certs.Reloader](t)(certs.LoadOrMake(dir, nil))
	for name, want := range map[string]os.FileMode{dir: 0o700, file: 0o600} {
		info := must[os.FileInfo](t)(os.Stat(name))
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
	}
	entries := must[[]os.DirEntry](t)(os.ReadDir(dir))
	if len(entries) != 1 {
		t.Errorf("got %d files, want the certificate alone", len(entries))
	}
}

func TestOwnCertificateIsMadeAnew(t *testing.T) {
	tests := []struct {
		name  string
		spoil func(t *testing.T, file string)
		names []string
	}{
		{name: "for a new name", names: []string{"new.example"}},
		{name: "for a wildcard", names: []string{"*.example"}},
		{name: "when the file is damaged", spoil: func(t *testing.T, file string) {
			if err := os.Truncate(file, 100); err != nil {
				t.Fatal(err)
			}
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			first := must[*certs.Reloader](t)(certs.LoadOrMake(dir, nil))
			if tt.spoil != nil {
				tt.spoil(t, filepath.Join(dir, "server.pem"))
			}
			second := must[*certs.Reloader](t)(certs.LoadOrMake(dir, tt.names))
			if first.Fingerprint() == second.Fingerprint() {
				t.Error("still the old one")
			}
			third := must[*certs.Reloader](t)(certs.LoadOrMake(dir, tt.names))
			if third.Fingerprint() != second.Fingerprint() {
				t.Error("made again without a reason")
			}
		})
	}
}

func TestOwnCertificateRenewsItself(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		r := must[*certs.Reloader](t)(certs.LoadOrMake(dir, nil))
		first := r.Leaf()
		wait := func(until time.Time) {
			<-time.After(time.Until(until))
			synctest.Wait()
		}
		wait(first.NotAfter.AddDate(0, 0, -32))
		ctx, cancel := context.WithCancel(t.Context())
		var log bytes.Buffer
		done := make(chan error)
		go func() { done <- r.Run(ctx, slog.New(slog.NewTextHandler(&log, nil))) }()
		wait(first.NotAfter.AddDate(0, 0, -31))
		if !r.Leaf().Equal(first) {
			t.Error("renewed too early")
		}
		wait(first.NotAfter.AddDate(0, 0, -29))
		if r.Leaf().Equal(first) {
			t.Error("not renewed in time")
		}
		if left := time.Until(r.Leaf().NotAfter); left < 360*24*time.Hour {
			t.Errorf("the new one is good for %v", left)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if got := strings.Count(log.String(), "certificate exchanged"); got != 1 {
			t.Errorf("logged %d times, want once: %s", got, &log)
		}
	})
}

func TestFilesAreReloadedWhenTheyChange(t *testing.T) {
	dir := t.TempDir()
	authority := must[*certs.Authority](t)(certs.NewAuthority())
	cert, key, err := authority.Write(dir, "localhost")
	if err != nil {
		t.Fatal(err)
	}
	r := must[*certs.Reloader](t)(certs.Load(cert, key))
	first := r.Fingerprint()
	if changed := must[bool](t)(r.Reload()); changed {
		t.Error("changed without a change")
	}

	// A half-written file must not take the server down.
	good := must[[]byte](t)(os.ReadFile(cert))
	if err := os.WriteFile(cert, good[:50], 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Reload(); err == nil {
		t.Error("a broken file is accepted")
	}
	if got := r.Fingerprint(); got != first {
		t.Errorf("got %s, want the old certificate", got)
	}

	if _, _, err := authority.Write(dir, "localhost"); err != nil {
		t.Fatal(err)
	}
	// Two writes within one tick of the file system's clock are told apart by their times only.
	later := time.Now().Add(time.Second)
	if err := os.Chtimes(key, later, later); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Reload(); err != nil {
		t.Fatal(err)
	}
	if got := r.Fingerprint(); got == first {
		t.Error("still the old certificate")
	}
}

func TestLoadNamesTheFileThatIsMissing(t *testing.T) {
	_, err := certs.Load("/nowhere/cert.pem", "/nowhere/key.pem")
	if err == nil || !strings.Contains(err.Error(), "/nowhere/cert.pem") {
		t.Errorf("got %v", err)
	}
}

// handshake connects to a server with the reloader's certificate and returns what the client saw.
func handshake(t *testing.T, server, client *tls.Config) (tls.ConnectionState, error) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }() // the test is done with it
	done := make(chan struct{})
	go func() {
		defer close(done)
		c, err := l.Accept()
		if err != nil {
			return
		}
		s := tls.Server(c, server)
		_, _ = s.Write([]byte("x")) // the client judges
		_ = s.Close()
	}()
	c, err := tls.Dial("tcp", l.Addr().String(), client)
	if err != nil {
		<-done
		return tls.ConnectionState{}, err
	}
	_, err = c.Read(make([]byte, 1)) // a TLS 1.3 ticket comes with the first data
	state := c.ConnectionState()
	_ = c.Close() // it has done its duty
	<-done
	return state, err
}

func TestServerConfiguration(t *testing.T) {
	authority := must[*certs.Authority](t)(certs.NewAuthority())
	cert, key, err := authority.Write(t.TempDir(), "localhost", "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	server := must[*certs.Reloader](t)(certs.Load(cert, key)).TLS()
	client := &tls.Config{
		RootCAs:            authority.Pool(),
		ClientSessionCache: tls.NewLRUClientSessionCache(1),
		MinVersion:         tls.VersionTLS12,
	}
	for i, resumed := range []bool{false, true} {
		state, err := handshake(t, server, client)
		if err != nil {
			t.Fatal(err)
		}
		if state.DidResume != resumed {
			t.Errorf("connection %d: resumed %v, want %v", i, state.DidResume, resumed)
		}
	}

	old := &tls.Config{RootCAs: authority.Pool(), MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}
	if _, err := handshake(t, server, old); err == nil {
		t.Error("TLS 1.1 is accepted")
	}
	stranger := &tls.Config{MinVersion: tls.VersionTLS12}
	if _, err := handshake(t, server, stranger); err == nil {
		t.Error("a client without the authority accepts the certificate")
	}
}
