package client

import (
	"errors"
	"fmt"
	"time"

	"palabre/signaling/protocol"
)

// Errors a caller can meet; all are wrapped.
var (
	// ErrClosed is the error of a session that was closed on purpose.
	ErrClosed = errors.New("session is closed")
	// ErrLost is the error of a session whose server could not be reached
	// again within the resume window.
	ErrLost = errors.New("server was not reached again in time")
	// ErrNotConnected is returned by writes while the media path is not up.
	ErrNotConnected = errors.New("media is not connected")
	// errLinkLost fails questions whose WebSocket went away before the answer.
	errLinkLost = errors.New("signalling connection lost")
)

// ServerError is an error message of the server.
type ServerError struct {
	Code       protocol.ErrorCode
	Message    string
	RetryAfter time.Duration
}

// Error implements error.
func (e *ServerError) Error() string {
	return fmt.Sprintf("server refused: %s (%s)", e.Message, e.Code)
}

// ClosedError says why the server ended a session.
type ClosedError struct{ Reason protocol.Reason }

// Error implements error.
func (e *ClosedError) Error() string { return fmt.Sprintf("server ended the session: %s", e.Reason) }

func serverError(e protocol.Error) *ServerError {
	return &ServerError{
		Code: e.Code, Message: e.Message,
		RetryAfter: time.Duration(e.RetryAfter) * time.Millisecond,
	}
}

// retryAfter returns how long the server asks to wait, and whether trying
// again makes sense at all.
func retryAfter(err error) (time.Duration, bool) {
	var refused *ServerError
	if !errors.As(err, &refused) {
		return 0, true
	}
	switch refused.Code {
	case protocol.CodeUnavailable, protocol.CodeRateLimited, protocol.CodeInternal:
		return refused.RetryAfter, true
	default:
		return 0, false
	}
}
