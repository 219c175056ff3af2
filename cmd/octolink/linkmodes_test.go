package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/octolink/octolink/certs"
	"github.com/octolink/octolink/protocol/wire"
	"github.com/octolink/octolink/transports"
	"github.com/octolink/octolink/web"
)

// A postedCRM is a CRM behind an HTTP address, made by hand.
type postedCRM struct {
	*httptest.Server
	status atomic.Int32 // other than 0: all that it answers
}

func newPostedCRM(t *testing.T) *postedCRM {
	c := &postedCRM{}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if code := c.status.Load(); code != 0 {
			w.WriteHeader(int(code))
			return
		}
		frame, err := base64.StdEncoding.DecodeString(r.FormValue("data"))
		if err != nil {
			t.Error(err)
			return
		}
		m, err := wire.Decode(wire.JSON, frame, wire.Limits{})
		if err != nil {
			t.Errorf("octolink posted %s: %v", frame, err)
			return
		}
		a := answers[m.Name]
		if m.Name == "executemethod" {
			a.name, a.fields = "methodresult", wire.Object{{Key: "outputparameters", Value: wire.Object{{Key: "name", Value: "Posted"}}}}
		}
		answer, err := wire.Append(nil, wire.JSON, a.name, m.QID, a.fields)
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = w.Write(answer) // who asked may have gone
	}))
	t.Cleanup(c.Close)
	return c
}

func TestPostedCRMIsAskedAgainAfterFailures(t *testing.T) {
	crm := newPostedCRM(t)
	s := start(t, t.TempDir(), fmt.Sprintf("%s\nlinks: [{name: crm, mode: http, url: %q}]\n", people, crm.URL+"/oktell?key=secret"))
	l := s.until("crm", web.LinkIntroduced)
	if l.Peer != "Handmade 1.0" || strings.Contains(l.Address, "secret") {
		t.Errorf("got %+v", l)
	}
	soon(t, "its catalogue is known", func() bool { return s.link("crm").Methods == 1 })
	if out, errs, code := s.cli("", "crm", "call", "find", "phone=1"); code != exitOK || out != "name  Posted\n" {
		t.Errorf("got %d %s%s", code, out, errs)
	}
	crm.status.Store(http.StatusInternalServerError)
	if _, errs, code := s.cli("", "crm", "call", "find", "phone=1"); code != exitFailed || errs == "" {
		t.Errorf("a failing CRM: got %d %s", code, errs)
	}
	if l = s.untilRetried("crm", web.LinkWaiting); !strings.Contains(l.Error, "500") {
		t.Errorf("got %+v, want the reason", l)
	}
	crm.status.Store(0)
	s.until("crm", web.LinkIntroduced)
}

// untilRetried waits until a link is in a state from which it is going to be tried again.
func (r *running) untilRetried(name, state string) web.Link {
	r.t.Helper()
	var l web.Link
	soon(r.t, "link "+name+" is "+state+" and will be tried again", func() bool {
		l = r.link(name)
		return l.State == state && !l.Retry.IsZero()
	})
	return l
}

func TestMisconfiguredLinksSayWhy(t *testing.T) {
	crm := newPostedCRM(t)
	crm.status.Store(http.StatusNotFound)
	s := start(t, t.TempDir(), fmt.Sprintf(`%s
links:
  - {name: posted, mode: http, url: %q}
  - {name: dialled, mode: ws-out, address: %q}
`, people, crm.URL, strings.TrimPrefix(crm.URL, "http://")))
	for _, name := range []string{"posted", "dialled"} {
		l := s.untilRetried(name, web.LinkMisconfigured)
		if !strings.Contains(l.Error, "404") {
			t.Errorf("got %+v, want the reason", l)
		}
	}
	if out, _, _ := s.cli("", "status"); !strings.Contains(out, "misconfigured") || !strings.Contains(out, "again at") || !strings.Contains(out, "404") {
		t.Errorf("got\n%s", out)
	}
}

func TestLinkWithTLS(t *testing.T) {
	ca, err := certs.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cert, key, err := ca.Write(dir, "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	s := start(t, dir, fmt.Sprintf(`%s
links:
  - {name: own, mode: wss-in, listen: "127.0.0.1:0"}
  - {name: given, mode: wss-in, listen: "127.0.0.1:0", tls: {cert: %q, key: %q}}
`, people, cert, key))
	made, err := os.ReadFile(filepath.Join(dir, "data", "certs", "link-own", "server.pem"))
	if err != nil {
		t.Fatal(err)
	}
	own := x509.NewCertPool()
	own.AppendCertsFromPEM(made)
	connect := func(link string, trust *x509.CertPool) {
		t.Helper()
		l := s.link(link)
		dialCRM(t, "wss://"+l.Address+"/", transports.DialOptions{Subprotocol: "json", TLS: &tls.Config{RootCAs: trust}})
		s.until(link, web.LinkIntroduced)
	}
	s.until("own", web.LinkListening)
	s.until("given", web.LinkListening)
	connect("own", own)
	connect("given", ca.Pool())

	if _, _, err := ca.Write(dir, "127.0.0.1", "localhost"); err != nil {
		t.Fatal(err)
	}
	out, errs, code := s.cli("", "reload")
	if want := "certificates of link given read again\n"; code != exitOK || out != want {
		t.Errorf("got %d %q %q, want %q", code, out, errs, want)
	}
	if got := s.link("given").State; got != web.LinkIntroduced {
		t.Errorf("another certificate makes the link %s", got)
	}
}

func TestTakenPortOfALinkEndsTheStart(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	dir := t.TempDir()
	path := configFile(t, dir, fmt.Sprintf("%s\nlinks: [{name: crm, mode: ws-in, listen: %q}]\n", people, l.Addr()))
	c, _, err := loadConfig(path)
	if err != nil {
		t.Fatal(err)
	}
	m, err := NewMain(t.Context(), MainOptions{Config: c, Path: path, Log: slog.New(slog.DiscardHandler)})
	if err == nil {
		m.Close()
		t.Fatal("it starts")
	}
	if !strings.Contains(err.Error(), "link crm: another program already listens on "+l.Addr().String()) {
		t.Errorf("got %v", err)
	}
}

// After a reload a port that is taken is waited for: a running server does not end for it.
func TestTakenPortAfterReloadIsShown(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s := start(t, t.TempDir(), people)
	s.write(fmt.Sprintf("%s\nlinks: [{name: crm, mode: ws-in, listen: %q}]\n", people, l.Addr()))
	if out, errs, code := s.cli("", "reload"); code != exitOK || out != "link crm added\n" {
		t.Fatalf("got %d %q %q", code, out, errs)
	}
	if got := s.until("crm", web.LinkMisconfigured); !strings.Contains(got.Error, "address already in use") {
		t.Errorf("got %+v", got)
	}
	l.Close()
	s.until("crm", web.LinkListening)
}

func TestShutdownTellsCRMs(t *testing.T) {
	s := start(t, t.TempDir(), twoLinks)
	crm := s.crm("crm")
	crm.ask("login", "alice")
	s.end()
	<-crm.ended
	if crm.code != 1001 {
		t.Errorf("got close code %d, want 1001", crm.code)
	}
	s.stop()
}
