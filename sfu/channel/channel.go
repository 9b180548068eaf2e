// Package channel carries one data channel of a participant: SCTP over the
// DTLS connection that media has its keys from (RFC 8831, RFC 8832, RFC 8261).
//
// Nothing of it runs before the client asks: the association begins with the
// client's INIT, and until then a Channel is a few words of memory. From then
// on it costs a client five goroutines and some 40 KiB; how much may wait in
// either direction is bounded:
//
//   - what the client sends faster than [Events.Message] may take it waits with
//     the client, by SCTP's own flow control: a message is read when its turn in
//     the rate has come. Packets beyond the rate of packets are dropped, as by a network;
//   - what the client does not read fast enough is refused by [Channel.Send] once
//     a bound of it waits; [Events.Writable] says when there is room again. The
//     caller then sends what is true by then instead of all it had to say.
//
// One channel is let in, reliable and in order, by its label; of several the
// newest. What is none of that is closed, and a client that goes on opening
// others loses the association, never its media.
package channel

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/sctp"
	"golang.org/x/time/rate"
)

const (
	// MaxIncoming is the largest message a client may send, in bytes. A larger one ends its channel.
	MaxIncoming = 4 << 10
	// MaxOutgoing is the largest message to send, in bytes.
	MaxOutgoing = 16 << 10

	// maxWaiting is how much of a channel's may wait for the client when another
	// message is added; enough is how little must wait for there to be room again. In bytes.
	maxWaiting = 64 << 10
	enough     = 8 << 10

	// Messages a client may send: a second and at once, and their bytes.
	messageRate, messageBurst = 40, 80
	byteRate, byteBurst       = 32 << 10, 64 << 10
	// Packets a client may send: acknowledgements of a full line among them.
	packetRate, packetBurst = 600, 1200
	// Associations a client may begin: pages are reloaded, channels closed.
	startEvery, startBurst = 2 * time.Second, 6
)

// Events is told what happens. It must not block for long: Message holds up
// its own client alone, and comes from one goroutine at a time, never after
// Close has returned. Writable may come from any, and must not call back.
type Events interface {
	// Message came from the client; data is valid during the call.
	Message(data []byte)
	// Writable: what Send refused there is now room for.
	Writable()
}

// Config says what a Channel works with.
type Config struct {
	// Label is the name of the one channel that is let in.
	Label string
	// Write sends one packet over DTLS; it does not block.
	Write  func(packet []byte) error
	Events Events
	Logger *slog.Logger
}

// Channel is the data channel of one client, or the place for it. It is safe for concurrent use.
type Channel struct {
	config  Config
	ctx     context.Context
	cancel  context.CancelFunc
	running sync.WaitGroup
	packets *rate.Limiter
	starts  *rate.Limiter
	// out is where messages go; nil while no channel is open.
	out atomic.Pointer[sctp.Stream]
	// starved: Send was refused and Writable not told yet.
	starved atomic.Bool

	mu     sync.Mutex
	closed bool
	wire   *wire // of the association; nil while there is none
}

// New makes the place for a channel.
func New(c Config) *Channel {
	ctx, cancel := context.WithCancel(context.Background())
	return &Channel{
		config: c, ctx: ctx, cancel: cancel,
		packets: rate.NewLimiter(packetRate, packetBurst), starts: rate.NewLimiter(rate.Every(startEvery), startBurst),
	}
}

// Take takes in one packet that came over DTLS. It never blocks, and drops
// what is no SCTP, too much or too early. The packet may be used again afterwards.
func (c *Channel) Take(packet []byte) {
	if !plausible(packet) || !c.packets.Allow() {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return
	}
	if c.wire == nil {
		if !begins(packet) || !c.starts.Allow() {
			return
		}
		c.wire = newWire(c.config.Write)
		c.running.Add(1)
		go c.serve(c.wire)
	}
	c.wire.put(packet)
}

// Send sends a message of up to [MaxOutgoing] bytes. It never blocks. It is
// false when the message was not taken: because no channel is open, or because
// too much waits already; after that Writable is told once there is room.
func (c *Channel) Send(message []byte) bool {
	s := c.out.Load()
	if s == nil || len(message) > MaxOutgoing {
		return false
	}
	if s.BufferedAmount() > maxWaiting {
		c.starved.Store(true)
		if s.BufferedAmount() > enough {
			return false
		}
		c.roomy() // it drained meanwhile, and nobody will say so
		return false
	}
	_, err := s.WriteSCTP(message, sctp.PayloadTypeWebRTCBinary)
	return err == nil
}

// roomy tells once that there is room again.
func (c *Channel) roomy() {
	if c.starved.CompareAndSwap(true, false) {
		c.config.Events.Writable()
	}
}

// Open says whether messages can be sent.
func (c *Channel) Open() bool { return c.out.Load() != nil }

// Close ends what there is and waits for it.
func (c *Channel) Close() {
	c.mu.Lock()
	c.closed = true
	w := c.wire
	c.mu.Unlock()
	c.cancel()
	if w != nil {
		_ = w.Close() // gives no error
	}
	c.running.Wait()
}
