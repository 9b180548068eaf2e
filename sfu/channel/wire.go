package channel

import (
	"io"
	"net"
	"sync/atomic"
	"time"

	"github.com/pion/transport/v4/packetio"
)

// maxUnread bounds the packets that wait for an association, in bytes: more
// than a whole window of what it lets the client send.
const maxUnread = 96 << 10

// wire is the DTLS connection as an association sees it.
type wire struct {
	in     *packetio.Buffer
	write  func([]byte) error
	closed atomic.Bool
}

func newWire(write func([]byte) error) *wire {
	w := &wire{in: packetio.NewBuffer(), write: write}
	w.in.SetLimitSize(maxUnread)
	return w
}

// put adds a packet; one too many is lost, and sent again by the client.
func (w *wire) put(packet []byte) { _, _ = w.in.Write(packet) }

// Read implements [net.Conn].
func (w *wire) Read(b []byte) (int, error) { return w.in.Read(b) }

// Write implements [net.Conn]. A packet that finds no way is lost like any
// other: an association outlives a path, and ends with its connection.
func (w *wire) Write(b []byte) (int, error) {
	if w.closed.Load() {
		return 0, io.ErrClosedPipe
	}
	_ = w.write(b)
	return len(b), nil
}

// Close implements [net.Conn].
func (w *wire) Close() error {
	w.closed.Store(true)
	return w.in.Close()
}

// LocalAddr implements [net.Conn]; there are no addresses over DTLS.
func (w *wire) LocalAddr() net.Addr { return nowhere{} }

// RemoteAddr implements [net.Conn].
func (w *wire) RemoteAddr() net.Addr { return nowhere{} }

// SetDeadline implements [net.Conn]; writing does not block.
func (w *wire) SetDeadline(t time.Time) error { return w.in.SetReadDeadline(t) }

// SetReadDeadline implements [net.Conn].
func (w *wire) SetReadDeadline(t time.Time) error { return w.in.SetReadDeadline(t) }

// SetWriteDeadline implements [net.Conn]; writing does not block.
func (w *wire) SetWriteDeadline(time.Time) error { return nil }

type nowhere struct{}

func (nowhere) Network() string { return "dtls" }
func (nowhere) String() string  { return "dtls" }

// The beginning of an SCTP packet (RFC 9260 section 3).
const (
	headerSize = 12
	chunkInit  = 1
)

// plausible says whether a packet could be SCTP at all.
func plausible(packet []byte) bool { return len(packet) >= headerSize+4 }

// begins says whether a packet asks for an association: no tag yet, and INIT
// alone in it (RFC 9260 section 5.1).
func begins(packet []byte) bool {
	return packet[headerSize] == chunkInit && [4]byte(packet[4:8]) == [4]byte{}
}
