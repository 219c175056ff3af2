package crmsim

import (
	"crypto/subtle"
	"encoding/base64"
	"net/http"
	"strings"
)

const realm = "crmsim"

// authorized checks a request's authorization and answers it when it is none.
func (c *CRM) authorized(w http.ResponseWriter, r *http.Request) bool {
	a := c.opts.Auth
	demand := ""
	switch a.Scheme {
	case Basic:
		login, password, ok := r.BasicAuth()
		if ok && same(login, a.Login) && same(password, a.Password) {
			return true
		}
		demand = `Basic realm="` + realm + `", charset="UTF-8"`
	case Digest:
		right, stale := c.provedBy(r)
		if right {
			return true
		}
		demand = challenge{realm: realm, nonce: c.nonces.give(), algorithm: a.algorithm(), stale: stale}.header()
	default:
		return true
	}
	w.Header().Set("WWW-Authenticate", demand)
	http.Error(w, "who are you?", http.StatusUnauthorized)
	return false
}

func (a Auth) algorithm() string {
	if a.SHA256 {
		return "SHA-256"
	}
	return "MD5"
}

// provedBy checks a digest. stale says that only its nonce is too old.
func (c *CRM) provedBy(r *http.Request) (right, stale bool) {
	scheme, params, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Digest") {
		return false, false
	}
	p := parseProof(params)
	if p.realm != realm || p.uri != r.RequestURI || !p.auth || len(p.count) != 8 || !strings.EqualFold(either(p.algorithm, "MD5"), c.opts.Auth.algorithm()) {
		return false, false
	}
	want, err := p.expected(c.opts.Auth.Password, r.Method)
	if err != nil || !same(p.login, c.opts.Auth.Login) || !same(p.response, want) {
		return false, false
	}
	used := c.nonces.use(p.nonce, p.count)
	return used, !used
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// answer gives the Authorization header for a challenge of octolink's; "" when it is of another
// scheme than the configured one.
func (a Auth) answer(demands []string, uri string) (string, error) {
	for _, d := range demands {
		scheme, params, _ := strings.Cut(d, " ")
		switch {
		case a.Scheme == Basic && strings.EqualFold(scheme, "Basic"):
			return a.basic(), nil
		case a.Scheme == Digest && strings.EqualFold(scheme, "Digest"):
			return parseChallenge(params).prove(a.Login, a.Password, http.MethodGet, uri)
		}
	}
	return "", nil
}

func (a Auth) basic() string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(a.Login+":"+a.Password))
}
