package main

import (
	"io"
	"log/slog"
	"regexp"
	"strings"
)

const masked = "***"

// newLog writes to w in the configured format. Secrets never get through, wherever they stand.
func newLog(w io.Writer, c LogConfig, debug bool) *slog.Logger {
	least := slog.Level(c.Level)
	if debug {
		least = slog.LevelDebug
	}
	o := &slog.HandlerOptions{Level: least, ReplaceAttr: maskAttr}
	if c.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, o))
	}
	return slog.New(slog.NewTextHandler(w, o))
}

// secretKey is the end of every name under which the protocol or the configuration carries a secret.
var secretKey = regexp.MustCompile(`(?i)((old|new)?(password|passwd|pwd)(_?md5)?|sessionid|session|temppass|sippass|authorization|cookie)$`)

// secretText is a secret inside a text: a frame, a query, a header.
var secretText = regexp.MustCompile(
	`(?i)((?:(?:password|passwd|pwd)(?:_?md5)?|sessionid|temppass|sippass|authorization)\\?"?\s*[:=>]\s*\\?"?)((?:basic |digest |bearer )?[^\s"\\&,;<>]+)`)

// maskAttr keeps secrets out of the log: attributes that are named like one, and secrets inside
// texts and errors.
func maskAttr(_ []string, a slog.Attr) slog.Attr {
	if secretKey.MatchString(a.Key) {
		return slog.String(a.Key, masked)
	}
	switch v := a.Value.Any().(type) {
	case string:
		if safe := maskText(v); safe != v {
			return slog.String(a.Key, safe)
		}
	case error:
		if text := v.Error(); maskText(text) != text {
			return slog.String(a.Key, maskText(text))
		}
	case []byte:
		return slog.String(a.Key, maskText(string(v)))
	}
	return a
}

// maskText replaces secrets inside a text.
func maskText(s string) string {
	if !mayHoldSecret(s) {
		return s
	}
	return secretText.ReplaceAllString(s, "${1}"+masked)
}

// mayHoldSecret is a cheap look before the regular expression: most lines have none of these.
func mayHoldSecret(s string) bool {
	lower := strings.ToLower(s)
	for _, word := range [...]string{"pass", "pwd", "sessionid", "authorization"} {
		if strings.Contains(lower, word) {
			return true
		}
	}
	return false
}
