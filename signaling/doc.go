// Package signaling is the edge of Palabre: the HTTP router, the WebSocket
// protocol, WHIP and WHEP, the REST API and the pages. It translates between
// the wire and package rooms and decides nothing of what happens in a meeting;
// what it does decide is who may knock, how much and how long.
//
// Every WebSocket has two goroutines. The reader checks frames and gives them
// to the session as commands; the writer sends what the session's bounded
// outbox and the connection's bounded list of replies hold. A client that does
// not read is cut off: nothing waits for it and nothing is kept for it beyond
// those bounds.
//
// docs/protocol.md describes what goes over the wire.
package signaling
