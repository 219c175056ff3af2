package transports

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/octolink/octolink/protocol/wire"
)

// An AnswerProblem is what is wrong with an answer over HTTP.
type AnswerProblem string

// What an answer may be instead of a message.
const (
	AnswerRedirect AnswerProblem = "a redirect, which is not followed"
	AnswerStatus   AnswerProblem = "a failure"
	AnswerHTML     AnswerProblem = "a page, not a message"
	AnswerEmpty    AnswerProblem = "empty"
	AnswerTooBig   AnswerProblem = "too big"
	AnswerText     AnswerProblem = "not a text"
)

// An AnswerError is an answer over HTTP that is not a message.
type AnswerError struct {
	Problem AnswerProblem
	Status  int
	Detail  string // where a redirect leads, without its query; how a body begins
}

// Error implements error.
func (e *AnswerError) Error() string {
	text := fmt.Sprintf("transports: the answer is %s: %d %s", e.Problem, e.Status, http.StatusText(e.Status))
	if e.Detail != "" {
		text += ": " + e.Detail
	}
	return text
}

// answerError describes an answer that is not a message.
func answerError(resp *http.Response, p AnswerProblem, body []byte) *AnswerError {
	e := &AnswerError{Problem: p, Status: resp.StatusCode, Detail: startOf(body)}
	if p == AnswerRedirect {
		e.Detail = "no Location"
		if to, err := resp.Location(); err == nil {
			e.Detail = "to " + (&url.URL{Scheme: to.Scheme, Host: to.Host, Path: to.Path}).String()
		}
	}
	return e
}

// messageOf finds the message in an answer.
func messageOf(resp *http.Response, body []byte, format wire.Format) ([]byte, error) {
	switch {
	case resp.StatusCode >= 300 && resp.StatusCode < 400:
		return nil, answerError(resp, AnswerRedirect, nil)
	case resp.StatusCode < 200 || resp.StatusCode > 299:
		return nil, answerError(resp, AnswerStatus, body)
	}
	message, ok := toUTF8(body)
	message = bytes.TrimSpace(message)
	switch {
	case !ok:
		return nil, answerError(resp, AnswerText, nil)
	case len(message) == 0:
		return nil, answerError(resp, AnswerEmpty, nil)
	case isPage(message, format):
		return nil, answerError(resp, AnswerHTML, message)
	}
	return message, nil
}

// toUTF8 reads a text by its byte order mark: UTF-16, which .NET and MSXML write, or UTF-8.
func toUTF8(b []byte) ([]byte, bool) {
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(b, []byte{0xff, 0xfe}):
		order = binary.LittleEndian
	case bytes.HasPrefix(b, []byte{0xfe, 0xff}):
		order = binary.BigEndian
	default:
		return bytes.TrimPrefix(b, []byte("\ufeff")), utf8.Valid(b)
	}
	b = b[2:]
	if len(b)%2 != 0 {
		return nil, false
	}
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = order.Uint16(b[2*i:])
	}
	return []byte(string(utf16.Decode(units))), true
}

// isPage says whether a text is HTML, as servers show their failures.
func isPage(text []byte, format wire.Format) bool {
	if text[0] != '<' {
		return false
	}
	if format == wire.JSON {
		return true
	}
	start := strings.ToLower(string(text[:min(len(text), 64)]))
	for _, tag := range []string{"<!doctype html", "<html", "<head", "<body", "<br", "<b>", "<p>", "<h1", "<div"} {
		if strings.HasPrefix(start, tag) {
			return true
		}
	}
	return false
}

// startOf is how a body begins, in one line.
func startOf(body []byte) string {
	const most = 120
	line := strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return ' '
		}
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, string(body[:min(len(body), 4*most)]))), " ")
	if len([]rune(line)) > most {
		line = string([]rune(line)[:most]) + "…"
	}
	return line
}
