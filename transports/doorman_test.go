package transports_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/octolink/octolink/transports"
)

var (
	digestAuth = transports.Auth{Scheme: transports.AuthDigest, Login: login, Password: password}
	basicAuth  = transports.Auth{Scheme: transports.AuthBasic, Login: login, Password: password}
)

// knock asks a door with an Authorization, "" for none.
func knock(d transports.Door, authorization ...string) (ok bool, name, challenge string) {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	for _, a := range authorization {
		r.Header.Add("Authorization", a)
	}
	return d.Check(r)
}

func TestBasicAtTheDoor(t *testing.T) {
	tests := []struct {
		name          string
		authorization []string
		want          bool
	}{
		{"right", []string{basic(login, password)}, true},
		{"in another case", []string{strings.Replace(basic(login, password), "Basic ", "bAsIc  ", 1)}, true},
		{"none", nil, false},
		{"a wrong password", []string{basic(login, password+"x")}, false},
		{"no password", []string{basic(login, "")}, false},
		{"a wrong login", []string{basic(strings.ToUpper(login), password)}, false},
		{"no login", []string{basic("", "")}, false},
		{"the stored form", []string{basic(login, "{SHA}")}, false},
		{"digest", []string{`Digest username="crm"`}, false},
		{"no base64", []string{"Basic !"}, false},
		{"no colon", []string{"Basic Y3Jt"}, false},
		{"the scheme alone", []string{"Basic"}, false},
		{"empty", []string{""}, false},
		{"twice", []string{basic(login, password), basic(login, password)}, false},
	}
	d := transports.NewDoor(basicAuth)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ok, name, challenge := knock(d, tt.authorization...)
			if ok != tt.want || ok != (name == login) {
				t.Errorf("got %v, %q, want %v", ok, name, tt.want)
			}
			if !ok && !strings.HasPrefix(challenge, `Basic realm="octolink"`) {
				t.Errorf("got challenge %q", challenge)
			}
		})
	}
}

func TestDigestAtTheDoor(t *testing.T) {
	set := func(name, value string) func(map[string]string) {
		return func(f map[string]string) { f[name] = value }
	}
	tests := []struct {
		name     string
		password string
		edit     func(f map[string]string)
		want     bool
		stale    bool
	}{
		{name: "right", password: password, want: true},
		{name: "without an algorithm", password: password, edit: func(f map[string]string) { delete(f, "algorithm") }, want: true},
		{name: "algorithm in another case", password: password, edit: set("algorithm", "md5"), want: true},
		{name: "an unknown parameter", password: password, edit: set("cnonce", "a, b=c"), want: true},
		{name: "a wrong password", password: password + "x"},
		{name: "a wrong login", password: password, edit: set("username", "root")},
		{name: "an unknown login and the secret of nobody", edit: func(f map[string]string) {
			f["username"] = "nobody"
			f["response"] = hashed("", strings.Join([]string{"", f["nonce"], f["nc"], f["cnonce"], f["qop"], hashed("", "GET:/")}, ":"))
		}},
		{name: "no login", password: password, edit: set("username", "")},
		{name: "another realm", password: password, edit: set("realm", "elsewhere")},
		{name: "another address", password: password, edit: set("uri", "/elsewhere")},
		{name: "a nonce that is not ours", password: password, edit: set("nonce", "made up"), stale: true},
		{name: "another opaque", password: password, edit: set("opaque", "x"), stale: true},
		{name: "auth-int", password: password, edit: set("qop", "auth-int")},
		{name: "no quality", password: password, edit: func(f map[string]string) { delete(f, "qop") }},
		{name: "a count of zero", password: password, edit: set("nc", "00000000")},
		{name: "a long count", password: password, edit: set("nc", "000000001")},
		{name: "a signed count", password: password, edit: set("nc", "+0000001")},
		{name: "an empty response", edit: set("response", "")},
		{name: "a response of one quote", edit: set("response", `"`)},
		{name: "SHA-256, which is not offered", password: password, edit: set("algorithm", "SHA-256")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := transports.NewDoor(digestAuth)
			_, _, challenge := knock(d)
			ok, name, again := knock(d, answerDigest(challenge, "GET", "/", tt.password, tt.edit))
			if ok != tt.want || ok != (name == login) {
				t.Errorf("got %v, %q, want %v", ok, name, tt.want)
			}
			if stale := strings.Contains(again, "stale=true"); !ok && stale != tt.stale {
				t.Errorf("got challenge %q, want stale %v", again, tt.stale)
			}
			if !ok && (again == challenge || !strings.HasPrefix(again, "Digest ")) {
				t.Errorf("got challenge %q, want a new one", again)
			}
		})
	}
}

// What the library would stumble over does not reach it.
func TestDigestHeadersThatAreNone(t *testing.T) {
	d := transports.NewDoor(digestAuth)
	_, _, challenge := knock(d)
	right := answerDigest(challenge, "GET", "/", password, nil)
	for _, header := range []string{
		"Digest", "Digest ", "Digest =", "Digest a=", `Digest a="`, `Digest username=, realm=`, `Digest "`, basic(login, password), "Bearer x",
		right + `, username="other"`, right + ", nc=00000002", right + `, Digest ` + right[len("Digest "):], "Basic x, " + right,
		strings.Repeat("a", 10_000), "Digest " + strings.Repeat("a=b,", 10_000),
	} {
		if ok, _, _ := knock(d, header); ok {
			t.Errorf("let in with %.60q", header)
		}
	}
	if ok, _, _ := knock(d, right, right); ok {
		t.Error("let in with two headers")
	}
	if ok, _, _ := knock(d, right); !ok {
		t.Error("the right one is refused afterwards")
	}
}

func TestDigestNonceIsUsedUp(t *testing.T) {
	d := transports.NewDoor(digestAuth)
	_, _, challenge := knock(d)
	count := func(nc string) string {
		return answerDigest(challenge, "GET", "/", password, func(f map[string]string) { f["nc"] = nc })
	}
	for _, tt := range []struct {
		nc   string
		want bool
	}{{"00000001", true}, {"00000001", false}, {"00000002", true}, {"0000000a", true}, {"00000009", false}, {"0000000A", false}, {"0000000B", true}} {
		ok, _, again := knock(d, count(tt.nc))
		if ok != tt.want {
			t.Errorf("count %s: got %v, want %v", tt.nc, ok, tt.want)
		}
		if !ok && !strings.Contains(again, "stale=true") {
			t.Errorf("count %s: got challenge %q, want a stale one", tt.nc, again)
		}
	}
}

// Many who only ask for challenges neither break the door nor keep others out.
func TestDigestUnderAFlood(t *testing.T) {
	d := transports.NewDoor(digestAuth)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for i := range 1000 {
				_, _, challenge := knock(d)
				if i%20 != 0 {
					continue
				}
				// A nonce may be pushed out meanwhile; then a client is told so and answers the new one.
				ok := false
				for tries := 0; !ok && tries < 20; tries++ {
					ok, _, challenge = knock(d, answerDigest(challenge, "GET", "/", password, nil))
					if !ok && !strings.HasSuffix(challenge, ", stale=true") {
						t.Errorf("got challenge %q, want a stale one", challenge)
					}
				}
				if !ok {
					t.Error("refused")
				}
			}
		})
	}
	all.Wait()
}

func TestGuessesBecomeSlow(t *testing.T) {
	count := transports.Guess(transports.FailureLimits{PerAddress: 3})
	want := []time.Duration{0, 0, 0, 1, 2, 4, 8, 16, 30, 30}
	for i, w := range want {
		if got, ok := count(fmt.Sprintf("192.0.2.1:%d", 1000+i)); !ok || got != w*time.Second {
			t.Errorf("failure %d: got %v, %v, want %v", i+1, got, ok, w*time.Second)
		}
	}
	if got, ok := count("192.0.2.2:1000"); !ok || got != 0 {
		t.Errorf("somebody else: got %v, %v, want no delay", got, ok)
	}
	// Answers that wait hold a connection each, so there is an end to them.
	refused := 0
	for range 100 {
		if _, ok := count("192.0.2.1:1"); !ok {
			refused++
		}
	}
	if want := 100 - (64 - 7); refused != want {
		t.Errorf("got %d without an answer, want %d", refused, want)
	}
}
