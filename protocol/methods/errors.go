package methods

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/octolink/octolink/pbx"
	"github.com/octolink/octolink/protocol"
	"github.com/octolink/octolink/protocol/wire"
)

// The reply codes beside those of package protocol. A code keeps its meaning for ever.
const (
	codeWrongState  = 409
	codeGone        = 410
	codeNoSuch      = 422
	codeBusy        = 429
	codeUnavailable = 503
	codeTimeout     = 504
	codeLicence     = 50025 // oktell.js tests it [P 8.7]
	codeGhostRights = 52710 // oktell.js tests it [P 8.7]
)

// Errors whose texts or codes clients test [P 5.2] [P 8.7].
var (
	errWrongLogin   = &wire.Error{Code: protocol.CodeNotLoggedIn, Text: "Wrong login/pass combination"}
	errNoSession    = &wire.Error{Code: protocol.CodeNotLoggedIn, Text: "Bad request. Session does not exist"}
	errSessionUser  = &wire.Error{Code: protocol.CodeNotLoggedIn, Text: "Bad request. Invalid session user"}
	errNotAvailable = &wire.Error{Code: codeUnavailable, Text: "Service not available"}
	errLicence      = &wire.Error{Code: codeLicence, Text: "The licence's limit of simultaneous users is reached"}
	errUnknownUser  = &wire.Error{Code: protocol.CodeNotLoggedIn, Text: "Not logged in"}
	errTwoUsers     = &wire.Error{Code: protocol.CodeForbidden, Text: "userlogin and userid name different users"}
	errOldPassword  = &wire.Error{Code: protocol.CodeForbidden, Text: "old password is wrong"}
	errNotAllowed   = &wire.Error{Code: protocol.CodeForbidden, Text: "Not allowed"}
	errTooOften     = &wire.Error{Code: codeBusy, Text: "Too often"}
)

func badField(name, why string) *wire.Error {
	return &wire.Error{Code: protocol.CodeBadField, Text: "Bad parameter " + name + ": " + why}
}

func noSuch(what string) *wire.Error { return &wire.Error{Code: codeNoSuch, Text: "No such " + what} }

// An errorRow says what a caller is told for an error of ours.
type errorRow struct {
	is   error
	code int
	text string
}

var errorRows = []errorRow{
	{pbx.ErrNoSuchUser, codeNoSuch, "No such user"},
	{pbx.ErrNoSuchNumber, codeNoSuch, "No such number"},
	{pbx.ErrNoSuchConference, codeNoSuch, "No such conference"},
	{pbx.ErrNoSuchMember, codeNoSuch, "No such participant"},
	{pbx.ErrNoSuchRule, codeNoSuch, "No such redirect rule"},
	{pbx.ErrNoSuchLeg, codeWrongState, "The call is over"},
	{pbx.ErrNoPhone, codeWrongState, "The user has no phone"},
	{pbx.ErrState, codeWrongState, "Not possible in the present state of the phone"},
	{pbx.ErrBusy, codeWrongState, "The phone is busy"},
	{pbx.ErrForbidden, protocol.CodeForbidden, "Not allowed"},
	{pbx.ErrGhostRights, codeGhostRights, "No right to listen to this user"},
	{pbx.ErrOffline, codeUnavailable, "The telephone system is away"},
	{pbx.ErrUnsupported, protocol.CodeUnknownMethod, "The telephone system cannot do that"},
	{protocol.ErrTooManyTabs, codeBusy, "Too many connections of this user"},
	{protocol.ErrClosed, codeGone, "The connection is closing"},
	{ErrNoProcedure, protocol.CodeForbidden, "The procedure is not allowed"},
	{ErrBadParameter, protocol.CodeBadField, "The procedure does not take these parameters"},
	{ErrTooLarge, protocol.CodeBadField, "The procedure's answer is too large"},
	{ErrNoService, codeNoSuch, "No such service"},
	{ErrServiceForbidden, protocol.CodeForbidden, "The service is not allowed"},
	{ErrServiceBusy, codeUnavailable, "Too many services run"},
	{ErrServiceLate, codeTimeout, "The service did not end in time; it goes on"},
	{ErrServiceFailed, protocol.CodeInternal, "The service ended with an error"},
	{ErrNoUpload, codeNoSuch, "No such upload"},
	{ErrStorage, codeUnavailable, "Storage is not available"},
	{context.DeadlineExceeded, codeTimeout, "Timed out"},
	{context.Canceled, codeUnavailable, "The server is shutting down"},
}

// ReplyError translates an error of a handler for its caller; nil for one that stays inside.
func ReplyError(err error) *wire.Error {
	var gone *GoneError
	if errors.As(err, &gone) {
		return &wire.Error{
			Code: codeGone, Text: fmt.Sprintf("Events before %d are no longer kept", gone.Oldest),
			Fields: wire.Object{{Key: "oldest", Value: wire.Number(strconv.FormatInt(gone.Oldest, 10))}},
		}
	}
	for _, row := range errorRows {
		if errors.Is(err, row.is) {
			return &wire.Error{Code: row.code, Text: row.text}
		}
	}
	return nil
}

// An ErrorDoc is one line of the reference of errors.
type ErrorDoc struct {
	Code int
	Text string
}

// ErrorDocs lists what callers may be told, in no order.
func ErrorDocs() []ErrorDoc {
	docs := []ErrorDoc{
		{protocol.CodeBadField, "Bad parameter …"},
		{protocol.CodeNotLoggedIn, "Not logged in"},
		{protocol.CodeForbidden, "The request names another user than this connection's"},
		{protocol.CodeUnknownMethod, "Unknown method"},
		{protocol.CodeBusy, "Too many requests at once"},
		{protocol.CodeInternal, "Internal error"},
		{protocol.CodeNotLoggedIn, "Say who you are first: whoareyou or iam"},
		{protocol.CodeNotLoggedIn, "The request must name a user who is logged in"},
		{protocol.CodeForbidden, "This user may not work through this link"},
		{codeGone, "Events before … are no longer kept"},
	}
	for _, e := range []*wire.Error{errWrongLogin, errNoSession, errSessionUser, errNotAvailable, errLicence,
		errOldPassword, errTooOften, errTwoUsers} {
		docs = append(docs, ErrorDoc{e.Code, e.Text})
	}
	for _, row := range errorRows {
		docs = append(docs, ErrorDoc{row.code, row.text})
	}
	return docs
}
