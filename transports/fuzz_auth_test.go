package transports_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/octolink/octolink/transports"
)

// FuzzChallenges reads any WWW-Authenticate. What is read is bounded and, written again, reads the
// same; whatever a server demands is answered or refused.
func FuzzChallenges(f *testing.F) {
	for _, seed := range []string{
		`Digest realm="a", nonce="b", qop="auth,auth-int", algorithm=SHA-256, stale=true`, `Basic realm="x", Digest realm="y"`,
		`Negotiate abc==, NTLM`, `Digest realm="\"`, `,,=,"`, "Digest \t=\t\"", `a b=c d=e, f`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, line string) {
		all := transports.ReadChallenges([]string{line, line})
		if len(all) > 16 {
			t.Errorf("got %d challenges", len(all))
		}
		for _, c := range all {
			if c == "" || c != strings.TrimLeft(c, " ") || strings.Count(c, "=") == 0 && strings.Contains(c, " ") {
				t.Errorf("got %q", c)
			}
		}
		if _, err := transports.DigestResponse(line, "login", "password", "/", "cnonce"); err == nil && !strings.Contains(strings.ToLower(line), "digest") {
			t.Errorf("answered %q", line)
		}
	})
}

// FuzzDigestHeader knocks with any Authorization. Nobody gets in who does not know the password, and
// nothing breaks.
func FuzzDigestHeader(f *testing.F) {
	doors := []transports.Door{transports.NewDoor(digestAuth), transports.NewDoor(basicAuth)}
	_, _, challenge := knock(doors[0])
	right := answerDigest(challenge, "GET", "/", password, func(f map[string]string) { f["response"] = "x" })
	for _, seed := range []string{
		right, strings.ReplaceAll(right, `"x"`, ""), strings.ReplaceAll(right, `"x"`, `"`), "Digest a=", "Digest username=\"", basic("a", "b"), "Basic", "",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header["Authorization"] = []string{header}
		for _, d := range doors {
			if ok, name, _ := d.Check(r); ok || name != "" {
				t.Errorf("%q is let in as %q", header, name)
			}
		}
	})
}
