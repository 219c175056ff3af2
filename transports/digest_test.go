package transports_test

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/octolink/octolink/transports"
)

// What follows is a second Digest, written for the tests alone, so that the two judge each other.

// acceptKey answers Sec-WebSocket-Key.
func acceptKey(key string) string {
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return base64.StdEncoding.EncodeToString(sum[:])
}

var pairs = regexp.MustCompile(`([a-z]+)=(?:"((?:[^"\\]|\\.)*)"|([^",\s]*))`)

// fields reads the parameters of a header.
func fields(header string) map[string]string {
	m := map[string]string{}
	for _, p := range pairs.FindAllStringSubmatch(header, -1) {
		m[p[1]] = regexp.MustCompile(`\\(.)`).ReplaceAllString(p[2], "$1") + p[3]
	}
	return m
}

func hashed(algorithm, text string) string {
	if strings.HasPrefix(strings.ToUpper(algorithm), "SHA-256") {
		sum := sha256.Sum256([]byte(text))
		return hex.EncodeToString(sum[:])
	}
	sum := md5.Sum([]byte(text))
	return hex.EncodeToString(sum[:])
}

// expected is the right response for the parameters of an authorization.
func expected(f map[string]string, method, login, password string) string {
	h := func(text string) string { return hashed(f["algorithm"], text) }
	ha1 := h(login + ":" + f["realm"] + ":" + password)
	if strings.HasSuffix(strings.ToLower(f["algorithm"]), "-sess") {
		ha1 = h(ha1 + ":" + f["nonce"] + ":" + f["cnonce"])
	}
	ha2 := h(method + ":" + f["uri"])
	if f["qop"] == "" {
		return h(ha1 + ":" + f["nonce"] + ":" + ha2)
	}
	return h(strings.Join([]string{ha1, f["nonce"], f["nc"], f["cnonce"], f["qop"], ha2}, ":"))
}

// checkDigest complains of an Authorization that does not prove the password of the tests.
func checkDigest(t testing.TB, r *http.Request, nonce string) {
	t.Helper()
	header := r.Header.Get("Authorization")
	f := fields(header)
	if !strings.HasPrefix(header, "Digest ") || f["username"] != login || f["nonce"] != nonce || f["uri"] != r.RequestURI {
		t.Errorf("got authorization %q", header)
	}
	if want := expected(f, r.Method, login, password); f["response"] != want {
		t.Errorf("got response %s, want %s", f["response"], want)
	}
}

// answerDigest is a client's answer to a challenge; edit may spoil it.
func answerDigest(challenge, method, uri, password string, edit func(f map[string]string)) string {
	c := fields(challenge)
	f := map[string]string{
		"username": login, "realm": c["realm"], "nonce": c["nonce"], "uri": uri, "opaque": c["opaque"],
		"qop": "auth", "nc": "00000001", "cnonce": "0a4f113b", "algorithm": c["algorithm"],
	}
	if edit != nil {
		edit(f)
	}
	if _, given := f["response"]; !given {
		f["response"] = expected(f, method, f["username"], password)
	}
	var b strings.Builder
	for _, name := range []string{"username", "realm", "nonce", "uri", "opaque", "qop", "nc", "cnonce", "algorithm", "response"} {
		value, given := f[name]
		if !given {
			continue
		}
		if b.Len() > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%s=%s", name, `"`+strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(value)+`"`)
	}
	return "Digest " + b.String()
}

// The examples of RFC 7616 section 3.9.1 and of RFC 2617 section 3.5.
func TestDigestOfTheStandards(t *testing.T) {
	tests := []struct{ name, challenge, login, password, cnonce, want string }{
		{
			"RFC 7616, MD5", `Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=MD5, nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"`,
			"Mufasa", "Circle of Life", "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", "8ca523f5e9506fed4657c9700eebdbec",
		},
		{
			"RFC 7616, SHA-256", `Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=SHA-256, nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"`,
			"Mufasa", "Circle of Life", "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
		},
		{
			"RFC 2617", `Digest realm="testrealm@host.com", qop="auth,auth-int", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41"`,
			"Mufasa", "Circle Of Life", "0a4f113b", "6629fae49393a05397450978507c4ef1",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := transports.DigestResponse(tt.challenge, tt.login, tt.password, "/dir/index.html", tt.cnonce)
			if err != nil || got != tt.want {
				t.Errorf("got %s, %v, want %s", got, err, tt.want)
			}
		})
	}
}

func TestChallengesAreRead(t *testing.T) {
	tests := []struct {
		name  string
		lines []string
		want  string
	}{
		{"one", []string{`Digest realm="a", nonce=b`}, `digest realm=a nonce=b`},
		{"commas and quotes inside", []string{`Digest realm="a, \"b\" = c", nonce="d\\e"`}, `digest realm=a, "b" = c nonce=d\e`},
		{"two in a line", []string{`Basic realm="x", Digest realm="y", qop="auth,auth-int"`}, `basic realm=x|digest realm=y qop=auth,auth-int`},
		{"two lines", []string{`Negotiate`, `NTLM TlRMTVNTUAAB==, Basic realm=x`}, `negotiate|ntlm|basic realm=x`},
		{"a word alone between", []string{`Negotiate, Basic realm=x`}, `negotiate|basic realm=x`},
		{"odd spaces and commas", []string{`, ,Digest  realm = "a" ,, nonce="b",`}, `digest realm=a nonce=b`},
		{"any case", []string{`dIgEsT REALM="A"`}, `digest realm=A`},
		{"no end of the quotes", []string{`Digest realm="a, nonce=b`}, `digest realm=a, nonce=b`},
		{"a parameter of nobody", []string{`realm="a", Digest nonce=b`}, `digest nonce=b`},
		{"rubbish", []string{`"x", (y), Digest nonce=b`}, `digest nonce=b`},
		{"nothing", []string{``, `,`, ` `}, ``},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := strings.Join(transports.ReadChallenges(tt.lines), "|"); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
