package protocol

import (
	"errors"

	"github.com/octolink/octolink/protocol/wire"
)

// The reply codes that the engine itself answers with (docs/reference/errors.md has all).
const (
	CodeBadField      = 400
	CodeNotLoggedIn   = 401
	CodeForbidden     = 403
	CodeUnknownMethod = 404
	CodeBusy          = 429
	CodeInternal      = 500
)

var (
	errNotLoggedIn   = &wire.Error{Code: CodeNotLoggedIn, Text: "Not logged in"}
	errOtherUser     = &wire.Error{Code: CodeForbidden, Text: "The request names another user than this connection's"}
	errUnknownMethod = &wire.Error{Code: CodeUnknownMethod, Text: "Unknown method"}
	errMailboxFull   = &wire.Error{Code: CodeBusy, Text: "Too many requests at once"}
	errNotIntroduced = &wire.Error{Code: CodeNotLoggedIn, Text: "Say who you are first: whoareyou or iam"}
	errNotTunnelled  = &wire.Error{Code: CodeForbidden, Text: "This user may not work through this link"}
	errForUsers      = &wire.Error{Code: CodeNotLoggedIn, Text: "The request must name a user who is logged in"}
	errInternal      = &wire.Error{Code: CodeInternal, Text: "Internal error"}
)

// ErrTooManyTabs is the error of [Client.LogIn] when the user has as many channels as he may.
var ErrTooManyTabs = errors.New("too many connections of this user")

// ErrClosed is the error of [Client.LogIn] on a channel that is closing.
var ErrClosed = errors.New("the connection is closing")

// replyError turns what a handler returned into what its caller is told. Texts of errors that the
// vocabulary does not know stay inside.
func (e *Engine) replyError(err error) (reply *wire.Error, known bool) {
	var w *wire.Error
	if errors.As(err, &w) && w != nil {
		return w, true
	}
	if e.opts.Errors != nil {
		if w := e.opts.Errors(err); w != nil {
			return w, true
		}
	}
	return errInternal, false
}
