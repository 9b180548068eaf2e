package signaling

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
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

// errLost says that the connection broke: nobody is left to tell why. errFault
// that we failed, which is written down already; who it was comes back.
var (
	errLost  = errors.New("the connection is lost")
	errFault = errors.New("a fault of ours")
)

// conn is one WebSocket. A goroutine reads it as long as it lives; what a
// message asks is done on another, which need not keep the stack that takes
// ([conn.apart]). A writer lives while there is something to write, and offers is one
// more, only while an offer is being answered.
type conn struct {
	server  *Server
	ws      *websocket.Conn
	addr    netip.Addr
	host    string // what the client calls this server
	timing  Timing
	session *rooms.Session

	// Used by the reader alone.
	messages, strikes, control, offerBudget *rate.Limiter
	assembling                              bool // in the middle of a message

	charged    atomic.Bool // the hello spent an attempt that joining gives back
	answering  atomic.Bool // an offer is being answered
	offers     sync.WaitGroup
	readerDone chan struct{}
	// closedByPeer: the client said goodbye; set before readerDone closes.
	closedByPeer bool
	closed       chan struct{} // by the last writer, once it has closed the connection

	// When the client was last heard and told something, on the server's clock.
	heard, told atomic.Int64
	pinged      time.Duration // the pulse's

	mu      sync.Mutex // guards what follows
	replies []*protocol.ServerMessage
	end     *closing // set by the reader, once
	pinging bool     // a ping is due
	woken   bool     // there may be something to write
	writing bool     // a writer lives, or the last has closed the connection
}

func newConn(s *Server, ws *websocket.Conn, addr netip.Addr, host string) *conn {
	limitKernelBuffer(ws.NetConn())
	return &conn{
		server: s, ws: ws, addr: addr, host: host, timing: s.cfg.Timing,
		messages:    rate.NewLimiter(messageRate, messageBurst),
		strikes:     rate.NewLimiter(strikeRate, strikeBurst),
		control:     rate.NewLimiter(controlRate, controlBurst),
		offerBudget: rate.NewLimiter(offerRate, offerBurst),
		readerDone:  make(chan struct{}),
		closed:      make(chan struct{}),
	}
}

func limitKernelBuffer(c net.Conn) {
	if secured, ok := c.(interface{ NetConn() net.Conn }); ok {
		c = secured.NetConn()
	}
	if tcp, ok := c.(interface{ SetWriteBuffer(bytes int) error }); ok {
		_ = tcp.SetWriteBuffer(sendBuffer) // without it the bound is the kernel's
	}
}

// serve runs the connection to its end. The session outlives it: who is cut
// off may come back.
func (c *conn) serve(ctx context.Context) {
	defer func() { _ = c.ws.Close() }() // nothing is left to do about an error
	err := c.apart(func() (err error) {
		c.session, err = c.hello(ctx)
		return err
	})
	if err != nil {
		c.refuseHello(ctx, err)
		return
	}
	c.ws.SetReadLimit(protocol.MaxClientFrame)
	c.ws.SetPongHandler(func(string) error { return c.onControl(false, "") })
	c.ws.SetPingHandler(func(text string) error { return c.onControl(true, text) })

	c.alive()
	c.server.pulse.add(c.server, c)
	defer c.server.pulse.remove(c)
	c.session.Notify(c.wake)
	why := c.read(ctx)
	end, ours := errors.AsType[*closing](why)
	if ours {
		c.finish(end) // before Detach, so that the writer finds it
	}
	c.session.Detach()
	if ours {
		_, _ = io.CopyN(io.Discard, c.ws.NetConn(), lingerBytes) // until the writer has closed
	}
	_, c.closedByPeer = errors.AsType[*websocket.CloseError](why)
	close(c.readerDone)
	c.wake()
	<-c.closed
	c.offers.Wait()
	c.log().Debug("connection ended", "participant", c.session.Welcome().Participant, "cause", why)
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
	case errors.Is(why, errFault):
		c.countClose(websocket.CloseAbnormalClosure)
		return
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
	if err := c.ws.SetReadDeadline(time.Time{}); err != nil { // that of hello
		return fmt.Errorf("%w: %w", errLost, err)
	}
	for {
		c.alive()
		text, err := c.readText()
		if err != nil {
			return err
		}
		if err := c.apart(func() error { return c.obey(ctx, text) }); err != nil {
			return err
		}
	}
}

// obey does what one message asks. An error ends the connection.
func (c *conn) obey(ctx context.Context, text []byte) error {
	m, err := parse(text)
	if err != nil {
		return c.tolerate(m.ID, err)
	}
	if !c.messages.Allow() {
		slow := &refusal{code: protocol.CodeRateLimited, message: "Too many messages; send at most 20 a second.", after: time.Second}
		return c.tolerate(m.ID, slow)
	}
	c.count(m.Type)
	if err := c.handle(ctx, m); err != nil {
		return c.reply(c.failure(m.ID, err))
	}
	return nil
}

// apart runs f on a goroutine of its own and waits for it: what f needs of stack
// goes with that one, while this one waits for the client as long as a meeting
// lasts. A panic becomes [errFault].
func (c *conn) apart(f func() error) error {
	done := make(chan error, 1)
	go func() {
		defer func() {
			if fault := recover(); fault != nil {
				c.server.faulty("/ws", fault)
				done <- errFault
			}
		}()
		done <- f()
	}()
	return <-done
}

// tolerate answers a message that was not looked at, for as long as the
// client's budget of those lasts.
func (c *conn) tolerate(re uint32, why error) error {
	if !c.strikes.Allow() {
		return &closing{code: websocket.ClosePolicyViolation, text: string(wireError(why).Code)}
	}
	return c.reply(c.failure(re, why))
}

// readText reads one message. An error is the end of the connection.
func (c *conn) readText() ([]byte, error) {
	kind, r, err := c.ws.NextReader()
	if err != nil {
		return nil, c.readFailed(err)
	}
	c.assembling = true
	text, err := c.readAll(r)
	c.assembling = false
	switch {
	case err != nil:
		return nil, c.readFailed(err)
	case kind != websocket.TextMessage:
		return nil, &closing{code: websocket.CloseUnsupportedData, text: "text frames only"}
	}
	return text, nil
}

// parse reads what a message says; an error is about that one alone.
func parse(text []byte) (m protocol.ClientMessage, err error) {
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
	defer func() { _ = c.ws.SetReadDeadline(time.Time{}) }() // an error shows when it is read from
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
		c.told.Store(int64(c.server.now()))
		_ = c.ws.WriteControl(websocket.PongMessage, []byte(text), time.Now().Add(c.timing.Write))
	}
	if !c.assembling {
		c.alive()
	}
	return nil
}

// alive gives the client another while until it counts as dead.
func (c *conn) alive() { c.heard.Store(int64(c.server.now())) }

// reply queues an answer of the edge itself. Events have a queue of their own.
func (c *conn) reply(m protocol.ServerMessage) error {
	if !c.queue(m, maxReplies) {
		return &closing{code: websocket.CloseTryAgainLater, text: "answers are not read"}
	}
	return nil
}

// failure is the error message that answers a message.
func (c *conn) failure(re uint32, err error) protocol.ServerMessage {
	e := wireError(err)
	c.server.metrics.failures.WithLabelValues(string(e.Code)).Inc()
	switch e.Code {
	case protocol.CodeInternal:
		c.log().Error("a command failed by our fault", "cause", err)
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
