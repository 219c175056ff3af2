package crmsim

import (
	"strings"
	"testing"
)

// The examples of RFC 7616 section 3.9.1 and of RFC 2617 section 3.5.
func TestDigestOfTheStandards(t *testing.T) {
	for _, test := range []struct{ algorithm, realm, nonce, cnonce, password, want string }{
		{"MD5", "http-auth@example.org", "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
			"Circle of Life", "8ca523f5e9506fed4657c9700eebdbec"},
		{"SHA-256", "http-auth@example.org", "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
			"Circle of Life", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"},
		{"", "testrealm@host.com", "dcd98b7102dd2f0e8b11d0f600bfb0c093", "0a4f113b", "Circle Of Life", "6629fae49393a05397450978507c4ef1"},
	} {
		p := proof{
			challenge: challenge{realm: test.realm, nonce: test.nonce, algorithm: test.algorithm},
			login:     "Mufasa", uri: "/dir/index.html", cnonce: test.cnonce, count: "00000001", auth: true,
		}
		if got, err := p.expected(test.password, "GET"); got != test.want || err != nil {
			t.Errorf("%s: got %s, %v, want %s", test.algorithm, got, err, test.want)
		}
	}
}

func TestNonceIsUsedOncePerCount(t *testing.T) {
	var n nonces
	nonce := n.give()
	for _, test := range []struct {
		nonce, count string
		want         bool
	}{
		{nonce, "00000001", true}, {nonce, "00000001", false}, {nonce, "0000000a", true}, {nonce, "00000002", false}, {"made up", "00000001", false},
	} {
		if got := n.use(test.nonce, test.count); got != test.want {
			t.Errorf("%s %s: %v", test.nonce, test.count, got)
		}
	}
	for range mostNonces {
		n.give()
	}
	if n.use(nonce, "000000ff") {
		t.Error("the oldest nonce was kept")
	}
}

func FuzzHeaderParams(f *testing.F) {
	f.Add(`realm="a \"b\" c", nonce=x,qop="auth, auth-int" , stale=TRUE`)
	f.Add(`username="`)
	f.Fuzz(func(t *testing.T, header string) {
		parseChallenge(header)
		p := parseProof(header)
		if _, err := p.expected("x", "GET"); err == nil && p.algorithm == "token" {
			t.Error("an unknown algorithm")
		}
		again := headerParams("a=" + quoted(header))
		if again["a"] != strings.TrimSpace(header) {
			t.Errorf("%q became %q", header, again["a"])
		}
	})
}
