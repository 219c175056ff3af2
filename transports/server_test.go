package transports_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/octolink/octolink/transports"
)

func TestCheckHost(t *testing.T) {
	h := transports.CheckHost([]string{"PBX.example", "ats.example."}, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNoContent)
	}))
	tests := []struct {
		host string
		want int
	}{
		{"localhost", 204},
		{"LOCALHOST:4055", 204},
		{"localhost.", 204},
		{"127.0.0.1", 204},
		{"192.0.2.7:80", 204},
		{"[::1]", 204},
		{"[2001:db8::1]:443", 204},
		{"pbx.example", 204},
		{"Pbx.Example:4055", 204},
		{"ats.example", 204},
		{"evil.example", 421},
		{"pbx.example.evil", 421},
		{"x.pbx.example", 421},
		{"localhost.evil", 421},
		{"127.0.0.1.evil", 421},
		{"0x7f000001", 421},
		{"", 421},
	}
	for _, tt := range tests {
		t.Run(tt.host, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.Host = tt.host
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != tt.want {
				t.Errorf("got %d, want %d", w.Code, tt.want)
			}
		})
	}
}

// listen runs a server on a free port until the test ends and returns its address.
func listen(t *testing.T, s *transports.Server) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	t.Cleanup(func() {
		_ = s.Shutdown(t.Context()) // the test may have done it
		if err := within(t, served, "Serve"); err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	return l.Addr().String()
}

func TestShutdownWaitsForRequestsInHand(t *testing.T) {
	leakCheck(t)
	arrived, answer := make(chan bool), make(chan bool)
	s := transports.NewServer(transports.ServerOptions{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(arrived)
		<-answer
		_, _ = io.WriteString(w, "answered")
	})})
	p := connect(t, listen(t, s))
	p.send([]byte("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")...)
	within(t, arrived, "the request")
	down := make(chan error)
	go func() { down <- s.Shutdown(context.Background()) }()
	select {
	case err := <-down:
		t.Fatalf("shutdown did not wait: %v", err)
	case <-time.After(20 * time.Millisecond):
	}
	close(answer)
	if err := within(t, down, "Shutdown"); err != nil {
		t.Error(err)
	}
	r, err := http.ReadResponse(p.r, nil)
	if err != nil || r.StatusCode != http.StatusOK {
		t.Errorf("got %v, %v", r, err)
	}
}

func TestShutdownCutsOffWhatDoesNotEnd(t *testing.T) {
	leakCheck(t)
	arrived := make(chan bool)
	s := transports.NewServer(transports.ServerOptions{Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-r.Context().Done()
	})})
	p := connect(t, listen(t, s))
	p.send([]byte("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")...)
	within(t, arrived, "the request")
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := s.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want a deadline", err)
	}
	if _, err := p.r.ReadByte(); err == nil {
		t.Error("the request was answered")
	}
}

func TestSlowBodyIsCutOff(t *testing.T) {
	leakCheck(t)
	got := make(chan error, 1)
	s := transports.NewServer(transports.ServerOptions{
		BodyTimeout: 100 * time.Millisecond,
		Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			_, err := io.ReadAll(r.Body)
			got <- err
		}),
	})
	p := connect(t, listen(t, s))
	p.send([]byte("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nslow")...)
	if err := within(t, got, "the handler"); err == nil {
		t.Error("the body was read")
	}
}

func TestWaitEndsWithItsContext(t *testing.T) {
	e := echo()
	opened, _ := reporting(e)
	h := transports.NewClientHandler(opener{t, e}, transports.Options{Goroutines: overGoroutines(t)})
	addr := serve(t, echo(), transports.Options{}, transports.ServerOptions{Handler: h})
	p := upgrade(t, addr)
	c := within(t, opened, "Open")
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := h.Wait(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want a deadline", err)
	}
	if r := connect(t, addr).handshake(goodHandshake()); r.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("a handshake meanwhile: got %d, want 503", r.StatusCode)
	}
	c.Close(1001, "")
	p.send(closing(1001, "")...)
	if err := h.Wait(t.Context()); err != nil {
		t.Error(err)
	}
}
