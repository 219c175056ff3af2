package transports

import (
	"crypto/md5"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"slices"
	"strings"
)

// A digest is what one Digest challenge asks for (RFC 7616; RFC 2617 and 2069 for older servers).
type digest struct {
	realm, nonce, opaque string
	algorithm            string // as the server wrote it; "" for none
	qop                  bool   // with a count and a nonce of ours
	stale                bool   // the password was right, the nonce too old
}

// The algorithms, the better one first.
var digestAlgorithms = []string{"sha-256", "sha-256-sess", "md5", "md5-sess"}

// bestDigest chooses among the Digest challenges of a server. The reason says why none is good.
func bestDigest(all []challenge) (best digest, reason string) {
	rank := len(digestAlgorithms)
	reason = "no digest is demanded"
	for _, c := range all {
		if c.scheme != AuthDigest {
			continue
		}
		algorithm := strings.ToLower(c.get("algorithm"))
		if algorithm == "" {
			algorithm = "md5"
		}
		at := slices.Index(digestAlgorithms, algorithm)
		qops := c.get("qop")
		offered := slices.ContainsFunc(strings.Split(qops, ","), func(q string) bool {
			return strings.EqualFold(strings.TrimSpace(q), "auth")
		})
		switch {
		case at < 0:
			reason = fmt.Sprintf("the digest algorithm %.20q is not known", algorithm)
		case qops != "" && !offered:
			reason = fmt.Sprintf("the digest quality %.20q is not known", qops)
		case c.get("nonce") == "":
			reason = "the digest challenge has no nonce"
		case at < rank:
			rank = at
			best = digest{
				realm: c.get("realm"), nonce: c.get("nonce"), opaque: c.get("opaque"), algorithm: c.get("algorithm"),
				qop: offered, stale: strings.EqualFold(c.get("stale"), "true"),
			}
		}
	}
	if best.nonce != "" {
		reason = ""
	}
	return best, reason
}

// answer is the value of Authorization for a request; count says how often the nonce was used, with
// this time.
func (d digest) answer(a Auth, method, uri string, count uint32) string {
	cnonce := newNonce()
	nc := fmt.Sprintf("%08x", count)
	var b strings.Builder
	b.WriteString("Digest username=" + quote(a.Login) + ", realm=" + quote(d.realm) + ", nonce=" + quote(d.nonce) + ", uri=" + quote(uri))
	b.WriteString(`, response="` + d.response(d.ha1(a.Login, a.Password, cnonce), method, uri, nc, cnonce) + `"`)
	if d.algorithm != "" {
		b.WriteString(", algorithm=" + d.algorithm)
	}
	if d.opaque != "" {
		b.WriteString(", opaque=" + quote(d.opaque))
	}
	if d.qop {
		b.WriteString(", qop=auth, nc=" + nc)
	}
	if d.qop || d.session() {
		b.WriteString(`, cnonce="` + cnonce + `"`)
	}
	return b.String()
}

// ha1 is what stands for the login and the password.
func (d digest) ha1(login, password, cnonce string) string {
	ha1 := d.sum(login + ":" + d.realm + ":" + password)
	if d.session() {
		ha1 = d.sum(ha1 + ":" + d.nonce + ":" + cnonce)
	}
	return ha1
}

// response is the proof that one knows ha1.
func (d digest) response(ha1, method, uri, nc, cnonce string) string {
	middle := ":"
	if d.qop {
		middle = ":" + nc + ":" + cnonce + ":auth:"
	}
	return d.sum(ha1 + ":" + d.nonce + middle + d.sum(method+":"+uri))
}

// session says that ha1 depends on the nonces.
func (d digest) session() bool { return strings.HasSuffix(strings.ToLower(d.algorithm), "-sess") }

func (d digest) sum(text string) string {
	var h hash.Hash
	if strings.HasPrefix(strings.ToLower(d.algorithm), "sha-256") {
		h = sha256.New()
	} else {
		h = md5.New()
	}
	h.Write([]byte(text)) // never fails
	return hex.EncodeToString(h.Sum(nil))
}

// newNonce is a text that nobody guesses.
func newNonce() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}
