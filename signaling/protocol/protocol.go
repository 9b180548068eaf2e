// Package protocol is the wire format of Palabre's signalling: JSON text
// frames over a WebSocket with the sub-protocol name [Version].
//
// It is written once, here, one file a subject; the TypeScript types of the web
// client are generated from these files (make generate) and docs/protocol.md
// explains the order of messages. Every frame is one [ClientMessage] or
// [ServerMessage]; Data is the struct that the comment beside the constant of its
// Type names.
package protocol

import "encoding/json"

// Version is the WebSocket sub-protocol (RFC 6455 section 1.9) both sides name.
const Version = "palabre.v1"

// MaxClientFrame is the largest frame a client may send, in bytes. An SDP
// offer for the largest layout (49 seats) is about 170 kB.
const MaxClientFrame = 256 << 10

// ClientMessage is one frame from a client.
type ClientMessage struct {
	Type ClientType `json:"type"`
	// ID is chosen by the client, not 0, and comes back as Re in the reply.
	// Messages without an ID get no reply unless they fail.
	ID   uint32          `json:"id,omitempty"`
	Data json.RawMessage `json:"data,omitempty" tstype:"unknown"`
}

// ServerMessage is one frame from the server.
type ServerMessage struct {
	Type ServerType `json:"type"`
	// Seq numbers what a resuming client must not miss, from 1 without gaps,
	// per session. 0 marks frames that are not repeated after a resume
	// (welcome, resumed, answer, speakers, quality, error, pong).
	Seq uint64 `json:"seq,omitempty"`
	// Re is the ID of the message this one answers.
	Re   uint32 `json:"re,omitempty"`
	Data any    `json:"data,omitempty" tstype:"unknown"`
}

// ClientType names a client's message.
type ClientType string

// ServerType names a server's message.
type ServerType string

// A client asks whether the server is still there, and is answered.
const (
	TypePing ClientType = "ping" // no data; answered by "pong"
	TypePong ServerType = "pong" // no data
)
