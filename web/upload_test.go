package web_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/octolink/octolink/web"
)

// pictureOf draws a picture whose left half is red and right half blue.
func pictureOf(w, h int) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := color.NRGBA{R: 220, A: 255}
			if x >= w/2 {
				c = color.NRGBA{B: 220, A: 255}
			}
			img.SetNRGBA(x, y, c)
		}
	}
	return img
}

func asPNG(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func asJPEG(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func asGIF(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := gif.Encode(&b, img, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

type uploadSite struct {
	t       *testing.T
	dir     string
	passes  *web.Passes
	uploads *web.Uploads
	http    http.Handler
	copies  []string
}

func newUploadSite(t *testing.T) *uploadSite {
	t.Helper()
	s := &uploadSite{t: t, dir: filepath.Join(t.TempDir(), "uploads"), passes: web.NewPasses()}
	var err error
	if s.uploads, err = web.OpenUploads(s.dir); err != nil {
		t.Fatal(err)
	}
	s.http = web.New(web.Options{Passes: s.passes, Uploads: s.uploads}).Public()
	return s
}

// send uploads a file for a user; field is the form's.
func (s *uploadSite) send(login, query, field, name string, file []byte) (int, string) {
	s.t.Helper()
	password, err := s.passes.Issue(login, func(password, status, body string) { s.copies = append(s.copies, status+"|"+body) })
	if err != nil {
		s.t.Fatal(err)
	}
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	if err := w.WriteField("other", "text before"); err != nil {
		s.t.Fatal(err)
	}
	part, err := w.CreateFormFile(field, name)
	if err != nil {
		s.t.Fatal(err)
	}
	part.Write(file)
	w.Close()
	r := ask(s.t, s.http, "POST", "/upload?temppass="+password+query, form.String(), "Content-Type", w.FormDataContentType())
	return r.StatusCode, textOf(s.t, r)
}

var result = regexp.MustCompile(`^<uploadfilesresult count="1"><file name="([^"]*)" path="(photo/[0-9a-f]{32}\.(jpg|png))" /></uploadfilesresult>$`)

func TestUploadIsServedInThreeSizes(t *testing.T) {
	s := newUploadSite(t)
	tests := []struct {
		name, query string
		file        []byte
		ext, media  string
		full        image.Point
	}{
		{"jpeg", "&storagemode=storage&pathmode=relative", asJPEG(t, pictureOf(300, 200)), "jpg", "image/jpeg", image.Pt(300, 200)},
		{"png with a double ampersand", "&&storagemode=temp&pathmode=absolute", asPNG(t, pictureOf(40, 40)), "jpg", "image/jpeg", image.Pt(40, 40)},
		{"large gif", "", asGIF(t, pictureOf(2048, 1024)), "jpg", "image/jpeg", image.Pt(1024, 512)},
		{"png that shines through", "", asPNG(t, image.NewNRGBA(image.Rect(0, 0, 10, 10))), "png", "image/png", image.Pt(10, 10)},
		{"one pixel wide", "", asPNG(t, pictureOf(1, 4000)), "jpg", "image/jpeg", image.Pt(1, 1024)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			status, text := s.send("alice", tt.query, "file", `a".png`, tt.file)
			m := result.FindStringSubmatch(text)
			if status != 200 || m == nil || m[3] != tt.ext {
				t.Fatalf("got %d %s", status, text)
			}
			if got := s.copies[len(s.copies)-1]; got != "200 OK|"+text {
				t.Errorf("the copy is %q, want the answer", got)
			}
			full, middle, small := web.PhotoLinks(m[2])
			for link, want := range map[string]image.Point{full: tt.full, middle: image.Pt(96, 96), small: image.Pt(32, 32)} {
				r := ask(t, s.http, "GET", link, "")
				cfg, _, err := image.DecodeConfig(r.Body)
				if err != nil || r.StatusCode != 200 {
					t.Fatalf("%s: %d, %v", link, r.StatusCode, err)
				}
				if got := image.Pt(cfg.Width, cfg.Height); got != want {
					t.Errorf("%s is %v, want %v", link, got, want)
				}
				if got := r.Header.Get("Content-Type"); got != tt.media {
					t.Errorf("%s is %s, want %s", link, got, tt.media)
				}
				if r.Header.Get("X-Content-Type-Options") != "nosniff" {
					t.Errorf("%s has no nosniff", link)
				}
			}
		})
	}
}

func TestBadUploads(t *testing.T) {
	s := newUploadSite(t)
	bomb := asPNG(t, pictureOf(8, 8))
	binary.BigEndian.PutUint32(bomb[16:], 60000) // width and height of the header chunk
	binary.BigEndian.PutUint32(bomb[20:], 60000)
	fine := asPNG(t, pictureOf(8, 8))
	tests := []struct {
		name, query, field string
		file               []byte
		want               int
	}{
		{"not a picture", "", "file", []byte("<html><script>alert(1)</script>"), 415},
		{"picture that claims to be huge", "", "file", bomb, 415},
		{"half a picture", "", "file", fine[:len(fine)/2], 415},
		{"empty file", "", "file", nil, 415},
		{"another field", "", "picture", fine, 400},
		{"unknown storage mode", "&storagemode=etc", "file", fine, 400},
		{"unknown path mode", "&pathmode=../..", "file", fine, 400},
		{"more than 5 MiB", "", "file", make([]byte, 5<<20+1), 413},
		{"far more than 5 MiB", "", "file", make([]byte, 7<<20), 413},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			status, text := s.send("alice", tt.query, tt.field, "a.png", tt.file)
			if status != tt.want || strings.Contains(text, "uploadfilesresult") {
				t.Errorf("got %d %q, want %d", status, text, tt.want)
			}
			if got := s.copies[len(s.copies)-1]; strings.HasPrefix(got, "200") || !strings.HasSuffix(got, text) {
				t.Errorf("the copy is %q, want the failure", got)
			}
		})
	}
	if files, err := os.ReadDir(s.dir); err != nil || len(files) != 0 {
		t.Errorf("%d files are left of refused uploads, err %v", len(files), err)
	}
}

func TestUploadNeedsItsOwnPassword(t *testing.T) {
	s := newUploadSite(t)
	for _, target := range []string{"/upload", "/upload?temppass=", "/upload?temppass=" + strings.Repeat("0", 32)} {
		if got := ask(t, s.http, "POST", target, "x").StatusCode; got != http.StatusForbidden {
			t.Errorf("POST %s: status %d, want 403", target, got)
		}
	}
	password := issue(t, s.passes, "alice")
	if got := ask(t, s.http, "POST", "/upload?temppass="+password, "no form").StatusCode; got != http.StatusBadRequest {
		t.Errorf("no form: status %d, want 400", got)
	}
	if got := ask(t, s.http, "POST", "/upload?temppass="+password, "no form").StatusCode; got != http.StatusForbidden {
		t.Errorf("the same password again: status %d, want 403", got)
	}
	password = issue(t, s.passes, "alice")
	if got := ask(t, s.http, "GET", "/upload?temppass="+password, "").StatusCode; got != http.StatusMethodNotAllowed {
		t.Errorf("GET: status %d, want 405", got)
	}
}

func TestPageOfAnotherOriginMayUpload(t *testing.T) {
	s := newUploadSite(t)
	origin := []string{"Origin", "https://crm.example", "Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "content-type"}
	r := ask(t, s.http, "OPTIONS", "/upload?temppass=x", "", origin...)
	if r.StatusCode != 204 || r.Header.Get("Access-Control-Allow-Origin") != "*" || !strings.Contains(r.Header.Get("Access-Control-Allow-Methods"), "POST") {
		t.Errorf("preflight: %d %v", r.StatusCode, r.Header)
	}
	if r.Header.Get("Access-Control-Allow-Credentials") != "" {
		t.Error("cookies are allowed along")
	}
	r = ask(t, s.http, "POST", "/upload?temppass=x", "", "Origin", "https://crm.example")
	if r.StatusCode != 403 || r.Header.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("a refusal must be readable too: %d %v", r.StatusCode, r.Header)
	}
}

func TestUploadBelongsToItsUser(t *testing.T) {
	s := newUploadSite(t)
	_, text := s.send("Alice", "", "file", "a.png", asPNG(t, pictureOf(8, 8)))
	path := result.FindStringSubmatch(text)[2]
	for _, same := range []string{path, "/" + path, strings.ReplaceAll(path, "/", `\`)} {
		if kept, err := s.uploads.Photo("alice", same); err != nil || kept != path {
			t.Errorf("%q of its own user: %q, %v", same, kept, err)
		}
	}
	if _, err := s.uploads.Photo("boris", path); !errors.Is(err, web.ErrNoSuchUpload) {
		t.Errorf("someone else's upload: %v, want ErrNoSuchUpload", err)
	}
	for _, bad := range []string{"", "/etc/passwd", "../octolink.db", "photo/../../secret.key", path + "/..", "photo/" + strings.Repeat("0", 32) + ".jpg", "PHOTO/" + path[6:], path + "\x00.jpg", path + "\n"} {
		if _, err := s.uploads.Photo("alice", bad); !errors.Is(err, web.ErrNoSuchUpload) {
			t.Errorf("%q: %v, want ErrNoSuchUpload", bad, err)
		}
	}
}

func TestPhotoPathsCannotLeaveTheirDirectory(t *testing.T) {
	s := newUploadSite(t)
	_, text := s.send("alice", "", "file", "a.png", asPNG(t, pictureOf(8, 8)))
	name := strings.TrimSuffix(strings.TrimPrefix(result.FindStringSubmatch(text)[2], "photo/"), ".jpg")
	for _, path := range []string{"/photo/", "/photo/" + name, "/photo/" + name + ".owner", "/photo/..%2f..%2fetc%2fpasswd", "/photo/" + name + ".JPG", "/photo/" + name + "-64x64.jpg"} {
		if got := ask(t, s.http, "GET", path, "").StatusCode; got != http.StatusNotFound {
			t.Errorf("%s: status %d, want 404", path, got)
		}
	}
}

func TestUnusedUploadsAreRemovedAfterADay(t *testing.T) {
	s := newUploadSite(t)
	var paths []string
	for range 3 {
		_, text := s.send("alice", "", "file", "a.png", asPNG(t, pictureOf(8, 8)))
		paths = append(paths, result.FindStringSubmatch(text)[2])
	}
	used, unused, young := paths[0], paths[1], paths[2]
	yesterday := time.Now().Add(-25 * time.Hour)
	for _, path := range []string{used, unused} {
		owner := filepath.Join(s.dir, strings.TrimSuffix(strings.TrimPrefix(path, "photo/"), ".jpg")+".owner")
		if err := os.Chtimes(owner, yesterday, yesterday); err != nil {
			t.Fatal(err)
		}
	}
	removed, err := s.uploads.Clean([]string{used})
	if err != nil || removed != 1 {
		t.Fatalf("removed %d, %v, want 1", removed, err)
	}
	for path, want := range map[string]int{used: 200, young: 200, unused: 404} {
		if got := ask(t, s.http, "GET", "/"+path, "").StatusCode; got != want {
			t.Errorf("%s: status %d, want %d", path, got, want)
		}
	}
	if files, err := os.ReadDir(s.dir); err != nil || len(files) != 8 {
		t.Errorf("%d files are left, want four for each of two, err %v", len(files), err)
	}
}
