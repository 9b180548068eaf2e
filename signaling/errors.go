package signaling

import (
	"errors"
	"net/http"
	"time"

	"github.com/gorilla/websocket"

	"palabre/identity"
	"palabre/rooms"
	"palabre/signaling/frame"
	"palabre/signaling/gate"
	"palabre/signaling/protocol"
	"palabre/signaling/sdptext"
)

// outcome is what a kind of failure looks like over HTTP, and over a
// WebSocket that has no session yet (later a failure closes nothing).
type outcome struct {
	status int
	close  int
	title  string
}

// outcomeOf is the one table from failures to the wire.
func outcomeOf(code protocol.ErrorCode) outcome {
	switch code {
	case protocol.CodeBadMessage:
		return outcome{http.StatusBadRequest, websocket.ClosePolicyViolation, "The request makes no sense"}
	case protocol.CodeTooLarge:
		return outcome{http.StatusRequestEntityTooLarge, websocket.CloseMessageTooBig, "Too large"}
	case protocol.CodeRateLimited:
		return outcome{http.StatusTooManyRequests, websocket.ClosePolicyViolation, "Too many requests"}
	case protocol.CodeUnauthorized:
		return outcome{http.StatusUnauthorized, protocol.CloseRefused, "A valid token is needed"}
	case protocol.CodeForbidden:
		return outcome{http.StatusForbidden, protocol.CloseRefused, "Not allowed"}
	case protocol.CodeNotAdmitted:
		return outcome{http.StatusForbidden, protocol.CloseRefused, "Not admitted yet"}
	case protocol.CodeRoomFull:
		return outcome{http.StatusConflict, protocol.CloseRefused, "The room is full"}
	case protocol.CodeBadOffer:
		return outcome{http.StatusUnprocessableEntity, protocol.CloseRefused, "The offer was refused"}
	case protocol.CodeLocked:
		return outcome{http.StatusForbidden, protocol.CloseRefused, "The meeting is locked"}
	case protocol.CodeBanned:
		return outcome{http.StatusForbidden, protocol.CloseRefused, "Put out of this meeting"}
	case protocol.CodeBadFile:
		return outcome{http.StatusUnprocessableEntity, protocol.CloseRefused, "The file was refused"}
	case protocol.CodeNotFound:
		return outcome{http.StatusNotFound, protocol.CloseRefused, "Not found"}
	case protocol.CodePasswordNeeded:
		return outcome{http.StatusUnauthorized, protocol.CloseRefused, "The room asks for its password"}
	case protocol.CodePasswordWrong:
		return outcome{http.StatusUnauthorized, protocol.CloseRefused, "This is not the room's password"}
	case protocol.CodeConflict:
		return outcome{http.StatusConflict, protocol.CloseRefused, "Not as it was"}
	case protocol.CodeResumeFailed:
		return outcome{http.StatusConflict, protocol.CloseRefused, "The session cannot be resumed"}
	case protocol.CodeUnavailable:
		return outcome{http.StatusServiceUnavailable, websocket.CloseTryAgainLater, "Not available now"}
	default:
		return outcome{http.StatusInternalServerError, websocket.CloseInternalServerErr, "Internal error"}
	}
}

// refusal is a failure found at the edge itself.
type refusal struct {
	code    protocol.ErrorCode
	message string
	after   time.Duration
}

func (r *refusal) Error() string { return string(r.code) + ": " + r.message }

func refuse(code protocol.ErrorCode, message string) error {
	return &refusal{code: code, message: message}
}

// known are the errors of our own packages, most specific first.
var known = [...]struct {
	err     error
	code    protocol.ErrorCode
	message string // empty: the error's own text, which is written for clients
}{
	{identity.ErrExpired, protocol.CodeUnauthorized, "The token has expired."},
	{identity.ErrOtherRoom, protocol.CodeForbidden, "The token is for another room."},
	{identity.ErrBeyond, protocol.CodeForbidden, "Whoever signed the token may not give this role."},
	{identity.ErrRevoked, protocol.CodeUnauthorized, "The link was revoked."},
	{identity.ErrUsed, protocol.CodeUnauthorized, "The link was for one visit, and that was made."},
	{identity.ErrToken, protocol.CodeUnauthorized, "The token is not valid."},
	{identity.ErrKey, protocol.CodeUnauthorized, "The API key is not valid."},
	{identity.ErrBadKey, protocol.CodeBadMessage, ""},
	{identity.ErrNoKey, protocol.CodeNotFound, "There is no such key."},
	{identity.ErrAway, protocol.CodeUnavailable, "The server cannot look up this link now."},
	{identity.ErrRoomName, protocol.CodeBadMessage, "That is no room name: use up to 64 letters, digits, - and _."},
	{frame.ErrMalformed, protocol.CodeBadMessage, ""},
	{sdptext.ErrNotSDP, protocol.CodeBadMessage, ""},
	{sdptext.ErrNotFragment, protocol.CodeBadMessage, ""},
	{sdptext.ErrNoMID, protocol.CodeBadOffer, ""},
	{gate.ErrTooManyFailures, protocol.CodeRateLimited, "Too many attempts from your address; wait a little."},
	{gate.ErrTooManyOpen, protocol.CodeRateLimited, "Too many connections from your address."},
	{gate.ErrFull, protocol.CodeUnavailable, "The server has all the connections it can take."},
}

// wireError is what a client is told of an error: a code and a sentence,
// never the inner cause.
func wireError(err error) protocol.Error {
	if r, ok := errors.AsType[*refusal](err); ok {
		return protocol.Error{Code: r.code, Message: r.message, RetryAfter: r.after.Milliseconds()}
	}
	if e, ok := errors.AsType[*rooms.Error](err); ok {
		return protocol.Error{Code: protocol.ErrorCode(e.Code), Message: rooms.MessageOf(err), RetryAfter: e.RetryAfter.Milliseconds()}
	}
	if l, ok := errors.AsType[*gate.Locked](err); ok {
		return protocol.Error{Code: protocol.CodeRateLimited, Message: "Too many wrong passwords from your address; wait a little.", RetryAfter: l.After.Milliseconds()}
	}
	for _, k := range known {
		if !errors.Is(err, k.err) {
			continue
		}
		if k.message == "" {
			return protocol.Error{Code: k.code, Message: err.Error()}
		}
		return protocol.Error{Code: k.code, Message: k.message}
	}
	return protocol.Error{Code: protocol.CodeInternal, Message: "Internal error."}
}
