package transports_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/octolink/octolink/transports"
)

func TestLinkOptionsAreChecked(t *testing.T) {
	ca := newPKI(t)
	tests := []struct {
		name string
		o    transports.LinkOptions
		want string // "" when it is good
	}{
		{"in", transports.LinkOptions{Mode: "ws-in", Listen: "127.0.0.1:0"}, ""},
		{"in on localhost", transports.LinkOptions{Mode: "ws-in", Listen: "localhost:0"}, ""},
		{"in for everybody", transports.LinkOptions{Mode: "ws-in", Listen: ":4067"}, "insecure"},
		{"in for everybody, allowed", transports.LinkOptions{Mode: "ws-in", Listen: ":4067", Insecure: true}, ""},
		{"in for everybody with a password", transports.LinkOptions{Mode: "ws-in", Listen: "0.0.0.0:4067", Auth: basicAuth}, ""},
		{"in for everybody with requested certificates", transports.LinkOptions{Mode: "wss-in", Listen: "[::]:4067", TLS: transports.LinkTLS{Certificate: ca.server(), Authorities: ca.authorities(), ClientAuth: transports.RequestClientCert}}, "insecure"},
		{"in for everybody with certificates", transports.LinkOptions{Mode: "wss-in", Listen: "[::]:4067", TLS: transports.LinkTLS{Certificate: ca.server(), Authorities: ca.authorities(), ClientAuth: transports.RequireClientCert}}, ""},
		{"certificates without an authority", transports.LinkOptions{Mode: "wss-in", Listen: "[::1]:0", TLS: transports.LinkTLS{Certificate: ca.server(), ClientAuth: transports.RequireClientCert}}, "authority"},
		{"no certificate", transports.LinkOptions{Mode: "wss-in", Listen: "127.0.0.1:0"}, "certificate"},
		{"no address", transports.LinkOptions{Mode: "ws-in"}, "address"},
		{"no mode", transports.LinkOptions{}, "mode"},
		{"out", transports.LinkOptions{Mode: "ws-out", Address: "crm.example:8080/path?a=b"}, ""},
		{"out, with the scheme", transports.LinkOptions{Mode: "wss-out", Address: "wss://crm.example"}, ""},
		{"out, with another scheme", transports.LinkOptions{Mode: "wss-out", Address: "ws://crm.example"}, "scheme"},
		{"out, without an address", transports.LinkOptions{Mode: "ws-out"}, "address"},
		{"out, with a password in the address", transports.LinkOptions{Mode: "ws-out", Address: "a:secret@crm.example"}, "authorization"},
		{"http", transports.LinkOptions{Mode: "http", URL: "http://crm.example/"}, ""},
		{"http for https", transports.LinkOptions{Mode: "https", URL: "http://crm.example/?key=secret"}, "scheme"},
		{"http, unreadable", transports.LinkOptions{Mode: "http", URL: "http://[secret"}, "scheme"},
		{"another scheme", transports.LinkOptions{Mode: "http", URL: "http://a", Auth: transports.Auth{Scheme: "ntlm"}}, "basic or digest"},
		{"no password", transports.LinkOptions{Mode: "http", URL: "http://a", Auth: transports.Auth{Scheme: "basic", Login: "a"}}, "login and a password"},
		{"a line break", transports.LinkOptions{Mode: "http", URL: "http://a", Auth: transports.Auth{Scheme: "digest", Login: "a\r\nb", Password: "secret"}}, "control"},
		{"a colon", transports.LinkOptions{Mode: "http", URL: "http://a", Auth: transports.Auth{Scheme: "basic", Login: "a:b", Password: "secret"}}, "colon"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := tt.o.Check()
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want) || tells(err.Error())) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
	for _, err := range []error{
		transports.ServeLink(t.Context(), transports.LinkOptions{Mode: "ws-out", Address: "a"}, nil),
		transports.DialLink(t.Context(), transports.LinkOptions{Mode: "http", URL: "http://a"}, nil),
		func() error { _, err := transports.NewPost(transports.LinkOptions{Mode: "ws-in"}); return err }(),
	} {
		if err == nil || !strings.Contains(fmt.Sprint(err), "mode") {
			t.Errorf("got %v, want the wrong mode", err)
		}
	}
}
