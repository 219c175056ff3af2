package transports

import (
	"encoding/base64"
	"net/http"
	"strings"
	"sync"
)

// mostAnswers is how often one request is sent in all: as remembered, with the nonce of its own
// challenge, and once more when that one is stale already.
const mostAnswers = 3

// An AuthError says why a peer does not accept our authorization. It holds no secret.
type AuthError struct{ Reason string }

// Error implements error.
func (e *AuthError) Error() string { return "transports: authorization: " + e.Reason }

// Credentials answer a peer's demands for authorization, and remember what it wants.
type credentials struct {
	auth Auth

	mu    sync.Mutex
	basic bool   // it is sent unasked
	known digest // the challenge that was answered last; no nonce for none
	count uint32 // how often its nonce was used
}

func newCredentials(a Auth) *credentials {
	return &credentials{auth: a, basic: a.Scheme == AuthBasic && a.Preemptive}
}

// An attempt is one request, with its repetitions.
type attempt struct {
	c           *credentials
	method, uri string
	answers     int    // challenges that were answered
	basic       bool   // Basic was sent
	own         digest // the challenge of this request that was answered
	uses        uint32 // of its nonce
}

// begin starts a request.
func (c *credentials) begin(method, uri string) *attempt {
	return &attempt{c: c, method: method, uri: uri}
}

// first is the authorization that is sent before it is demanded; "" for none.
func (a *attempt) first() string {
	c := a.c
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.basic:
		a.basic = true
		return c.basicHeader()
	case c.known.nonce != "":
		c.count++
		return c.known.answer(c.auth, a.method, a.uri, c.count)
	}
	return ""
}

// answer is the authorization for a request that was answered with 401. Errors are *AuthError.
func (a *attempt) answer(h http.Header) (string, error) {
	a.c.forget()
	all := parseChallenges(h.Values("WWW-Authenticate"))
	scheme := a.c.auth.Scheme
	if a.c.auth.none() {
		return "", &AuthError{"the peer demands " + schemesOf(all) + ", and none is configured"}
	}
	var demanded bool
	for _, c := range all {
		demanded = demanded || c.scheme == scheme
	}
	// A password that is configured for digest must never travel as Basic sends it, whoever asks.
	if !demanded {
		return "", &AuthError{"the peer demands " + schemesOf(all) + ", configured is " + scheme}
	}
	a.answers++
	if scheme == AuthBasic {
		return a.answerBasic()
	}
	return a.answerDigest(all)
}

func (a *attempt) answerBasic() (string, error) {
	if a.basic {
		return "", errRefusedLogin()
	}
	a.basic = true
	return a.c.basicHeader(), nil
}

func (a *attempt) answerDigest(all []challenge) (string, error) {
	d, reason := bestDigest(all)
	switch {
	case reason != "":
		return "", &AuthError{reason}
	case a.answers >= mostAnswers, a.own.nonce != "" && !d.stale:
		return "", errRefusedLogin()
	}
	// Nobody else uses this nonce before the request is through, so its count is in order.
	a.own, a.uses = d, 1
	return d.answer(a.c.auth, a.method, a.uri, 1), nil
}

// again is the authorization for sending the request once more, after a failure of another kind.
func (a *attempt) again() string {
	if a.own.nonce == "" {
		return a.first()
	}
	a.uses++
	return a.own.answer(a.c.auth, a.method, a.uri, a.uses)
}

func errRefusedLogin() *AuthError { return &AuthError{"the peer refuses the login or the password"} }

// accepted remembers what the peer was content with.
func (a *attempt) accepted() {
	c := a.c
	c.mu.Lock()
	defer c.mu.Unlock()
	if a.basic {
		c.basic = true
	}
	if a.own.nonce != "" {
		c.known, c.count = a.own, a.uses
	}
}

// forget drops a nonce that the peer does not take any more.
func (c *credentials) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.known = digest{}
}

func (c *credentials) basicHeader() string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(c.auth.Login+":"+c.auth.Password))
}

// schemesOf names what a peer demands.
func schemesOf(all []challenge) string {
	var names []string
	for _, c := range all {
		if len(c.scheme) <= 20 {
			names = append(names, c.scheme)
		}
	}
	if len(names) == 0 {
		return "an authorization that it does not name"
	}
	return strings.Join(names, " or ")
}
