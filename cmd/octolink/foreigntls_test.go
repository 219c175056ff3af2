package main

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/octolink/octolink/web"
)

// sclient runs openssl s_client against an address until the server or the end of its input ends it.
func sclient(t *testing.T, address string, args ...string) (out string, ok bool) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "openssl", append([]string{"s_client", "-connect", address, "-showcerts"}, args...)...)
	text, err := cmd.CombinedOutput()
	return string(text), err == nil
}

// served is the server's certificate in what s_client printed.
func served(t *testing.T, out string) *x509.Certificate {
	t.Helper()
	return leaf(t, []byte(out))
}

// leaf is the first certificate of a text in PEM.
func leaf(t *testing.T, text []byte) *x509.Certificate {
	t.Helper()
	for {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			t.Fatal("no certificate")
		}
		if block.Type != "CERTIFICATE" {
			continue
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
}

func TestOpenSSLSeesTheCertificates(t *testing.T) {
	needs(t, "openssl")
	dir := t.TempDir()
	files := newForeignFiles(t, dir)
	s := start(t, dir, people+files.names.Replace(`
links:
  - {name: own, mode: wss-in, listen: "127.0.0.1:0"}
  - {name: given, mode: wss-in, listen: "127.0.0.1:0", tls: {cert: $CERT, key: $CERT}}
`))
	data := filepath.Join(dir, "data", "certs")
	for _, tt := range []struct{ name, address, cert, ca string }{
		{"clients", s.address("listen.https"), filepath.Join(data, "server.pem"), filepath.Join(data, "server.pem")},
		{"own", s.until("own", web.LinkListening).Address, filepath.Join(data, "link-own", "server.pem"), filepath.Join(data, "link-own", "server.pem")},
		{"given", s.until("given", web.LinkListening).Address, files.names.Replace("$CERT"), files.names.Replace("$CA")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			want, err := os.ReadFile(tt.cert)
			if err != nil {
				t.Fatal(err)
			}
			for _, version := range []string{"-tls1_2", "-tls1_3"} {
				out, ok := sclient(t, tt.address, version, "-CAfile", tt.ca, "-verify_return_error", "-verify_ip", "127.0.0.1")
				if !ok || !strings.Contains(out, "Verify return code: 0 (ok)") {
					t.Errorf("%s: got\n%s", version, out)
				} else if !served(t, out).Equal(leaf(t, want)) {
					t.Errorf("%s: another certificate is served than that in %s", version, tt.cert)
				}
			}
			for _, version := range []string{"-tls1", "-tls1_1"} {
				// At a lower level of security it really offers the old version; by itself it would not.
				out, ok := sclient(t, tt.address, version, "-cipher", "ALL:@SECLEVEL=0")
				if ok || !strings.Contains(out, "alert protocol version") {
					t.Errorf("%s: got\n%s", version, out)
				}
			}
		})
	}
}

func TestOpenSSLIsAskedForACertificate(t *testing.T) {
	needs(t, "openssl")
	dir := t.TempDir()
	files := newForeignFiles(t, dir)
	stranger := newForeignFiles(t, t.TempDir())
	s := start(t, dir, people+files.names.Replace(`
links:
  - {name: crm, mode: wss-in, listen: "127.0.0.1:0", tls: {client_auth: require, ca: $CA}}
  - {name: named, mode: wss-in, listen: "127.0.0.1:0", tls: {client_auth: require, ca: $CA, subjects: [somebody else]}}
`))
	// The answer of TLS 1.3 to a certificate comes after the handshake: s_client stays to read it.
	input := "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
	for _, tt := range []struct{ name, link, cert, want string }{
		{"none", "crm", "", "alert certificate required"},
		{"a stranger's", "crm", stranger.names.Replace("$CERT"), "alert (unknown ca|bad certificate|certificate unknown)"},
		{"not on the list", "named", files.names.Replace("$CERT"), "alert (bad certificate|certificate unknown|access denied)"},
		{"right", "crm", files.names.Replace("$CERT"), "HTTP/1.1 4"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			args := []string{"s_client", "-connect", s.until(tt.link, web.LinkListening).Address, "-ign_eof", "-tls1_3"}
			if tt.cert != "" {
				args = append(args, "-cert", tt.cert, "-key", tt.cert)
			}
			cmd := exec.CommandContext(t.Context(), "openssl", args...)
			cmd.Stdin = strings.NewReader(input)
			out, _ := cmd.CombinedOutput() // a refusal is an error for it
			if !matches(tt.want, out) {
				t.Errorf("got\n%s\nwant %s", out, tt.want)
			}
			if !bytes.Contains(out, []byte("Acceptable client certificate CA names")) || !bytes.Contains(out, []byte("octolink test authority")) {
				t.Errorf("it is not said whose certificates are believed:\n%s", out)
			}
		})
	}
	if got := s.link("crm").Refused["TLS handshake"]; got != 2 {
		t.Errorf("got %d refused, want 2", got)
	}
}

// A certificate is exchanged under a server that goes on.
func TestOpenSSLSeesANewCertificate(t *testing.T) {
	needs(t, "openssl")
	dir := t.TempDir()
	files := newForeignFiles(t, dir)
	s := start(t, dir, people+files.names.Replace(`
links: [{name: crm, mode: wss-in, listen: "127.0.0.1:0", tls: {cert: $CERT, key: $CERT}}]
`))
	address := s.until("crm", web.LinkListening).Address
	look := func() *x509.Certificate {
		out, ok := sclient(t, address, files.args("-CAfile $CA -verify_return_error")...)
		if !ok {
			t.Fatalf("got\n%s", out)
		}
		return served(t, out)
	}
	before := look()
	cert, _, err := files.authority.Write(dir, "127.0.0.1", "phones.example")
	if err != nil {
		t.Fatal(err)
	}
	if out, errs, code := s.cli("", "reload"); code != exitOK || out != "certificates of link crm read again\n" {
		t.Fatalf("reload: got %d %q %s", code, out, errs)
	}
	text, err := os.ReadFile(cert)
	if err != nil {
		t.Fatal(err)
	}
	if after := look(); after.Equal(before) || !after.Equal(leaf(t, text)) {
		t.Errorf("got certificate %s for %v", after.SerialNumber, after.DNSNames)
	}
	writeFile(t, cert, []byte("nonsense"))
	if _, _, code := s.cli("", "reload"); code == exitOK {
		t.Error("a reload takes nonsense for a certificate")
	}
	if after := look(); !after.Equal(leaf(t, text)) {
		t.Errorf("nonsense in the file: got certificate %s", fmt.Sprint(after.SerialNumber))
	}
}
