package crm

import (
	"errors"
	"fmt"
)

// What calls fail with.
var (
	ErrNoProvider  = errors.New("no such CRM")
	ErrNoMethod    = errors.New("no such dynamic method")
	ErrNoForm      = errors.New("no such form")
	ErrTimeout     = errors.New("the CRM did not answer in time")
	ErrGone        = errors.New("the CRM is gone")
	ErrUnsupported = errors.New("not possible over this kind of connection")
	ErrNobody      = errors.New("the user is not reachable")
	ErrCancelled   = errors.New("cancelled")
)

// An Error is what the CRM itself says about a call that failed.
type Error struct {
	Code int
	Text string
}

// Error implements error.
func (e *Error) Error() string { return fmt.Sprintf("the CRM says: %s (%d)", e.Text, e.Code) }
