package transports

import (
	"net/http"
	"strings"
	"time"
)

// ReadChallenges tells what was read of a header's lines.
func ReadChallenges(lines []string) []string {
	var told []string
	for _, c := range parseChallenges(lines) {
		words := []string{c.scheme}
		for _, p := range c.params {
			words = append(words, p.name+"="+p.value)
		}
		told = append(told, strings.Join(words, " "))
	}
	return told
}

// DigestResponse answers a challenge to a GET with a nonce that is not ours.
func DigestResponse(challenge, login, password, uri, cnonce string) (string, error) {
	d, reason := bestDigest(parseChallenges([]string{challenge}))
	if reason != "" {
		return "", &AuthError{reason}
	}
	return d.response(d.ha1(login, password, cnonce), http.MethodGet, uri, "00000001", cnonce), nil
}

// A Door judges requests as a listening link does.
type Door struct{ d doorman }

// NewDoor makes one.
func NewDoor(a Auth) Door { return Door{newDoorman(a)} }

// Check tells who was let in, or with which challenge he was refused.
func (d Door) Check(r *http.Request) (ok bool, name, challenge string) {
	v := d.d.check(r)
	return v.ok, v.name, v.challenge
}

// Pauses are those between so many attempts that fail.
func Pauses(n int) []time.Duration {
	b := backoff{pauses: usualBackoff()}
	all := make([]time.Duration, n)
	for i := range all {
		all[i] = b.next()
	}
	return all
}

// A Guess counts failures and says how long the answers wait; no means that there is none.
func Guess(l FailureLimits) func(remote string) (delay time.Duration, ok bool) {
	return newFailures(l).count
}
