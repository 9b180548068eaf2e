//go:build !linux || !(amd64 || arm64)

package udp

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"time"
)

// Supported says why this system cannot send and receive in batches.
func Supported() error {
	return fmt.Errorf("udp: batches on %s/%s: %w", runtime.GOOS, runtime.GOARCH, errors.ErrUnsupported)
}

// Probe says that neither segments nor coalescing work here.
func Probe() (segments, coalesce bool, err error) { return false, false, Supported() }

// Listen refuses; see [Supported].
func Listen(netip.AddrPort, int) ([]*Socket, error) { return nil, Supported() }

// Socket cannot be made on this system.
type Socket struct{ conn *net.UDPConn }

// Conn is nil.
func (s *Socket) Conn() *net.UDPConn { return s.conn }

// Release is Conn.
func (s *Socket) Release() *net.UDPConn { return s.conn }

// Close does nothing.
func (s *Socket) Close() error { return nil }

// Receive refuses; see [Supported].
func (s *Socket) Receive(*Inbox, time.Time) error { return Supported() }

// Send refuses; see [Supported].
func (s *Socket) Send([]byte, netip.AddrPort) error { return Supported() }

// Wake does nothing.
func (s *Socket) Wake() {}

// Inbox is always empty.
type Inbox struct{}

// NewInbox makes an inbox that stays empty.
func NewInbox(int) *Inbox { return &Inbox{} }

// Len is 0.
func (in *Inbox) Len() int { return 0 }

// Full is false.
func (in *Inbox) Full() bool { return false }

// Each calls nothing.
func (in *Inbox) Each(time.Time, func(datagram []byte, from netip.AddrPort, at time.Time)) {}

// Route is a destination to which nothing can be sent.
type Route struct{ to netip.AddrPort }

// Set changes the destination.
func (r *Route) Set(to netip.AddrPort) { r.to = to }

// To is the destination.
func (r *Route) To() netip.AddrPort { return r.to }

// Outbox sends nothing.
type Outbox struct{}

// NewOutbox makes an outbox that sends nothing.
func NewOutbox(*Socket, Options) *Outbox { return &Outbox{} }

// Space is room that goes nowhere.
func (o *Outbox) Space(n int) []byte { return make([]byte, 0, n) }

// Add drops the datagram.
func (o *Outbox) Add(*Route, []byte) {}

// Flush does nothing.
func (o *Outbox) Flush() {}
