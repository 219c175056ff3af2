package main

import (
	"bytes"
	"context"
	"image"
	"image/png"
	"io"
	"mime/multipart"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/octolink/octolink/protocol/wire"
)

// get fetches a path of the plain listener.
func (r *running) get(path string) (status int, contentType, body string) {
	r.t.Helper()
	resp, err := http.Get("http://" + r.address("listen.http") + path)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return resp.StatusCode, resp.Header.Get("Content-Type"), string(text)
}

// pass is a password for one HTTP request of the tab's user.
func (c *tab) pass() string {
	c.t.Helper()
	return text(c.must("gettemphttppass", nil), "password")
}

var uploadedPath = regexp.MustCompile(`path="([^"]+)"`)

// upload sends a picture and gives its opaque path.
func (r *running) upload(pass string) string {
	r.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	file, err := form.CreateFormFile("file", "me.png")
	if err != nil {
		r.t.Fatal(err)
	}
	if err := png.Encode(file, image.NewGray(image.Rect(0, 0, 200, 200))); err != nil {
		r.t.Fatal(err)
	}
	form.Close()
	resp, err := http.Post("http://"+r.address("listen.http")+"/upload?temppass="+pass, form.FormDataContentType(), &body)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, _ := io.ReadAll(resp.Body)
	found := uploadedPath.FindSubmatch(answer)
	if found == nil {
		r.t.Fatalf("got %s %s", resp.Status, answer)
	}
	return string(found[1])
}

func TestPhotoFromUploadToRestart(t *testing.T) {
	dir := t.TempDir()
	s := start(t, dir, people)
	alice, boris := s.tab(wire.JSON), s.tab(wire.JSON)
	alice.logIn("alice", "demo")
	boris.logIn("boris", "Пароль1")
	path := s.upload(alice.pass())
	photo := wire.Object{{Key: "filepath", Value: path}}
	if answer := boris.ask("setmyuserphoto", photo); text(answer, "result") != "0" {
		t.Errorf("boris takes the upload of alice: %v", answer)
	}
	alice.must("setmyuserphoto", photo)
	link := text(alice.must("getuserphoto", nil), "link96x96")
	if status, kind, _ := s.get(link); status != http.StatusOK || !strings.HasPrefix(kind, "image/") {
		t.Errorf("%s: got %d %s", link, status, kind)
	}
	if got := text(boris.must("getalluserphotolink", nil), "links"); !strings.Contains(got, link) {
		t.Errorf("got links %s, want %s among them", got, link)
	}
	s.stop()
	again := start(t, dir, people)
	alice = again.tab(wire.JSON)
	alice.logIn("alice", "demo")
	if got := text(alice.must("getuserphoto", nil), "link96x96"); got != link {
		t.Errorf("got %q after the restart, want %q", got, link)
	}
}

func TestRecordingOfOwnCallOnly(t *testing.T) {
	s := start(t, t.TempDir(), strings.Replace(people, ", subordinates: [boris]", "", 1))
	alice, boris := s.tab(wire.JSON), s.tab(wire.JSON)
	alice.logIn("alice", "demo")
	boris.logIn("boris", "Пароль1")
	s.sim("ring", `{"from":"79161234567","to":"300"}`)
	alice.event("phoneevent_ringstarted")
	alice.must("pbxanswercall", nil)
	alice.event("phoneevent_commstarted")
	alice.must("pbxabortcall", nil)
	alice.event("phoneevent_commstopped")
	data, _ := alice.must("getpbxcalljournal", nil).Get("data")
	link := text(data.(wire.List)[0].(wire.Object), "recordlink")
	if link == "" {
		t.Fatalf("no link in %v", data)
	}
	if status, kind, body := s.get(link + "?temppass=" + alice.pass()); status != http.StatusOK || !strings.HasPrefix(kind, "audio/") || body == "" {
		t.Errorf("alice: got %d %s %d bytes", status, kind, len(body))
	}
	if status, _, _ := s.get(link + "?temppass=" + boris.pass()); status != http.StatusNotFound {
		t.Errorf("boris: got %d, want 404", status)
	}
	if status, _, _ := s.get(link); status != http.StatusForbidden {
		t.Errorf("nobody: got %d, want 403", status)
	}
}

func TestWebphoneIsToldWhoAsks(t *testing.T) {
	s := start(t, t.TempDir(), strings.Replace(people, `number: "301"`, `number: "301", webphone: {user: sip301, password: sipsecret, port: 7443}`, 1))
	ask := func(login, password string) wire.Object {
		return s.tab(wire.JSON).must("login", wire.Object{{Key: "userlogin", Value: login},
			{Key: "Password", Value: md5Cased(password)}, {Key: "usewebrtc", Value: true}})
	}
	if got := ask("boris", "Пароль1"); text(got, "sipuser") != "sip301" || text(got, "sippass") != "sipsecret" || text(got, "sipsecure") != "true" {
		t.Errorf("boris: got %v", got)
	}
	if got := ask("alice", "demo"); text(got, "sipuser") != "" {
		t.Errorf("alice: got %v", got)
	}
}

func TestTapMasksSecrets(t *testing.T) {
	s := start(t, t.TempDir(), people)
	ctx, enough := context.WithCancel(t.Context())
	out, code := &syncedBuffer{}, make(chan int, 1)
	go func() {
		code <- run(ctx, []string{"tap", "--user", "alice", "--data", filepath.Join(s.dir, "data")}, strings.NewReader(""), out, out)
	}()
	var session string
	soon(t, "the tap shows a login", func() bool {
		alice := s.tab(wire.JSON)
		session = alice.logIn("alice", "demo")
		return strings.Contains(out.String(), `["loginresult"`)
	})
	s.tab(wire.JSON).logIn("boris", "Пароль1")
	enough()
	if got := <-code; got != exitOK {
		t.Errorf("got exit code %d: %s", got, out)
	}
	shown := out.String()
	for _, secret := range []string{session, md5Cased("demo"), "boris"} {
		if strings.Contains(shown, secret) {
			t.Errorf("the tap shows %q:\n%s", secret, shown)
		}
	}
}
