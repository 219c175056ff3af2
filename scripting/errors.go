package scripting

import (
	"errors"
	"fmt"
)

// What starts of flows and host functions fail with.
var (
	ErrNoFlow     = errors.New("no such flow")
	ErrBroken     = errors.New("the flow does not compile")
	ErrFull       = errors.New("too many")
	ErrShutdown   = errors.New("the server is shutting down")
	ErrNoCall     = errors.New("this run has no call")
	ErrCallOver   = errors.New("the call is over")
	ErrDepth      = errors.New("flows are nested too deeply")
	ErrNotOffered = errors.New("not offered here")
)

// An ArgError says which argument of a host function is wrong. Flows get it as a TypeError.
type ArgError struct {
	Function string
	Number   int    // of the argument, from 1; 0 for a wrong number of them
	Name     string // of the argument, or "options.timeout"
	Want     string
	Got      string
}

// Error implements error.
func (e *ArgError) Error() string {
	if e.Number == 0 {
		return fmt.Sprintf("%s: %s", e.Function, e.Want)
	}
	return fmt.Sprintf("%s: argument %d (%s): expected %s, got %s", e.Function, e.Number, e.Name, e.Want, e.Got)
}

// A CRMError is why a dynamic method or a form failed. Flows get it as a CrmError with these fields.
type CRMError struct {
	Code     int    // the CRM's own, or 404 no such method, 410 gone, 504 no answer in time, 500 another reason
	Text     string // the CRM's own, or ours
	Provider string
	Method   string
	Timeout  bool // no answer came in time
	err      error
}

// Error implements error.
func (e *CRMError) Error() string {
	return fmt.Sprintf("%s.%s: %s (%d)", e.Provider, e.Method, e.Text, e.Code)
}

// Unwrap is what it comes from.
func (e *CRMError) Unwrap() error { return e.err }

// A ThrownError is what a flow threw and did not catch.
type ThrownError struct {
	Text  string // "CrmError: contacts.find: …"
	Stack string // positions in the flow's own source
	err   error  // the host function's error that it is, if it is one
}

// Error implements error.
func (e *ThrownError) Error() string { return e.Text }

// Unwrap is the error of the host function that was thrown on, if it was one.
func (e *ThrownError) Unwrap() error { return e.err }

// A LimitError says at which limit a run was ended.
type LimitError struct{ Limit string }

// Error implements error.
func (e *LimitError) Error() string { return e.Limit }
