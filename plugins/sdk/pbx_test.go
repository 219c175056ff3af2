package sdk_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	basev1 "github.com/octolink/octolink/plugins/proto/base/v1"
	pbxv1 "github.com/octolink/octolink/plugins/proto/pbx/v1"
	"github.com/octolink/octolink/plugins/sdk"
	"github.com/octolink/octolink/plugins/sdk/sdktest"
	"github.com/octolink/octolink/plugins/sdk/sdktest/telephones"
)

// overSocket asks for a path at a unix socket.
func overSocket(t *testing.T, socket, path string) string {
	t.Helper()
	c := http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", socket)
	}}}
	defer c.CloseIdleConnections()
	r, err := c.Get("http://plugin" + path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func startPhones(t *testing.T) (*sdktest.Phones, *telephones.System) {
	t.Helper()
	s := new(telephones.System)
	p := sdktest.Start(t, sdktest.Options{Settings: telephones.Settings{File: filepath.Join(t.TempDir(), "calls")}}, about(), s.Parts()...)
	return p.Phones(t, &pbxv1.Directory{Users: []*pbxv1.User{{Login: "alice", Numbers: []string{"300"}}, {Login: "boris", Numbers: []string{"301"}}}}), s
}

// The author of a telephone system tries a call in the test's own process.
func TestTelephonesOfATest(t *testing.T) {
	ph, _ := startPhones(t)
	ctx := t.Context()
	report := func() *pbxv1.Report {
		t.Helper()
		r, err := ph.Report(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	if r := report(); !r.GetWhole() || len(r.GetLegs()) != 0 {
		t.Errorf("got %v", r)
	}
	if r, err := ph.Client.Dial(ctx, &pbxv1.DialRequest{User: "alice", From: "300", To: "301", Chain: "c"}); err != nil || r.GetFailure() != nil {
		t.Fatal(r, err)
	}
	for _, want := range []string{"LEG_STATE_RINGING", "LEG_STATE_DIALLING LEG_STATE_RINGING", "LEG_STATE_TALKING LEG_STATE_TALKING"} {
		r := report()
		var got []string
		for _, l := range r.GetLegs() {
			got = append(got, l.GetState().String())
		}
		if strings.Join(got, " ") != want {
			t.Fatalf("got %v, want %s", got, want)
		}
		last := r.GetLegs()[len(r.GetLegs())-1]
		if last.GetState() == pbxv1.LegState_LEG_STATE_RINGING {
			if a, err := ph.Client.Answer(ctx, &pbxv1.AnswerRequest{Leg: last.GetId()}); err != nil || a.GetFailure() != nil {
				t.Fatal(a, err)
			}
		}
	}
	r, err := ph.Client.Hangup(ctx, &pbxv1.HangupRequest{Leg: "none"})
	if err != nil || r.GetFailure().GetFault() != pbxv1.Fault_FAULT_NO_SUCH_LEG || !strings.Contains(r.GetFailure().GetText(), "none") {
		t.Errorf("got %v %v", r, err)
	}
	if _, err := ph.Client.Hold(ctx, &pbxv1.HoldRequest{}); err == nil || !strings.Contains(err.Error(), "Unimplemented") {
		t.Errorf("what it cannot: got %v", err)
	}
}

func TestQuestionsOfATelephoneSystem(t *testing.T) {
	ph, s := startPhones(t)
	ctx := t.Context()
	if _, err := ph.Report(ctx); err != nil {
		t.Fatal(err)
	}
	answer := make(chan string, 1)
	go func() {
		to, err := s.Board().Redirect(ctx, "alice", "79161234567")
		if err != nil {
			t.Error(err)
		}
		answer <- to
	}()
	q, err := ph.Next(ctx)
	if err != nil || q.GetRedirect().GetUser() != "alice" || q.GetRedirect().GetCaller() != "79161234567" {
		t.Fatalf("got %v %v", q, err)
	}
	for _, id := range []uint64{q.GetRedirect().GetId() + 7, q.GetRedirect().GetId()} { // one that nobody asked for does no harm
		if err := ph.Send(&pbxv1.RunRequest{What: &pbxv1.RunRequest_Redirect{Redirect: &pbxv1.RedirectAnswer{Id: id, To: "305"}}}); err != nil {
			t.Fatal(err)
		}
	}
	if to := <-answer; to != "305" {
		t.Errorf("got %q", to)
	}
}

func TestAbilities(t *testing.T) {
	s, err := sdk.New(about(), sdk.PBX(new(telephones.System)))
	if err != nil {
		t.Fatal(err)
	}
	info, _ := s.Info(t.Context(), &basev1.InfoRequest{})
	if len(info.GetAbilities()) != 0 || len(info.GetKinds()) != 1 || info.GetKinds()[0] != "pbx" {
		t.Errorf("got %v", info)
	}
	if _, err := sdk.New(about(), sdk.PBX(new(telephones.System)), sdk.PBX(new(telephones.System))); err == nil {
		t.Error("two telephone systems: no error")
	}
	if a, b := sdk.NewID(), sdk.NewID(); a == b || len(a) != 36 || a[14] != '4' {
		t.Errorf("got %s and %s", a, b)
	}
}
