package transports_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/octolink/octolink/certs"
	"github.com/octolink/octolink/protocol"
	"github.com/octolink/octolink/transports"
)

func TestDialIsRefused(t *testing.T) {
	addr := serve(t, echo(), transports.Options{Origins: []string{"https://crm.example"}}, transports.ServerOptions{})
	_, err := transports.Dial(t.Context(), "ws://"+addr+"/?password=secret", transports.DialOptions{
		Header: http.Header{"Origin": {"https://evil.example"}},
	})
	var he *transports.HandshakeError
	if !errors.As(err, &he) || he.Status != http.StatusForbidden || !strings.Contains(he.Body, "origin") {
		t.Errorf("got %v, want 403", err)
	}
	_, err = transports.Dial(t.Context(), "ws://"+addr, transports.DialOptions{Header: http.Header{"Host": {"evil.example"}}})
	if !errors.As(err, &he) || he.Status != http.StatusMisdirectedRequest {
		t.Errorf("got %v, want 421", err)
	}
}

func TestDialNobody(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() // it never answers
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = transports.Dial(ctx, "ws://"+l.Addr().String()+"/?password=secret", transports.DialOptions{})
	if !errors.Is(err, context.DeadlineExceeded) || strings.Contains(err.Error(), "secret") {
		t.Errorf("got %v, want a deadline and no query", err)
	}
}

// A server-side channel and a client-role one on the two ends, both behind the seam.
func TestAttach(t *testing.T) {
	shared := bytes.Repeat([]byte("shared "), 1000)
	before := bytes.Clone(shared)
	addr := serve(t, echo(), transports.Options{}, transports.ServerOptions{})
	got, closed := make(chan string, 10), make(chan error, 1)
	e := &engine{
		open: func(c protocol.Conn) {
			if _, err := c.Write([]protocol.Frame{{Head: []byte("1 "), Body: shared}, {Head: []byte("2 "), Body: shared, Tail: []byte(" end")}}); err != nil {
				t.Error(err)
			}
			c.(protocol.Pinger).Ping()
		},
		frame: func(c protocol.Conn, b []byte) {
			got <- string(b)
			if bytes.HasPrefix(b, []byte("2")) {
				c.Close(protocol.CloseNormal, "")
			}
		},
		closed: func(_ protocol.Conn, err error) { closed <- err },
	}
	if err := transports.Attach(t.Context(), "ws://"+addr, transports.DialOptions{Subprotocol: "json"}, opener{t, e}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"1 " + string(before), "2 " + string(before) + " end"} {
		if g := within(t, got, "an echo"); g != want {
			t.Errorf("got %.30s…, want %.30s…", g, want)
		}
	}
	if err := within(t, closed, "Closed"); err != nil {
		t.Errorf("closed with %v, want nil", err)
	}
	if !bytes.Equal(shared, before) {
		t.Error("shared bytes were changed")
	}
}

func TestTLS(t *testing.T) {
	authority, err := certs.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	cert, err := authority.Issue("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	e := echo()
	opened, closed := reporting(e)
	server := &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12, NextProtos: []string{"h2"}}
	addr := serve(t, e, transports.Options{PublicHTTP: 80, PublicHTTPS: 443}, transports.ServerOptions{TLS: server})
	s, err := transports.Dial(t.Context(), "wss://"+addr, transports.DialOptions{
		Subprotocol: "json",
		TLS:         &tls.Config{RootCAs: authority.Pool(), MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	if info := within(t, opened, "Open").Info(); !info.TLS || info.Local != 443 {
		t.Errorf("got %+v, want TLS on the public port 443", info)
	}
	long := bytes.Repeat([]byte("long "), 50000)
	for range 10 {
		batch := [][]byte{[]byte("a"), long, []byte("b"), []byte("c")}
		if err := s.Send(batch...); err != nil {
			t.Fatal(err)
		}
		for _, want := range batch {
			if got, err := s.Receive(); err != nil || !bytes.Equal(got, want) {
				t.Fatalf("got %.20q, %v, want %.20q", got, err, want)
			}
		}
	}
	if err := s.Close(protocol.CloseNormal, ""); err != nil {
		t.Error(err)
	}
	if err := within(t, closed, "Closed"); err != nil {
		t.Errorf("closed with %v, want nil", err)
	}
}

func TestStreamCloses(t *testing.T) {
	e := echo()
	_, closed := reporting(e)
	s := dial(t, serve(t, e, transports.Options{}, transports.ServerOptions{}))
	if err := s.Ping(); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(protocol.CloseNormal, "done"); err != nil {
		t.Error(err)
	}
	if err := s.Send([]byte("x")); !errors.Is(err, transports.ErrClosed) {
		t.Errorf("send afterwards: got %v, want ErrClosed", err)
	}
	if err := within(t, closed, "Closed"); err != nil {
		t.Errorf("closed with %v, want nil", err)
	}
}
