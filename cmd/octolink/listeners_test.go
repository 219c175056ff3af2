package main

import (
	"bytes"
	"log/slog"
	"net"
	"strings"
	"testing"
)

func TestTakenPortIsAnErrorForAServer(t *testing.T) {
	holder := hold(t)
	_, err := openListeners(Listen{HTTP: []string{holder}}, false, slog.New(slog.DiscardHandler))
	if err == nil || !strings.Contains(err.Error(), holder) || !strings.Contains(err.Error(), "listen.http") {
		t.Errorf("got %v, want an error that names listen.http and %s", err, holder)
	}
}

func TestTakenPortMovesTheDemo(t *testing.T) {
	holder := hold(t)
	var out bytes.Buffer
	ls, err := openListeners(Listen{HTTP: []string{holder}, Metrics: "127.0.0.1:0"}, true, newLog(&out, LogConfig{Format: "text"}, false))
	if err != nil {
		t.Fatal(err)
	}
	defer ls.close()
	got := ls.of("listen.http")[0].Addr().String()
	if got == holder {
		t.Errorf("got the taken address %s", got)
	}
	if !strings.Contains(out.String(), "got="+got) || !strings.Contains(out.String(), "wanted="+holder) {
		t.Errorf("the log does not say so: %s", out.String())
	}
}

func TestNoListenerStaysWhenOneFails(t *testing.T) {
	holder := hold(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	free := l.Addr().String()
	l.Close()
	if _, err := openListeners(Listen{HTTP: []string{free, holder}}, false, slog.New(slog.DiscardHandler)); err == nil {
		t.Fatal("no error")
	}
	l, err = net.Listen("tcp", free)
	if err != nil {
		t.Fatalf("the first address is still held: %v", err)
	}
	l.Close()
}

// hold listens until the test ends and gives the address.
func hold(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l.Addr().String()
}
