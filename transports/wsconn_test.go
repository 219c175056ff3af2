package transports_test

import (
	"errors"
	"testing"

	"github.com/octolink/octolink/protocol"
	"github.com/octolink/octolink/transports"
)

func TestEchoAndLogout(t *testing.T) {
	closed := make(chan error, 1)
	e := &engine{
		frame: func(c protocol.Conn, b []byte) {
			write(c, string(b))
			if string(b) == "logout" {
				c.Close(protocol.CloseNormal, "logged out")
			}
		},
		closed: func(_ protocol.Conn, err error) { closed <- err },
	}
	s := dial(t, serve(t, e, transports.Options{}, transports.ServerOptions{}))
	if got := s.Subprotocol(); got != "json" {
		t.Errorf("subprotocol: got %q, want json", got)
	}
	if err := s.Send([]byte("hello"), []byte("logout")); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"hello", "logout"} {
		got, err := s.Receive()
		if err != nil || string(got) != want {
			t.Fatalf("got %q, %v, want %q", got, err, want)
		}
	}
	_, err := s.Receive()
	var ce *transports.CloseError
	if !errors.As(err, &ce) || ce.Code != protocol.CloseNormal || ce.Reason != "logged out" {
		t.Errorf("got %v, want close 1000 logged out", err)
	}
	if err := within(t, closed, "Closed"); err != nil {
		t.Errorf("closed with %v, want nil", err)
	}
}
