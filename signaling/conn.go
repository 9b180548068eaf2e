package signaling

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
	"golang.org/x/time/rate"

	"palabre/rooms"
	"palabre/signaling/frame"
	"palabre/signaling/protocol"
)

// Bounds of one connection.
const (
	// maxHello is the largest first frame: a token, a name and a little more.
	maxHello = 16 << 10
	// maxMessage is the largest frame that is not an offer.
	maxMessage = 64 << 10
	// maxLarge is how many larger ones may be on their way at once, on the whole server.
	maxLarge = 16
	// maxReplies is how many answers may wait to be written. A client with
	// more unread answers than it may send messages in a burst does not read.
	maxReplies = 96
	// batch is how many events are taken from the session at a time.
	batch = 64

	messageRate, messageBurst = 20, 60
	// Offers cost the media plane milliseconds of work each; growing the seats
	// and an ICE restart or two need no more.
	offerRate, offerBurst = 1, 10
	// Refused messages are answered for a while, then the connection is closed.
	strikeRate, strikeBurst = 2, 100
	// Pings cost a frame in answer each and are no messages.
	controlRate, controlBurst = 5, 20

	// sendBuffer is what the kernel may hold for one client beyond our queues.
	// By itself it would grow to megabytes before a slow reader shows.
	sendBuffer = 128 << 10

	// linger is how long a closed connection waits for the client to read why.
	linger = time.Second
	// lingerBytes is how much of what still arrives then is thrown away.
	lingerBytes = 8 << 20
)

// closing ends a connection with a close code (RFC 6455 section 7.4).
type closing struct {
	code int
	text string
}

func (c *closing) Error() string { return "closing with " + strconv.Itoa(c.code) + " " + c.text }

// errLost says that the connection broke: nobody is left to tell why.
var errLost = errors.New("the connection is lost")

// conn is one WebSocket: a reader and a writer, each a goroutine. offers is the
// third, only while an offer is being answered.
type conn struct {
	server  *Server
	ws      *websocket.Conn
	addr    netip.Addr
	host    string // what the client calls this server
	log     *slog.Logger
	timing  Timing
	session *rooms.Session

	// Used by the reader alone.
	messages, strikes, control, offerBudget *rate.Limiter
	assembling                              bool // in the middle of a message

	charged    atomic.Bool // the hello spent an attempt that joining gives back
	answering  atomic.Bool // an offer is being answered
	offers     sync.WaitGroup
	replies    chan *protocol.ServerMessage
	stop       chan *closing // from the reader to the writer, once
	readerDone chan struct{}
	// closedByPeer: the client said goodbye; set before readerDone closes.
	closedByPeer bool
}

func newConn(s *Server, ws *websocket.Conn, addr netip.Addr, host string) *conn {
	limitKernelBuffer(ws.NetConn())
	return &conn{
		server: s, ws: ws, addr: addr, host: host, log: s.logOf(addr), timing: s.cfg.Timing,
		messages:    rate.NewLimiter(messageRate, messageBurst),
		strikes:     rate.NewLimiter(strikeRate, strikeBurst),
		control:     rate.NewLimiter(controlRate, controlBurst),
		offerBudget: rate.NewLimiter(offerRate, offerBurst),
		replies:     make(chan *protocol.ServerMessage, maxReplies),
		stop:        make(chan *closing, 1),
		readerDone:  make(chan struct{}),
	}
}

func limitKernelBuffer(c net.Conn) {
	if secured, ok := c.(interface{ NetConn() net.Conn }); ok {
		c = secured.NetConn()
	}
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetWriteBuffer(sendBuffer) // without it the bound is the kernel's
	}
}

// serve runs the connection to its end. The session outlives it: who is cut
// off may come back.
func (c *conn) serve(ctx context.Context) {
	defer func() { _ = c.ws.Close() }() // nothing is left to do about an error
	session, err := c.hello(ctx)
	if err != nil {
		c.refuseHello(ctx, err)
		return
	}
	c.session = session
	c.ws.SetReadLimit(protocol.MaxClientFrame)
	c.ws.SetPongHandler(func(string) error { return c.onControl(false, "") })
	c.ws.SetPingHandler(func(text string) error { return c.onControl(true, text) })

	var writer sync.WaitGroup
	writer.Go(func() { c.write(ctx) })
	why := c.read(ctx)
	end, ours := errors.AsType[*closing](why)
	if ours {
		c.stop <- end // before Detach, so that the writer finds it
	}
	session.Detach()
	if ours {
		_, _ = io.CopyN(io.Discard, c.ws.NetConn(), lingerBytes) // until the writer has closed
	}
	_, c.closedByPeer = errors.AsType[*websocket.CloseError](why)
	close(c.readerDone)
	writer.Wait()
	c.offers.Wait()
	c.log.Debug("connection ended", "participant", session.Welcome().Participant, "cause", why)
}

// refuseHello ends a connection that never got a session.
func (c *conn) refuseHello(ctx context.Context, why error) {
	end, ok := errors.AsType[*closing](why)
	switch {
	case ctx.Err() != nil:
		end = &closing{code: websocket.CloseGoingAway}
	case isTimeout(why):
		c.server.gate.Charge(c.addr)
		c.sendClose(&closing{code: websocket.ClosePolicyViolation, text: "no hello in time"})
		return // nothing of it is unread, so closing at once loses nothing
	case !ok:
		c.server.gate.Charge(c.addr)
		c.countClose(websocket.CloseAbnormalClosure)
		return
	}
	c.sendClose(end)
	_ = c.ws.SetReadDeadline(time.Now().Add(linger))
	_, _ = io.CopyN(io.Discard, c.ws.NetConn(), lingerBytes)
}

// read takes the client's messages until the connection ends, and says why.
func (c *conn) read(ctx context.Context) error {
	for {
		if err := c.extend(); err != nil {
			return err
		}
		m, err := c.readMessage()
		switch {
		case aboutOneFrame(err):
			if err := c.tolerate(m.ID, err); err != nil {
				return err
			}
			continue
		case err != nil:
			return err
		}
		if !c.messages.Allow() {
			slow := &refusal{code: protocol.CodeRateLimited, message: "Too many messages; send at most 20 a second.", after: time.Second}
			if err := c.tolerate(m.ID, slow); err != nil {
				return err
			}
			continue
		}
		c.count(m.Type)
		if err := c.handle(ctx, m); err != nil {
			if err := c.reply(c.failure(m.ID, err)); err != nil {
				return err
			}
		}
	}
}

// tolerate answers a message that was not looked at, for as long as the
// client's budget of those lasts.
func (c *conn) tolerate(re uint32, why error) error {
	if !c.strikes.Allow() {
		return &closing{code: websocket.ClosePolicyViolation, text: string(wireError(why).Code)}
	}
	return c.reply(c.failure(re, why))
}

// aboutOneFrame says that an error of readMessage leaves the connection usable.
func aboutOneFrame(err error) bool {
	_, refused := errors.AsType[*refusal](err)
	return refused || errors.Is(err, frame.ErrMalformed)
}

// readMessage reads one frame. An error may be about that frame alone, see
// [aboutOneFrame]; any other is the end of the connection.
func (c *conn) readMessage() (protocol.ClientMessage, error) {
	var m protocol.ClientMessage
	kind, r, err := c.ws.NextReader()
	if err != nil {
		return m, c.readFailed(err)
	}
	c.assembling = true
	text, err := c.readAll(r)
	c.assembling = false
	switch {
	case err != nil:
		return m, c.readFailed(err)
	case kind != websocket.TextMessage:
		return m, &closing{code: websocket.CloseUnsupportedData, text: "text frames only"}
	}
	if err := frame.Decode(text, &m); err != nil {
		return m, err
	}
	if m.Type != protocol.TypeOffer && len(text) > maxMessage {
		return m, refuse(protocol.CodeTooLarge, "Only an offer may be larger than 64 KiB.")
	}
	return m, nil
}

// readAll reads a message. Beyond the size of ordinary ones it takes one of
// few places, and has little time: a message that never ends must not keep
// memory that only an offer needs.
func (c *conn) readAll(r io.Reader) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxMessage+1))
	if err != nil || len(text) <= maxMessage || c.session == nil {
		return text, err
	}
	wait := time.NewTimer(c.timing.Write)
	defer wait.Stop()
	select {
	case c.server.large <- struct{}{}:
		defer func() { <-c.server.large }()
	case <-wait.C:
		return nil, &closing{code: websocket.CloseTryAgainLater, text: "too many large messages at once"}
	}
	if err := c.ws.SetReadDeadline(time.Now().Add(c.timing.Write)); err != nil {
		return nil, fmt.Errorf("%w: %w", errLost, err)
	}
	rest, err := io.ReadAll(r)
	return append(text, rest...), err
}

// readFailed says what an error of the WebSocket means.
func (c *conn) readFailed(err error) error {
	if end, ok := errors.AsType[*closing](err); ok {
		return end
	}
	if errors.Is(err, websocket.ErrReadLimit) {
		return &closing{code: websocket.CloseMessageTooBig, text: "frame too large"}
	}
	return fmt.Errorf("%w: %w", errLost, err)
}

// onControl answers pings and takes every control frame as a sign of life,
// but not in the middle of a message: that must come to its end in time.
func (c *conn) onControl(ping bool, text string) error {
	if !c.control.Allow() {
		return &closing{code: websocket.ClosePolicyViolation, text: "too many pings"}
	}
	if ping {
		// An error shows when the writer writes.
		_ = c.ws.WriteControl(websocket.PongMessage, []byte(text), time.Now().Add(c.timing.Write))
	}
	if c.assembling {
		return nil
	}
	return c.extend()
}

// extend gives the client another while until it counts as dead.
func (c *conn) extend() error {
	if err := c.ws.SetReadDeadline(time.Now().Add(c.timing.Dead)); err != nil {
		return fmt.Errorf("%w: %w", errLost, err)
	}
	return nil
}

// reply queues an answer of the edge itself. Events have a queue of their own.
func (c *conn) reply(m protocol.ServerMessage) error {
	select {
	case c.replies <- &m:
		return nil
	default:
		return &closing{code: websocket.CloseTryAgainLater, text: "answers are not read"}
	}
}

// failure is the error message that answers a message.
func (c *conn) failure(re uint32, err error) protocol.ServerMessage {
	e := wireError(err)
	c.server.metrics.failures.WithLabelValues(string(e.Code)).Inc()
	switch e.Code {
	case protocol.CodeInternal:
		c.log.Error("a command failed by our fault", "cause", err)
	case protocol.CodeUnauthorized, protocol.CodeForbidden:
		c.server.logRefusal(c.addr, "/ws", e, err)
	}
	return protocol.ServerMessage{Type: protocol.TypeError, Re: re, Data: e}
}

func (c *conn) countClose(code int) {
	c.server.metrics.closes.WithLabelValues(strconv.Itoa(code)).Inc()
}

func (c *conn) count(kind protocol.ClientType) {
	if _, ok := c.server.commands[kind]; !ok && !slices.Contains([]protocol.ClientType{protocol.TypeOffer, protocol.TypePing, protocol.TypeFileTicket, protocol.TypeFileLink}, kind) {
		kind = "unknown" // a stranger's text is no label
	}
	c.server.metrics.messages.WithLabelValues(string(kind)).Inc()
}

func isTimeout(err error) bool {
	t, ok := errors.AsType[interface {
		error
		Timeout() bool
	}](err)
	return ok && t.Timeout()
}

// encode writes a message as JSON. Our own types always encode.
func encode(m protocol.ServerMessage) ([]byte, error) {
	text, err := json.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("encoding a %s message: %w", m.Type, err)
	}
	return text, nil
}
