package transports

import (
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strings"
	"sync"

	auth "github.com/abbot/go-http-auth"
)

// realm is what our challenges name.
const realm = "octolink"

// A verdict says what a request's authorization is worth.
type verdict struct {
	ok        bool
	name      string // that was proved; "" when nothing is demanded
	challenge string // WWW-Authenticate, when it is not ok
	reason    string // for the operator; "" when nothing was tried
	guess     bool   // a wrong one, which may be followed by others
}

// A doorman judges authorizations.
type doorman interface {
	check(r *http.Request) verdict
}

func newDoorman(a Auth) doorman {
	switch {
	case a.none():
		return everybody{}
	case a.Scheme == AuthBasic:
		return newBasicDoorman(a)
	}
	return newDigestDoorman(a)
}

// everybody lets everybody in.
type everybody struct{}

func (everybody) check(*http.Request) verdict { return verdict{ok: true} }

// Reasons of refusals.
const (
	reasonScheme    = "the wrong scheme of authorization"
	reasonMalformed = "a malformed authorization"
	reasonWrong     = "a wrong login or password"
	reasonAddress   = "a digest for another address (does a proxy change the path?)"
	reasonStale     = "a digest nonce that is used up or not ours"
)

// sent returns the authorization of a request, split behind its scheme in lower case.
func sent(r *http.Request) (scheme, rest string, some bool) {
	lines := r.Header["Authorization"]
	if len(lines) == 0 {
		return "", "", false
	}
	if len(lines) > 1 {
		return "", "", true
	}
	scheme, rest, _ = strings.Cut(lines[0], " ")
	return strings.ToLower(scheme), strings.TrimLeft(rest, " "), true
}

// only is a request with nothing but what authorization is about, in the spelling that the library
// wants.
func only(r *http.Request, authorization string) *http.Request {
	return &http.Request{
		Method: r.Method, URL: r.URL, RequestURI: r.RequestURI,
		Header: http.Header{"Authorization": {authorization}},
	}
}

// same compares in a time that tells nothing, not even the length.
func same(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

// secrets answers for the one login of a link. For all others it gives a secret that nobody knows:
// an empty one would be known to everybody.
func secrets(login, secret, nobodys string) auth.SecretProvider {
	return func(user, _ string) string {
		if same(user, login) {
			return secret
		}
		return nobodys
	}
}

// A basicDoorman wants Basic (RFC 7617).
type basicDoorman struct{ lib *auth.BasicAuth }

func newBasicDoorman(a Auth) *basicDoorman {
	var noise [sha1.Size]byte
	_, _ = rand.Read(noise[:]) // never fails
	return &basicDoorman{auth.NewBasicAuthenticator(realm, secrets(a.Login, shaSecret(sha1.Sum([]byte(a.Password))), shaSecret(noise)))}
}

// shaSecret is the form that the library compares quickly and in constant time.
func shaSecret(sum [sha1.Size]byte) string {
	return "{SHA}" + base64.StdEncoding.EncodeToString(sum[:])
}

func (d *basicDoorman) check(r *http.Request) verdict {
	v := verdict{challenge: `Basic realm="` + realm + `", charset="UTF-8"`}
	scheme, rest, some := sent(r)
	switch {
	case !some:
		return v
	case scheme != AuthBasic:
		v.reason, v.guess = reasonScheme, true
		return v
	}
	v.name = d.lib.CheckAuth(only(r, "Basic "+rest))
	if v.name == "" {
		v.reason, v.guess = reasonWrong, true
		return v
	}
	return verdict{ok: true, name: v.name}
}

// A digestDoorman wants Digest (RFC 7616) with MD5. The library's challenges are not safe for
// several goroutines and it stumbles over empty values, so it sees one well-formed header at a time.
type digestDoorman struct {
	ha1 string

	mu  sync.Mutex
	lib *auth.DigestAuth
}

func newDigestDoorman(a Auth) *digestDoorman {
	ha1 := digest{realm: realm}.ha1(a.Login, a.Password, "")
	var noise [16]byte
	_, _ = rand.Read(noise[:]) // never fails
	lib := auth.NewDigestAuthenticator(realm, secrets(a.Login, ha1, hex.EncodeToString(noise[:])))
	// Who only asks for challenges must not push out those of others too soon.
	lib.ClientCacheSize = 4096
	return &digestDoorman{ha1: ha1, lib: lib}
}

func (d *digestDoorman) check(r *http.Request) verdict {
	scheme, _, some := sent(r)
	if !some {
		return d.ask(r, "")
	}
	if scheme != AuthDigest {
		return d.guess(r, reasonScheme)
	}
	c, ok := digestOf(r.Header["Authorization"])
	if !ok {
		return d.guess(r, reasonMalformed)
	}
	v := d.ask(r, c.authorization())
	switch {
	case v.ok:
		return v
	case d.knows(c, r.Method) && c.get("uri") != r.RequestURI:
		v.reason, v.guess = reasonAddress, true
	case d.knows(c, r.Method):
		v.challenge += ", stale=true"
		v.reason = reasonStale
	default:
		v.reason, v.guess = reasonWrong, true
	}
	return v
}

// guess is a refusal for something that is not even tried.
func (d *digestDoorman) guess(r *http.Request, reason string) verdict {
	v := d.ask(r, "")
	v.reason, v.guess = reason, true
	return v
}

// ask has the library judge an authorization; "" only fetches a challenge.
func (d *digestDoorman) ask(r *http.Request, authorization string) verdict {
	d.mu.Lock()
	defer d.mu.Unlock()
	r = only(r, authorization)
	if name, _ := d.lib.CheckAuth(r); name != "" {
		return verdict{ok: true, name: name}
	}
	answer := headers{}
	d.lib.RequireAuth(answer, r)
	return verdict{challenge: answer.Header().Get("WWW-Authenticate")}
}

// Headers take an answer of the library, of which only the header counts.
type headers http.Header

func (h headers) Header() http.Header         { return http.Header(h) }
func (h headers) Write(b []byte) (int, error) { return len(b), nil }
func (h headers) WriteHeader(int)             {}

// knows says whether the sender knows the password, whatever his nonce is worth.
func (d *digestDoorman) knows(c challenge, method string) bool {
	asked := digest{realm: realm, nonce: c.get("nonce"), qop: true}
	return same(c.get("response"), asked.response(d.ha1, method, c.get("uri"), c.get("nc"), c.get("cnonce")))
}

// digestParams are what an answer to our challenge has.
var digestParams = []string{"username", "realm", "nonce", "uri", "response", "qop", "nc", "cnonce", "opaque"}

// digestOf reads a Digest authorization; not ok when something is missing or stands twice.
func digestOf(lines []string) (c challenge, ok bool) {
	all := parseChallenges(lines)
	if len(lines) != 1 || len(all) != 1 || all[0].doubled() {
		return c, false
	}
	c = all[0]
	for _, name := range digestParams {
		if c.get(name) == "" {
			return c, false
		}
	}
	return c, c.get("realm") == realm && countsUp(c.get("nc"))
}

// countsUp says whether a nonce count is one. Zero is none: it would never grow, so it could be
// sent again and again.
func countsUp(nc string) bool {
	return len(nc) == 8 && strings.Trim(strings.ToLower(nc), "0123456789abcdef") == "" && nc != "00000000"
}

// authorization writes a challenge's answer again, all values quoted.
func (c challenge) authorization() string {
	parts := make([]string, len(c.params))
	for i, p := range c.params {
		if p.name == "algorithm" {
			p.value = strings.ToUpper(p.value) // md5 is MD5 to the library too
		}
		parts[i] = p.name + "=" + quote(p.value)
	}
	return "Digest " + strings.Join(parts, ", ")
}
