package crmsim_test

import (
	"crypto/tls"
	"errors"
	"os/exec"
	"strings"
	"testing"

	"github.com/octolink/octolink/crmsim"
	"github.com/octolink/octolink/protocol/wire"
	"github.com/octolink/octolink/transports"
)

func statusOf(err error) int {
	var refused *transports.HandshakeError
	if errors.As(err, &refused) {
		return refused.Status
	}
	return 0
}

var secret = crmsim.Auth{Login: "octo", Password: `p:a"ss`}

func scheme(s crmsim.Scheme) crmsim.Auth {
	a := secret
	a.Scheme = s
	return a
}

// Two CRMs on one link: the one that listens demands, the one that dials answers. Neither is a
// telephone system, so they only introduce themselves and fall silent.
func TestAuthorization(t *testing.T) {
	sha := scheme(crmsim.Digest)
	sha.SHA256 = true
	wrong := scheme(crmsim.Digest)
	wrong.Password = "guess"
	for _, test := range []struct {
		name           string
		demand, answer crmsim.Auth
		welcome        bool
	}{
		{"none", crmsim.Auth{}, crmsim.Auth{}, true},
		{"basic", scheme(crmsim.Basic), scheme(crmsim.Basic), true},
		{"digest", scheme(crmsim.Digest), scheme(crmsim.Digest), true},
		{"digest with SHA-256", sha, scheme(crmsim.Digest), true},
		{"wrong password", scheme(crmsim.Digest), wrong, false},
		{"basic for digest", scheme(crmsim.Digest), scheme(crmsim.Basic), false},
		{"digest for basic", scheme(crmsim.Basic), scheme(crmsim.Digest), false},
		{"nothing", scheme(crmsim.Basic), crmsim.Auth{}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			there := start(t, crmsim.Options{Auth: test.demand})
			here := start(t, crmsim.Options{Mode: crmsim.WSIn, URL: "ws://" + there.Addr() + "/crm?x=1", Auth: test.answer})
			if !test.welcome {
				until(t, there, "a refusal", func() bool { return there.Stats().Denied > 0 })
				if n := there.Stats().Connections; n != 0 {
					t.Errorf("%d connections", n)
				}
				return
			}
			until(t, here, "both introductions", func() bool { return len(here.Named("whoareyou")) == 1 && len(here.Named("iam")) == 1 })
			if here.Stats().Ready || there.Stats().Ready {
				t.Error("a CRM was taken for a telephone system")
			}
		})
	}
}

func TestPreemptiveBasic(t *testing.T) {
	a := scheme(crmsim.Basic)
	a.Preemptive = true
	there := start(t, crmsim.Options{Auth: a})
	start(t, crmsim.Options{Mode: crmsim.WSIn, URL: "ws://" + there.Addr() + "/", Auth: a})
	until(t, there, "the link", func() bool { return there.Stats().Links == 1 })
	if n := there.Stats().Denied; n != 0 {
		t.Errorf("%d challenges", n)
	}
}

// curl is a client that is not ours.
func TestCurl(t *testing.T) {
	curl, err := exec.LookPath("curl")
	if err != nil {
		t.Skip("no curl here")
	}
	for _, way := range []crmsim.Scheme{crmsim.Basic, crmsim.Digest} {
		c := start(t, crmsim.Options{Mode: crmsim.HTTP, Auth: scheme(way)})
		for password, want := range map[string]string{secret.Password: "pong", "wrong": "who are you?"} {
			cmd := exec.CommandContext(within(t), curl, "-s", "--noproxy", "*", "--"+string(way), "-u", secret.Login+":"+password,
				"--data-urlencode", "data=WyJwaW5nIix7InFpZCI6IjEifV0=", "-d", "format=json", "http://"+c.Addr()+"/")
			out, err := cmd.Output()
			if err != nil || !strings.Contains(string(out), want) {
				t.Errorf("%s %s: %v %s", way, password, err, out)
			}
		}
	}
}

// A peer without a certificate is turned away when one is demanded.
func TestClientCertificate(t *testing.T) {
	server, client := authority(t)
	server.ClientCAs, server.ClientAuth = client.RootCAs, tls.RequireAndVerifyClientCert
	c := start(t, crmsim.Options{Mode: crmsim.WSSOut, TLS: server})
	nobody := client.Clone()
	nobody.Certificates = nil
	if s, err := dial(t, c, transports.DialOptions{TLS: nobody}); err == nil {
		if _, err := s.Receive(); err == nil {
			t.Error("no certificate was needed")
		}
	}
	dialled(t, c, wire.JSON, transports.DialOptions{TLS: client}).introduce()
}
