package wire

import (
	"fmt"
	"unicode/utf8"
)

// badRequest is the code of everything that this package refuses.
const badRequest = 400

// maxErrorText is how many bytes an error's text may have that quotes what came in.
const maxErrorText = 200

// Error is an error that the peer is told: it becomes result:0, error, errorcode and errormsg of a
// reply [P 3.3].
type Error struct {
	Code int    // 400 for a frame or a field that cannot be read
	Text string // a sentence for the caller

	// Fields are told beside code and text. Zero means none.
	Fields Object
}

// Error gives the text.
func (e *Error) Error() string { return e.Text }

// refuse makes the error for input that cannot be read.
func refuse(format string, args ...any) *Error {
	return &Error{Code: badRequest, Text: cut(fmt.Sprintf(format, args...), maxErrorText)}
}

// cut shortens s to at most limit bytes, never inside a character.
func cut(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit] + "…"
}
