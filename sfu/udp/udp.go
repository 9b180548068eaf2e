// Package udp moves datagrams in batches: many in one system call, several in
// one message.
//
// A [Socket] is read by one goroutine, its owner, which parks in Go's network
// poller until datagrams, a deadline or a [Socket.Wake] come, and then takes up
// to an [Inbox] full of messages at once (recvmmsg, UDP_GRO). What goes out is
// written straight into the arena of an [Outbox] and leaves in one flush: for
// each [Route], runs of datagrams of one size become one message that the kernel
// or the network card cuts again (UDP_SEGMENT, "GSO"), and up to 16 messages to
// whomever share a call (sendmmsg).
//
// All of that is Linux. Elsewhere the package compiles and [Supported] says no.
package udp

import "sync/atomic"

// Options say how an [Outbox] sends.
type Options struct {
	// Segments lets runs of datagrams leave as one message. [Probe] tells
	// whether this machine can.
	Segments bool
	// Counters may be shared with other outboxes; nil counts nowhere.
	Counters *Counters
}

// Counters say what outboxes did. They may be read at any time.
type Counters struct {
	// Datagrams, Messages and Calls were sent: every call carries messages,
	// every message carries datagrams.
	Datagrams, Messages, Calls atomic.Uint64
	// Segmented datagrams left in a message with others.
	Segmented atomic.Uint64
	// Dropped datagrams were refused by the system or had nowhere to go.
	Dropped atomic.Uint64
	// Waits counts how often the socket's buffer was full and a flush waited.
	Waits atomic.Uint64
	// Fallbacks counts routes that turned out not to take segments.
	Fallbacks atomic.Uint64
}
