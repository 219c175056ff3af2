package transports

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"

	"github.com/octolink/octolink/protocol/wire"
)

// A refusal is the HTTP answer to a handshake that is not accepted.
type refusal struct {
	status int
	reason string
	header string // "Name: value" that belongs to the status; "" for none
}

// IsUpgrade says whether a request asks for a WebSocket, well or badly, so that it belongs to a
// ClientHandler and not to the pages.
func IsUpgrade(r *http.Request) bool {
	return hasToken(r.Header["Upgrade"], "websocket") || len(r.Header["Sec-Websocket-Key"]) > 0
}

// checkHandshake judges the opening handshake (RFC 6455 section 4.2.1); nil accepts it.
func checkHandshake(r *http.Request) *refusal {
	switch {
	case r.Method != http.MethodGet:
		return &refusal{http.StatusMethodNotAllowed, "a WebSocket handshake is a GET", "Allow: GET"}
	case r.ProtoMajor != 1 || r.ProtoMinor < 1:
		return &refusal{http.StatusHTTPVersionNotSupported, "a WebSocket handshake needs HTTP/1.1", ""}
	case !hasToken(r.Header["Upgrade"], "websocket"):
		return &refusal{http.StatusUpgradeRequired, "this address speaks WebSocket", "Upgrade: websocket"}
	case !hasToken(r.Header["Connection"], "upgrade"):
		return &refusal{http.StatusBadRequest, "the Connection header must name Upgrade", ""}
	case r.ContentLength != 0:
		return &refusal{http.StatusBadRequest, "a WebSocket handshake has no body", ""}
	case !validKey(r.Header["Sec-Websocket-Key"]):
		return &refusal{http.StatusBadRequest, "Sec-WebSocket-Key must be 16 bytes in base64, once", ""}
	}
	return checkVersion(r.Header["Sec-Websocket-Version"])
}

// checkVersion wants version 13 (RFC 6455 section 4.4).
func checkVersion(versions []string) *refusal {
	if len(versions) == 1 && versions[0] == "13" {
		return nil
	}
	status := http.StatusUpgradeRequired
	if len(versions) != 1 {
		status = http.StatusBadRequest
	}
	return &refusal{status, "only WebSocket version 13 is spoken here", "Sec-WebSocket-Version: 13"}
}

// validKey wants one key of 16 bytes.
func validKey(keys []string) bool {
	if len(keys) != 1 {
		return false
	}
	b, err := base64.StdEncoding.DecodeString(keys[0])
	return err == nil && len(b) == 16
}

// hasToken looks for a word in a header that is a list, whatever its case.
func hasToken(values []string, word string) bool {
	for _, v := range values {
		for t := range strings.SplitSeq(v, ",") {
			if strings.EqualFold(strings.TrimSpace(t), word) {
				return true
			}
		}
	}
	return false
}

// chooseSubprotocol takes the first offered token that names a format [P 2.2]; "" when none does.
// ok is false when the offer is not a list of tokens.
func chooseSubprotocol(values []string) (name string, format wire.Format, ok bool) {
	for _, v := range values {
		for t := range strings.SplitSeq(v, ",") {
			t = strings.TrimSpace(t)
			if !isToken(t) {
				return "", 0, false
			}
			if f, known := wire.FormatOf(t); known && name == "" {
				name, format = t, f
			}
		}
	}
	return name, format, true
}

// isToken says whether s is a token of HTTP (RFC 9110 section 5.6.2). An empty list element counts.
func isToken(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] >= 0x7f || strings.IndexByte(`()<>@,;:\"/[]?={}`, s[i]) >= 0 {
			return false
		}
	}
	return true
}

// allowedOrigin says whether the page that the request comes from may open a channel. Programs send
// no Origin; the server's own pages are never foreign.
func allowedOrigin(r *http.Request, origins []string) bool {
	sent := r.Header["Origin"]
	if len(sent) == 0 {
		return true
	}
	if len(sent) > 1 {
		return false
	}
	for _, o := range origins {
		if o == "*" || strings.EqualFold(strings.TrimSuffix(o, "/"), sent[0]) {
			return true
		}
	}
	u, err := url.Parse(sent[0])
	return err == nil && u.Host != "" && strings.EqualFold(u.Host, r.Host)
}
