// Package rawtcp takes TCP connections whose reads and writes the Go scheduler
// does not know of.
//
// The scheduler takes note of every system call, as one may last, and wakes its
// monitor thread for the first after a pause; that then looks at the processors
// fifty times, 20 µs apart, before it calms down. A server that forwards media
// in short bursts is always just after a pause: one ping a client every five
// seconds, in a meeting of a hundred, cost a sixth of all its processor time.
// Calls on a socket that never blocks do not last, and so need not be known.
package rawtcp

import "net"

// longest is what is read or written in one raw call at most, in bytes: a copy
// of some 10 µs. What is longer is left to the scheduler's knowledge.
const longest = 64 << 10

// Listener gives connections of l as such, where the system has them; l is one
// of TCP.
func Listener(l net.Listener) net.Listener { return listener{l} }

type listener struct{ net.Listener }

// Accept implements [net.Listener].
func (l listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	if t, ok := c.(*net.TCPConn); ok {
		return wrap(t), nil
	}
	return c, nil
}
