package transports

import (
	"errors"
	"fmt"

	"github.com/octolink/octolink/protocol"
)

// Errors of connections.
var (
	// ErrClosed is returned by writes after the connection was closed by either side.
	ErrClosed = errors.New("transports: connection closed")
	// ErrNoAnswer is told to a Sink when the peer did not answer our close frame in time.
	ErrNoAnswer = errors.New("transports: the peer did not answer the close frame")
)

// closeUnsupported is sent for binary messages that are not text (RFC 6455 section 7.4.1).
const closeUnsupported protocol.CloseCode = 1003

// A CloseError tells with which close code a connection ended: the code that we sent because the
// peer broke a rule, or, from Stream.Receive, the code that the peer sent.
type CloseError struct {
	Code   protocol.CloseCode // 0 when the peer's close frame had none
	Reason string
}

// Error implements error.
func (e *CloseError) Error() string {
	if e.Reason == "" {
		return fmt.Sprintf("transports: closed with code %d", e.Code)
	}
	return fmt.Sprintf("transports: closed with code %d: %s", e.Code, e.Reason)
}

// CloseCode tells it to the engine's meter.
func (e *CloseError) CloseCode() protocol.CloseCode { return e.Code }

// broken is the error for framing that breaks RFC 6455.
func broken(reason string) *CloseError {
	return &CloseError{Code: protocol.CloseProtocol, Reason: reason}
}
