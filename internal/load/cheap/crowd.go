// Package cheap is the receiving half of a meeting's client for load runs: it
// costs so little that hundreds of them fit on one core beside the server
// they measure.
//
// A [Subscriber] joins as any client does: signalling over a WebSocket, an
// offer, ICE as the controlling agent, DTLS, SRTP. It answers consent checks,
// sends receiver reports, transport-wide feedback and requests for key frames.
// What it does not do is decrypt what it receives: RTP headers are sent in the
// clear (RFC 3711 section 3.1), and they are enough to count packets. Whoever
// watches may open single packets with [Packet.Open]. Nor does it come back: a
// connection that is lost stays lost, and its lines stand still.
//
// A [Crowd] is what its subscribers share: the certificate, the text of the
// offer and one goroutine for everything that is done from time to time:
// reading the UDP sockets is, too, on Linux. A subscriber has one goroutine that
// reads its WebSocket, and one for its UDP socket until it is connected (and
// ever after on other systems).
package cheap

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/pion/dtls/v3/pkg/crypto/selfsign"
	"github.com/pion/logging"

	"palabre/client"
	"palabre/signaling/protocol"
)

// Config says where a crowd goes and what its members receive.
type Config struct {
	// URL is the server: http, https, ws or wss. Without a path it means /ws.
	URL   string
	Room  string
	Token string
	// Client names this program in the server's log.
	Client  string
	Receive client.Receive
	Layout  protocol.LayoutMode
	// Arrivals negotiates transport-wide feedback and sends it, as browsers do.
	Arrivals bool
	TLS      *tls.Config
	// Logger gets what a person debugging would like to know; nil means silence.
	Logger *slog.Logger
}

// tick is how often the crowd looks after its members, a share of them each
// time, so that their feedback does not leave in one burst: each has its turn
// every turns ticks. Their sockets are looked at every looks ticks: often enough
// for answers to the server's checks, which measure round trips, and seldom
// enough to cost nothing; when something came is told by the kernel.
const (
	tick  = 5 * time.Millisecond
	turns = int(feedbackEvery / tick)
	looks = 2
)

// Crowd is any number of subscribers of one room. Its methods may be called
// from any goroutine.
type Crowd struct {
	config      Config
	certificate tls.Certificate
	fingerprint string
	lines       []section
	logs        logging.LoggerFactory
	log         *slog.Logger
	batches     sync.Pool // what sockets are read into
	buffers     sync.Pool // of the WebSockets, which write seldom

	done    chan struct{}
	running sync.WaitGroup

	mu      sync.Mutex
	members [turns][]*Subscriber
	next    int
	closed  bool
}

// ErrClosed says that the crowd has gone.
var ErrClosed = errors.New("the crowd has gone")

// New prepares a crowd. Close it when done.
func New(c Config) (*Crowd, error) {
	certificate, err := selfsign.GenerateSelfSigned()
	if err != nil {
		return nil, fmt.Errorf("making a DTLS certificate for the subscribers: %w", err)
	}
	print, err := fingerprintOf(certificate.Certificate[0])
	if err != nil {
		return nil, err
	}
	crowd := &Crowd{
		config: c, certificate: certificate, fingerprint: print, lines: sections(c.Receive),
		logs: logging.NewDefaultLoggerFactory(), log: c.Logger, done: make(chan struct{}),
	}
	if crowd.log == nil {
		crowd.log = slog.New(slog.DiscardHandler)
	}
	crowd.running.Go(crowd.care)
	return crowd, nil
}

// Close ends every member's session without a goodbye and waits for all that
// ran. Say goodbye with [Subscriber.Leave].
func (c *Crowd) Close() {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return
	}
	c.closed = true
	close(c.done)
	members := slices.Concat(c.members[:]...)
	c.mu.Unlock()
	c.running.Wait()
	for _, s := range members {
		s.close()
	}
}

// admit takes a subscriber in, who has its turn from now on.
func (c *Crowd) admit(s *Subscriber) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return ErrClosed
	}
	s.turn = c.next % turns
	c.members[s.turn] = append(c.members[s.turn], s)
	c.next++
	return nil
}

// release forgets a subscriber.
func (c *Crowd) release(s *Subscriber) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.members[s.turn] = slices.DeleteFunc(c.members[s.turn], func(have *Subscriber) bool { return have == s })
}

// care gives every member its turn until the crowd goes.
func (c *Crowd) care() {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	var looked, attended []*Subscriber
	batch := newBatch()
	for turn := 0; ; turn = (turn + 1) % turns {
		select {
		case <-c.done:
			return
		case <-ticker.C:
		}
		c.mu.Lock()
		attended, looked = append(attended[:0], c.members[turn]...), looked[:0]
		for t := turn % looks; t < turns; t += looks {
			looked = append(looked, c.members[t]...)
		}
		c.mu.Unlock()
		for _, s := range looked {
			s.look(batch)
		}
		now := time.Now()
		for _, s := range attended {
			s.attend(now)
		}
	}
}
