package web_test

import (
	"context"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/octolink/octolink/web"
)

// services is a verifier of one password and a service of functions.
type services struct {
	run    func(ctx context.Context, c web.ServiceCall) ([]string, error)
	folder string
	broken error // of the verifier
	remote string

	mu    sync.Mutex
	calls []web.ServiceCall
}

func (s *services) CheckLogin(_ context.Context, remote, login, password string) (string, bool, error) {
	s.mu.Lock()
	s.remote = remote
	s.mu.Unlock()
	return "Alice", strings.EqualFold(login, "alice") && password == "dёmo:1", s.broken
}

func (s *services) RunService(ctx context.Context, c web.ServiceCall) ([]string, error) {
	s.mu.Lock()
	s.calls = append(s.calls, c)
	s.mu.Unlock()
	return s.run(ctx, c)
}

func (s *services) Files() string { return s.folder }

func returns(values ...string) func(context.Context, web.ServiceCall) ([]string, error) {
	return func(context.Context, web.ServiceCall) ([]string, error) { return values, nil }
}

func basic(login, password string) []string {
	return []string{"Authorization", "Basic " + base64.StdEncoding.EncodeToString([]byte(login+":"+password))}
}

func serviceHandler(s *services) http.Handler { return web.New(web.Options{Services: s}).Public() }

func TestServiceAnswersInXML(t *testing.T) {
	s := &services{run: returns("a ]]> b\x01\n<c>", "404", "X-A: b")}
	r := ask(t, serviceHandler(s), "GET", "/execsvcscript?name=balance&startparam1=7&startparam3=z&timeout=5", "", basic("ALICE", "dёmo:1")...)
	text := textOf(t, r)
	if r.StatusCode != 200 || r.Header.Get("Content-Type") != "text/xml; charset=utf-8" || r.Header.Get("X-A") != "" {
		t.Fatalf("got %d %v %s", r.StatusCode, r.Header, text)
	}
	for _, want := range []string{
		`<oktellxmlmapper version="80710"><data name="result" count="1"><property_set name="execsvcscript">`,
		`<property_simple key="started" value="1" name="success"/>`, `<property_simple key="startresult" value="0" name="success"/>`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is not in %s", want, text)
		}
	}
	var out struct {
		Values []string `xml:"data>property_set>property_cdata"`
	}
	if err := xml.Unmarshal([]byte(text), &out); err != nil || len(out.Values) != 1 || out.Values[0] != "a ]]> b\uFFFD\n<c>" {
		t.Errorf("got %q, %v", out.Values, err)
	}
	c := s.calls[0]
	if c.Name != "balance" || c.Login != "Alice" || !c.Wait || c.Within != 5*time.Second || strings.Join(c.Params, "|") != "7||z" {
		t.Errorf("got %+v", c)
	}
}

func TestServiceReadsForms(t *testing.T) {
	s := &services{run: returns("x")}
	header := append(basic("alice", "dёmo:1"), "Content-Type", "application/x-www-form-urlencoded", "Remote", "192.0.2.9:5")
	r := ask(t, serviceHandler(s), "POST", "/execsvcscriptplain", "name=b&startparam5=%D0%B0&async=1&timeout=99999", header...)
	if r.StatusCode != 200 || textOf(t, r) != "" {
		t.Errorf("got %d", r.StatusCode)
	}
	c := s.calls[0]
	if c.Wait || len(c.Params) != 5 || c.Params[4] != "а" || c.Within != 10*time.Minute || s.remote != "192.0.2.9:5" {
		t.Errorf("got %+v from %s", c, s.remote)
	}
}

// Ensure nobody is served without a password: this machine neither, and no page of another site.
func TestServiceWantsAPassword(t *testing.T) {
	right := basic("alice", "dёmo:1")
	for _, tc := range []struct {
		name   string
		method string
		target string
		header []string
		want   int
	}{
		{"right", "GET", "?name=x", right, 200},
		{"none", "GET", "?name=x", nil, 401},
		{"wrong", "GET", "?name=x", basic("alice", "demo"), 401},
		{"another user", "GET", "?name=x", basic("boris", "dёmo:1"), 401},
		{"no login", "GET", "?name=x", basic("", ""), 401},
		{"not base64", "GET", "?name=x", []string{"Authorization", "Basic ###"}, 401},
		{"bearer", "GET", "?name=x", []string{"Authorization", "Bearer abc"}, 401},
		{"in the query", "GET", "?name=x&password=d", nil, 401},
		{"one-time password", "GET", "?name=x&temppass=d", nil, 401},
		{"page of another site", "GET", "?name=x", append([]string{"Origin", "https://evil.example"}, right...), 403},
		{"picture of another site", "GET", "?name=x", append([]string{"Sec-Fetch-Site", "cross-site"}, right...), 403},
		{"sandboxed page", "GET", "?name=x", append([]string{"Origin", "null"}, right...), 403},
		{"our own page", "GET", "?name=x", append([]string{"Origin", "http://127.0.0.1:4055", "Sec-Fetch-Site", "same-origin"}, right...), 200},
		{"program with some headers of a browser", "GET", "?name=x", append([]string{"Sec-Fetch-Mode", "cors"}, right...), 200},
		{"DELETE", "DELETE", "?name=x", right, 405},
		{"HEAD", "HEAD", "?name=x", right, 405},
		{"nameless", "GET", "", right, 400},
		{"async", "GET", "?name=x&async=maybe", right, 400},
		{"timeout", "GET", "?name=x&timeout=-1", right, 400},
		{"long parameter", "GET", "?name=x&startparam2=" + strings.Repeat("a", 16<<10+1), right, 400},
		{"broken query", "GET", "?name=x&startparam2=%zz", right, 400},
		{"foreign host", "GET", "?name=x", append([]string{"Host", "evil.example"}, right...), 421},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for _, path := range []string{"/execsvcscript", "/execsvcscriptplain"} {
				s := &services{run: returns("x")}
				r := ask(t, serviceHandler(s), tc.method, path+tc.target, "", tc.header...)
				if r.StatusCode != tc.want {
					t.Errorf("%s: got %d, want %d", path, r.StatusCode, tc.want)
				}
				if ran := len(s.calls) > 0; ran != (tc.want == 200) {
					t.Errorf("%s: the service ran: %v", path, ran)
				}
				if challenge := r.Header.Get("WWW-Authenticate"); (challenge != "") != (tc.want == 401) {
					t.Errorf("%s: challenge %q", path, challenge)
				}
			}
		})
	}
}

func TestServiceFailures(t *testing.T) {
	for _, tc := range []struct {
		name string
		err  error
		want int
		text string
	}{
		{"unknown", &web.ServiceError{Status: 404, Text: "no such service"}, 404, "no such service\n"},
		{"full", &web.ServiceError{Status: 503, Text: "too many flows run"}, 503, "too many flows run\n"},
		{"late", &web.ServiceError{Status: 504, Text: "late"}, 504, "late\n"},
		{"ours", errors.New("secret detail"), 500, "internal error\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := &services{run: func(context.Context, web.ServiceCall) ([]string, error) { return nil, tc.err }}
			r := ask(t, serviceHandler(s), "GET", "/execsvcscript?name=x", "", basic("alice", "dёmo:1")...)
			if text := textOf(t, r); r.StatusCode != tc.want || text != tc.text {
				t.Errorf("got %d %q", r.StatusCode, text)
			}
		})
	}
	s := &services{run: returns("x"), broken: errors.New("disk on fire")}
	if r := ask(t, serviceHandler(s), "GET", "/execsvcscript?name=x", "", basic("alice", "dёmo:1")...); r.StatusCode != 500 || len(s.calls) > 0 {
		t.Errorf("got %d with a broken verifier", r.StatusCode)
	}
}

// Ensure what a service returns frames nothing: neither headers nor a file of its own choice.
func TestPlainServiceAnswers(t *testing.T) {
	folder := t.TempDir()
	outside := t.TempDir()
	files := map[string]string{
		filepath.Join(folder, "price list.pdf"): "%PDF", filepath.Join(folder, "a.unknownending"): "<html>",
		filepath.Join(outside, "secret.txt"): "secret",
	}
	for name, text := range files {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(os.Mkdir(filepath.Join(folder, "sub"), 0o700),
		os.WriteFile(filepath.Join(folder, "sub", "b.txt"), []byte("b"), 0o600),
		os.Symlink(filepath.Join(outside, "secret.txt"), filepath.Join(folder, "link.txt"))); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name     string
		returned []string
		status   int
		text     string
		header   map[string]string
	}{
		{"text", []string{"<b>hi</b>"}, 200, "<b>hi</b>", map[string]string{"Content-Type": "text/plain; charset=utf-8", "X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'; sandbox"}},
		{"nothing", nil, 200, "", nil},
		{"status", []string{"gone", "410"}, 410, "gone", nil},
		{"no content", []string{"x", "204"}, 204, "", nil},
		{"informational", []string{"x", "101"}, 500, "the service returned no status\n", nil},
		{"no status", []string{"x", "fine"}, 500, "the service returned no status\n", nil},
		{"headers", []string{"{}", "", "Content-Type: application/json\r\nX-Total: 7\n\nx-lower: y"}, 200, "{}", map[string]string{"Content-Type": "application/json", "X-Total": "7", "X-Lower": "y"}},
		{"headers that are not a service's", []string{"x", "", "Set-Cookie: a=b\nLocation: https://evil.example\nAccess-Control-Allow-Origin: *\nContent-Length: 1\nTransfer-Encoding: chunked\nX-Frame-Options: ALLOW\nContent-Security-Policy: none\nno colon\nX-\x01: y\nX-B: a\rSet-Cookie: c\n: empty"}, 200, "x",
			map[string]string{"Set-Cookie": "", "Location": "", "Access-Control-Allow-Origin": "", "Content-Length": "", "X-Frame-Options": "DENY", "Content-Security-Policy": "default-src 'none'; sandbox", "X-B": ""}},
		{"file", []string{"price list.pdf", "file"}, 200, "%PDF", map[string]string{"Content-Type": "application/pdf", "Content-Disposition": `attachment; filename="price list.pdf"`}},
		{"file of an unknown kind", []string{"a.unknownending", "FILE"}, 200, "<html>", map[string]string{"Content-Type": "application/octet-stream"}},
		{"file below", []string{`sub\b.txt`, "file"}, 200, "b", nil},
		{"file outside", []string{"../" + filepath.Base(outside) + "/secret.txt", "file"}, 404, "no such file\n", nil},
		{"absolute file", []string{filepath.Join(outside, "secret.txt"), "file"}, 404, "no such file\n", nil},
		{"file over a link", []string{"link.txt", "file"}, 404, "no such file\n", nil},
		{"folder", []string{"sub", "file"}, 404, "no such file\n", nil},
		{"no file", []string{"nosuch", "file"}, 404, "no such file\n", nil},
		{"nameless file", []string{"", "file"}, 404, "no such file\n", nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := &services{run: returns(tc.returned...), folder: folder}
			r := ask(t, serviceHandler(s), "GET", "/execsvcscriptplain?name=x", "", basic("alice", "dёmo:1")...)
			if text := textOf(t, r); r.StatusCode != tc.status || text != tc.text {
				t.Errorf("got %d %q, want %d %q", r.StatusCode, text, tc.status, tc.text)
			}
			for name, want := range tc.header {
				if got := r.Header.Get(name); got != want {
					t.Errorf("%s: got %q, want %q", name, got, want)
				}
			}
		})
	}
	s := &services{run: returns("price list.pdf", "file")}
	if r := ask(t, serviceHandler(s), "GET", "/execsvcscriptplain?name=x", "", basic("alice", "dёmo:1")...); r.StatusCode != 404 {
		t.Errorf("got %d without a folder of files", r.StatusCode)
	}
}

// Ensure many who wait do not become more and more.
func TestServicesWaitingAreBounded(t *testing.T) {
	begun, end := make(chan struct{}, 256), make(chan struct{})
	h := serviceHandler(&services{run: func(context.Context, web.ServiceCall) ([]string, error) {
		begun <- struct{}{}
		<-end
		return nil, nil
	}})
	done := make(chan int, 256)
	for range 256 {
		go func() {
			done <- ask(t, h, "GET", "/execsvcscript?name=x", "", basic("alice", "dёmo:1")...).StatusCode
		}()
	}
	for range 256 {
		<-begun
	}
	r := ask(t, h, "GET", "/execsvcscript?name=x", "", basic("alice", "dёmo:1")...)
	if r.StatusCode != 503 || r.Header.Get("Retry-After") == "" {
		t.Errorf("got %d %v", r.StatusCode, r.Header)
	}
	close(end)
	for range 256 {
		if got := <-done; got != 200 {
			t.Errorf("got %d", got)
		}
	}
}
