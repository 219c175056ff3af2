package crmsim

import (
	"crypto/md5"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"strings"
	"sync"
)

// A challenge is what a server demands of a client (RFC 7616 section 3.3, RFC 2617).
type challenge struct {
	realm, nonce, opaque, algorithm string
	auth                            bool // qop=auth is offered
	stale                           bool
}

// A proof is what a client answers (RFC 7616 section 3.4).
type proof struct {
	challenge
	login, uri, cnonce, count, response string
	auth                                bool
}

// parameters of an authorization header behind its scheme: name=token and name="quoted text".
func headerParams(header string) map[string]string {
	params := map[string]string{}
	for header = strings.TrimLeft(header, " ,"); header != ""; header = strings.TrimLeft(header, " ,") {
		name, rest, ok := strings.Cut(header, "=")
		if !ok {
			break
		}
		var value string
		if text, quoted := strings.CutPrefix(strings.TrimLeft(rest, " "), `"`); quoted {
			value, header = unquote(text)
		} else {
			value, header, _ = strings.Cut(rest, ",")
		}
		params[strings.ToLower(strings.TrimSpace(name))] = strings.TrimSpace(value)
	}
	return params
}

// unquote reads up to the closing quote.
func unquote(s string) (value, rest string) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '"':
			return b.String(), s[i+1:]
		case s[i] == '\\' && i+1 < len(s):
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String(), ""
}

func quoted(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

func parseChallenge(params string) challenge {
	p := headerParams(params)
	c := challenge{realm: p["realm"], nonce: p["nonce"], opaque: p["opaque"], algorithm: p["algorithm"]}
	for qop := range strings.SplitSeq(p["qop"], ",") {
		c.auth = c.auth || strings.EqualFold(strings.TrimSpace(qop), "auth")
	}
	c.stale = strings.EqualFold(p["stale"], "true")
	return c
}

func parseProof(params string) proof {
	p := headerParams(params)
	return proof{
		challenge: challenge{realm: p["realm"], nonce: p["nonce"], opaque: p["opaque"], algorithm: p["algorithm"]},
		login:     p["username"], uri: p["uri"], cnonce: p["cnonce"], count: p["nc"], response: p["response"],
		auth: strings.EqualFold(p["qop"], "auth"),
	}
}

// header is the challenge as a server sends it.
func (c challenge) header() string {
	h := fmt.Sprintf(`Digest realm=%s, nonce=%s, qop="auth", algorithm=%s`, quoted(c.realm), quoted(c.nonce), c.algorithm)
	if c.stale {
		h += ", stale=true"
	}
	return h
}

// prove answers a challenge.
func (c challenge) prove(login, password, method, uri string) (string, error) {
	p := proof{challenge: c, login: login, uri: uri, auth: c.auth}
	if p.auth {
		p.cnonce, p.count = randomHex(), "00000001"
	}
	response, err := p.expected(password, method)
	if err != nil {
		return "", err
	}
	h := fmt.Sprintf(`Digest username=%s, realm=%s, nonce=%s, uri=%s, response="%s"`,
		quoted(login), quoted(c.realm), quoted(c.nonce), quoted(uri), response)
	if c.algorithm != "" {
		h += ", algorithm=" + c.algorithm
	}
	if c.opaque != "" {
		h += ", opaque=" + quoted(c.opaque)
	}
	if p.auth {
		h += fmt.Sprintf(`, qop=auth, nc=%s, cnonce=%s`, p.count, quoted(p.cnonce))
	}
	return h, nil
}

// expected is the response that who knows the password gives.
func (p proof) expected(password, method string) (string, error) {
	var digest func() hash.Hash
	switch strings.ToUpper(p.algorithm) {
	case "", "MD5":
		digest = md5.New
	case "SHA-256":
		digest = sha256.New
	default:
		return "", fmt.Errorf("crmsim: digest with %q", p.algorithm)
	}
	sum := func(parts ...string) string {
		h := digest()
		h.Write([]byte(strings.Join(parts, ":"))) //nolint:errcheck // a hash never fails
		return hex.EncodeToString(h.Sum(nil))
	}
	secret, what := sum(p.login, p.realm, password), sum(method, p.uri)
	if !p.auth {
		return sum(secret, p.nonce, what), nil
	}
	return sum(secret, p.nonce, p.count, p.cnonce, "auth", what), nil
}

func randomHex() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// mostNonces bounds the nonces that may be used; the oldest is forgotten.
const mostNonces = 1000

// nonces are those that were given out, with the highest count that each was used with.
type nonces struct {
	mu    sync.Mutex
	used  map[string]string
	order []string
}

func (n *nonces) give() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.used == nil {
		n.used = map[string]string{}
	}
	if len(n.order) >= mostNonces {
		delete(n.used, n.order[0])
		n.order = n.order[1:]
	}
	nonce := randomHex()
	n.used[nonce] = ""
	n.order = append(n.order, nonce)
	return nonce
}

// use accepts a nonce with a count that it was not used with.
func (n *nonces) use(nonce, count string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	last, given := n.used[nonce]
	if !given || count <= last { // eight hex digits compare as text
		return false
	}
	n.used[nonce] = count
	return true
}
