package channel

import (
	"time"

	"github.com/pion/datachannel"
	"github.com/pion/logging"
	"github.com/pion/sctp"
	"golang.org/x/time/rate"

	"palabre/sfu/transport"
)

const (
	// handshakeTime is how long an association may take to come up, and a stream to say what it is.
	handshakeTime = 10 * time.Second
	// window is how much a client may send before it is read, in bytes.
	window = 32 << 10
	// maxStreams is how many streams a client may open over one association's
	// life: a page closes its channel and opens it again.
	maxStreams = 32
	// maxPieces bounds the fragments that wait to become messages.
	maxPieces = 256
	// mtu is the largest packet, in bytes: what goes through DTLS, UDP and a
	// tunnel or two (RFC 8831 section 5).
	mtu = 1191
	// longestWait, in milliseconds, is before something lost is sent again for the last time.
	longestWait = 10_000
)

// serve is one association, from the client's INIT to its end.
func (c *Channel) serve(w *wire) {
	defer c.running.Done()
	logs := transport.Loggers(c.config.Logger)
	tooLate := time.AfterFunc(handshakeTime, func() { _ = w.Close() })
	association, err := sctp.ServerWithOptions(
		sctp.Config{
			NetConn: w, LoggerFactory: logs, Name: c.config.Label, MTU: mtu,
			MaxReceiveBufferSize: window, MaxMessageSize: MaxOutgoing, RTOMax: longestWait,
			EnableZeroChecksum: true, // DTLS finds what is broken (RFC 9653)
		},
		sctp.WithMaxReassemblyQueueEntries(maxPieces),
	)
	tooLate.Stop()
	if err == nil {
		c.accept(association, logs)
		_ = association.Close() // it is over in any case
	}
	_ = w.Close()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wire = nil
}

// accept takes streams until the association ends, or the client opened too many.
func (c *Channel) accept(association *sctp.Association, logs logging.LoggerFactory) {
	for range maxStreams {
		stream, err := association.AcceptStream()
		if err != nil {
			return
		}
		c.running.Add(1)
		go c.stream(stream, logs)
	}
	c.config.Logger.Info("a client opened too many streams: its data channels end")
	association.Abort("too many streams")
}

// stream is one stream, from its opening (RFC 8832) to its end.
func (c *Channel) stream(s *sctp.Stream, logs logging.LoggerFactory) {
	defer c.running.Done()
	defer func() { _ = s.Close() }() // it may be closed already
	_ = s.SetReadDeadline(time.Now().Add(handshakeTime))
	opened, err := datachannel.Server(s, &datachannel.Config{LoggerFactory: logs})
	_ = s.SetReadDeadline(time.Time{}) // which ends what waits for it, whatever came
	if err != nil || opened.Label != c.config.Label || opened.ChannelType != datachannel.ChannelTypeReliable {
		return
	}
	s.SetBufferedAmountLowThreshold(enough)
	s.OnBufferedAmountLow(c.roomy)
	c.starved.Store(false)
	if older := c.out.Swap(s); older != nil {
		_ = older.Close() // the client has it no longer, or should not have
	}
	c.read(s)
	c.out.CompareAndSwap(s, nil)
}

// read gives the client's messages on, each in its turn, until the stream ends
// or brings what is no message of ours.
func (c *Channel) read(s *sctp.Stream) {
	messages, bytes := rate.NewLimiter(messageRate, messageBurst), rate.NewLimiter(byteRate, byteBurst)
	buffer := make([]byte, MaxIncoming)
	for {
		n, kind, err := s.ReadSCTP(buffer)
		if err != nil {
			return
		}
		if messages.Wait(c.ctx) != nil || bytes.WaitN(c.ctx, n) != nil {
			return
		}
		switch kind {
		case sctp.PayloadTypeWebRTCBinary:
			c.config.Events.Message(buffer[:n])
		case sctp.PayloadTypeWebRTCDCEP, sctp.PayloadTypeWebRTCBinaryEmpty: // nothing to tell
		default:
			return
		}
	}
}
