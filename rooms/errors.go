package rooms

import (
	"errors"
	"time"
)

// Code says what kind of failure an [Error] is. The names are those of the
// wire protocol.
type Code string

// The whole vocabulary of failures.
const (
	CodeBadMessage   Code = "bad-message"
	CodeTooLarge     Code = "too-large"
	CodeUnauthorized Code = "unauthorized"
	CodeForbidden    Code = "forbidden"
	CodeNotAdmitted  Code = "not-admitted"
	CodeRoomFull     Code = "room-full"
	CodeLocked       Code = "locked"
	CodeBanned       Code = "banned"
	CodeBadOffer     Code = "bad-offer"
	CodeBadFile      Code = "bad-file"
	CodeNotFound     Code = "not-found"
	CodeResumeFailed Code = "resume-failed"
	CodeUnavailable  Code = "unavailable"
	CodeConflict     Code = "conflict"
	CodeRateLimited  Code = "rate-limited"
	CodeInternal     Code = "internal"
	// CodePasswordNeeded and CodePasswordWrong: the room has a password.
	CodePasswordNeeded Code = "password-needed"
	CodePasswordWrong  Code = "password-wrong"
)

// Error is a refusal of the domain. Message is a sentence for developers and
// safe to show; Err is the cause and stays in the logs.
type Error struct {
	Code    Code
	Message string
	// RetryAfter says when it may work, with CodeUnavailable; 0 is unknown.
	RetryAfter time.Duration
	Err        error
}

// Error gives the code, the sentence and the cause.
func (e *Error) Error() string {
	text := string(e.Code)
	if e.Message != "" {
		text += ": " + e.Message
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is lets errors.Is compare by code: errors.Is(err, ErrNotAdmitted).
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code && t.Message == "" && t.Err == nil
}

// Kinds of refusal, for errors.Is. [ErrBadOffer] is also what a [MediaPeer]
// wraps when it refuses an offer.
var (
	ErrBadMessage   error = &Error{Code: CodeBadMessage}
	ErrTooLarge     error = &Error{Code: CodeTooLarge}
	ErrForbidden    error = &Error{Code: CodeForbidden}
	ErrNotAdmitted  error = &Error{Code: CodeNotAdmitted}
	ErrRoomFull     error = &Error{Code: CodeRoomFull}
	ErrBadOffer     error = &Error{Code: CodeBadOffer}
	ErrNotFound     error = &Error{Code: CodeNotFound}
	ErrResumeFailed error = &Error{Code: CodeResumeFailed}
	ErrUnavailable  error = &Error{Code: CodeUnavailable}
	ErrConflict     error = &Error{Code: CodeConflict}
	ErrInternal     error = &Error{Code: CodeInternal}
)

// Why a [Session] gives no more events. Commands on such a session fail with
// CodeUnavailable and wrap the same error.
var (
	// ErrEnded: the session is over; the last event was [Closed].
	ErrEnded = errors.New("the session has ended")
	// ErrSlow: the reader fell too far behind. Close the transport; the client may resume.
	ErrSlow = errors.New("the reader fell too far behind")
	// ErrTaken: the client resumed over another connection. Close this one.
	ErrTaken = errors.New("the session was resumed over another connection")
	// ErrDetached: Detach was called.
	ErrDetached = errors.New("the connection let the session go")
)

// CodeOf gives the code of an error; what is no [Error] is internal.
func CodeOf(err error) Code {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return CodeInternal
}

// MessageOf gives the sentence that may be shown for an error. Of errors that
// are none of the domain's it says nothing.
func MessageOf(err error) string {
	e, ok := errors.AsType[*Error](err)
	switch {
	case !ok || e.Code == CodeInternal:
		return "Internal error."
	case e.Message == "":
		return string(e.Code)
	}
	return e.Message
}

// refuse makes an Error without a cause.
func refuse(code Code, message string) error {
	return &Error{Code: code, Message: message}
}
