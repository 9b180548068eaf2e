package protocol

// What the server says when something failed.
const (
	TypeError ServerType = "error" // [Error]
)

// Error answers a message that failed. Message is a sentence in English for
// logs and developers; pages show their own words by Code.
type Error struct {
	Code    ErrorCode `json:"code"`
	Message string    `json:"message"`
	// RetryAfter is in milliseconds, with rate-limited and unavailable.
	RetryAfter int64 `json:"retryAfter,omitempty"`
}

// ErrorCode is the whole vocabulary of failures a client can meet.
type ErrorCode string

const (
	CodeBadMessage     ErrorCode = "bad-message"     // not JSON, unknown type, wrong shape
	CodeTooLarge       ErrorCode = "too-large"       // over a limit of this page
	CodeRateLimited    ErrorCode = "rate-limited"    // too many messages
	CodeUnauthorized   ErrorCode = "unauthorized"    // token missing, forged or expired
	CodeForbidden      ErrorCode = "forbidden"       // may not enter, or may not do this
	CodeNotAdmitted    ErrorCode = "not-admitted"    // first join or be admitted
	CodeRoomFull       ErrorCode = "room-full"       //
	CodeLocked         ErrorCode = "locked"          // nobody new is let in
	CodeBanned         ErrorCode = "banned"          // was put out for the rest of the meeting
	CodeBadOffer       ErrorCode = "bad-offer"       // SDP refused
	CodeBadFile        ErrorCode = "bad-file"        // a file of a type that is not taken, or that a scanner refused
	CodeNotFound       ErrorCode = "not-found"       // no such participant
	CodeResumeFailed   ErrorCode = "resume-failed"   // say hello anew without resume
	CodePasswordNeeded ErrorCode = "password-needed" // the room asks for its password
	CodePasswordWrong  ErrorCode = "password-wrong"  // this is not the room's password
	CodeConflict       ErrorCode = "conflict"        // somebody else changed it first, or it is there already
	CodeUnavailable    ErrorCode = "unavailable"     // draining or overloaded
	CodeInternal       ErrorCode = "internal"        // our fault, logged
)

// Close codes of the WebSocket beside those of RFC 6455 section 7.4.1:
// docs/protocol.md says what each asks of the client.
const (
	// CloseRefused: the error message before it said why; trying again changes nothing.
	CloseRefused = 4000
	// CloseTaken: the session goes on over another connection.
	CloseTaken = 4001
)
