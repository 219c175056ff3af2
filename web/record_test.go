package web_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"testing"
	"time"

	"github.com/octolink/octolink/pbx"
	"github.com/octolink/octolink/web"
)

// tape is a journal and a recorder of recordings that are all the same.
type tape struct {
	records map[string]pbx.CallRecord
	sound   []byte
	err     error
}

type closer struct{ io.ReadSeeker }

func (closer) Close() error { return nil }

func (f *tape) RecordByID(_ context.Context, id string) (pbx.CallRecord, error) {
	r, ok := f.records[id]
	if !ok {
		return r, fs.ErrNotExist
	}
	return r, nil
}

func (f *tape) Recording(_ context.Context, r pbx.CallRecord) (io.ReadSeekCloser, string, error) {
	if f.err != nil {
		return nil, "", f.err
	}
	if !r.Recorded {
		return nil, "", fs.ErrNotExist
	}
	return closer{bytes.NewReader(f.sound)}, "audio/wav", nil
}

func people(t *testing.T) *pbx.Directory {
	t.Helper()
	d, err := pbx.NewDirectory(pbx.Config{
		Users: []pbx.User{
			{Login: "alice", Name: "Alice", Numbers: []string{"300"}, Subordinates: []string{"boris"}},
			{Login: "boris", Name: "Boris", Numbers: []string{"301"}},
			{Login: "vera", Name: "Vera", Numbers: []string{"302"}, Supervisor: true},
		},
		Queues: []pbx.Queue{{Number: "700", Name: "sales", Members: []string{"alice"}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func newTape() *tape {
	return &tape{sound: []byte("RIFF0123456789"), records: map[string]pbx.CallRecord{
		"a": {ID: "a", Login: "alice", Recorded: true, Ended: time.Unix(1700000000, 0)},
		"b": {ID: "b", Login: "Boris", Recorded: true},
		"q": {ID: "q", Login: "", Recorded: true},
		"n": {ID: "n", Login: "boris"},
	}}
}

func recordSite(t *testing.T, f *tape) (*web.Passes, http.Handler) {
	t.Helper()
	d, p := people(t), web.NewPasses()
	return p, web.New(web.Options{Passes: p, Records: f, Recorder: f, Directory: func() *pbx.Directory { return d }}).Public()
}

func TestWhoMayHearWhat(t *testing.T) {
	p, h := recordSite(t, newTape())
	tests := []struct {
		name, login, id string
		want            int
	}{
		{"own", "boris", "b", 200}, {"a subordinate's", "alice", "b", 200}, {"own of the boss", "alice", "a", 200},
		{"the boss's", "boris", "a", 404}, {"a colleague's as supervisor", "vera", "b", 200},
		{"nobody's as supervisor", "vera", "q", 200}, {"nobody's", "alice", "q", 404},
		{"of no call", "vera", "x", 404}, {"of a call without one", "boris", "n", 404},
		{"by someone who left", "zed", "b", 404},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := ask(t, h, "GET", "/record/"+tt.id+"?temppass="+issue(t, p, tt.login), "")
			if r.StatusCode != tt.want {
				t.Fatalf("status %d, want %d", r.StatusCode, tt.want)
			}
			if text := textOf(t, r); tt.want == 200 && (text != "RIFF0123456789" || r.Header.Get("Content-Type") != "audio/wav") {
				t.Errorf("got %q as %s", text, r.Header.Get("Content-Type"))
			}
		})
	}
}

func TestRecordingNeedsPassword(t *testing.T) {
	p, h := recordSite(t, newTape())
	password := issue(t, p, "boris")
	for i, want := range []int{200, 403} {
		if got := ask(t, h, "GET", "/record/b?temppass="+password, "").StatusCode; got != want {
			t.Errorf("use %d of the password: status %d, want %d", i+1, got, want)
		}
	}
	if got := ask(t, h, "GET", "/record/b", "").StatusCode; got != 403 {
		t.Errorf("without a password: status %d, want 403", got)
	}
	if got := ask(t, h, "DELETE", "/record/b?temppass="+issue(t, p, "boris"), "").StatusCode; got != 405 {
		t.Errorf("DELETE: status %d, want 405", got)
	}
}

func TestRecordingInPieces(t *testing.T) {
	p, h := recordSite(t, newTape())
	r := ask(t, h, "GET", "/record/b?temppass="+issue(t, p, "boris"), "", "Range", "bytes=4-7")
	if text := textOf(t, r); r.StatusCode != 206 || text != "0123" || r.Header.Get("Content-Range") != "bytes 4-7/14" {
		t.Errorf("got %d %q %s", r.StatusCode, text, r.Header.Get("Content-Range"))
	}
	r = ask(t, h, "GET", "/record/b?temppass="+issue(t, p, "boris"), "", "Range", "bytes=99-")
	if r.StatusCode != http.StatusRequestedRangeNotSatisfiable {
		t.Errorf("a piece beyond the end: status %d, want 416", r.StatusCode)
	}
	r = ask(t, h, "HEAD", "/record/b?temppass="+issue(t, p, "boris"), "")
	if text := textOf(t, r); r.StatusCode != 200 || text != "" || r.Header.Get("Content-Length") != "14" {
		t.Errorf("HEAD: %d %q, length %s", r.StatusCode, text, r.Header.Get("Content-Length"))
	}
}

func TestRecorderTrouble(t *testing.T) {
	tests := []struct {
		err  error
		want int
	}{{pbx.ErrUnsupported, 404}, {pbx.ErrOffline, 503}, {errors.New("secret: disk"), 500}}
	for _, tt := range tests {
		f := newTape()
		f.err = tt.err
		p, h := recordSite(t, f)
		r := ask(t, h, "GET", "/record/b?temppass="+issue(t, p, "boris"), "")
		if text := textOf(t, r); r.StatusCode != tt.want || bytes.Contains([]byte(text), []byte("secret")) {
			t.Errorf("%v: got %d %q, want %d without the reason", tt.err, r.StatusCode, text, tt.want)
		}
	}
}
