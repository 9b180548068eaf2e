package signaling

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/gorilla/websocket"

	"palabre/rooms"
	"palabre/signaling/frame"
	"palabre/signaling/gate"
	"palabre/signaling/protocol"
)

// webSocket lets a client knock: everything that can be refused before the
// upgrade is refused with a status a proxy's log shows.
func (s *Server) webSocket(c *gin.Context) {
	addr := s.address(c.Request)
	if !s.origins.Allow(c.Request) {
		s.fail(c, refuse(protocol.CodeForbidden, "Pages of that site may not connect here."))
		return
	}
	if !websocket.IsWebSocketUpgrade(c.Request) || !slices.Contains(websocket.Subprotocols(c.Request), protocol.Version) {
		s.fail(c, refuse(protocol.CodeBadMessage, "This is a WebSocket that speaks "+protocol.Version+"."))
		return
	}
	if err := s.begin(); err != nil {
		s.fail(c, refuse(protocol.CodeUnavailable, "The server is stopping."))
		return
	}
	if err := s.gate.Enter(addr); err != nil {
		s.work.Done()
		s.fail(c, err)
		return
	}
	host := c.Request.Host
	ws, err := s.upgrader.Upgrade(c.Writer, c.Request, nil)
	if err != nil {
		s.gate.Leave(addr)
		s.gate.Charge(addr)
		s.work.Done()
		return // the upgrader has answered
	}
	// A goroutine of its own lets go of the request and its buffers, which
	// would stay as long as the meeting lasts.
	go func() {
		defer s.work.Done()
		defer s.gate.Leave(addr)
		s.converse(newConn(s, ws, addr, host))
	}()
}

// converse serves one WebSocket to its end; a fault of ours ends that one alone.
func (s *Server) converse(c *conn) {
	defer func() {
		if fault := recover(); fault != nil {
			s.faulty("/ws", fault)
			_ = c.ws.Close() // whoever it was comes back
		}
	}()
	c.serve(s.ctx)
}

// hello reads hellos until one opens a session. A resume that failed may be
// followed by a hello without it on the same connection, which saves a round trip.
func (c *conn) hello(ctx context.Context) (*rooms.Session, error) {
	// Until a client is somebody, it may hold no more than this of our memory.
	c.ws.SetReadLimit(maxHello)
	if err := c.ws.SetReadDeadline(time.Now().Add(c.timing.Hello)); err != nil {
		return nil, fmt.Errorf("setting the deadline of hello: %w", err)
	}
	// A server that stops waits for nobody's hello.
	defer context.AfterFunc(ctx, func() { _ = c.ws.SetReadDeadline(time.Now()) })()
	for {
		text, err := c.readText()
		if err != nil {
			return nil, err
		}
		var session *rooms.Session
		m, err := parse(text)
		if err == nil {
			session, err = c.open(ctx, m)
		}
		if err == nil {
			return session, nil
		}
		c.server.gate.Charge(c.addr)
		if werr := c.writeNow(c.failure(m.ID, err)); werr != nil {
			return nil, werr
		}
		if !errors.Is(err, rooms.ErrResumeFailed) {
			e := wireError(err)
			return nil, &closing{code: outcomeOf(e.Code).close, text: string(e.Code)}
		}
	}
}

// open gives the session a hello asks for and welcomes its client.
func (c *conn) open(ctx context.Context, m protocol.ClientMessage) (*rooms.Session, error) {
	if m.Type != protocol.TypeHello {
		return nil, refuse(protocol.CodeBadMessage, "Say hello first.")
	}
	var hello protocol.Hello
	if err := decode(m.Data, &hello); err != nil {
		return nil, err
	}
	rank := gate.Newcomer
	if hello.Resume != "" {
		rank = gate.Returning
	}
	if err := c.server.pass(ctx, rank); err != nil {
		return nil, err
	}
	start := time.Now()
	req, err := c.server.request(ctx, hello)
	if err != nil {
		c.server.cfg.Rooms.JoinFailed(rooms.Code(wireError(err).Code))
		return nil, err
	}
	req.Address = gate.Truncated(c.addr)
	session, err := c.server.openRoom(ctx, c.addr, req)
	if err != nil {
		return nil, err
	}
	if req.Resume == "" && !req.Vouched {
		// Who came with nothing may be trying names; joining gives it back.
		c.server.gate.Charge(c.addr)
		c.charged.Store(true)
	}
	if err := c.writeNow(c.welcome(m.ID, session)); err != nil {
		session.Detach()
		return nil, err
	}
	c.server.metrics.since(c.server.metrics.hello, start)
	return session, nil
}

// pass waits for the turn of somebody who comes in, no longer than an answer to
// an offer may take.
func (s *Server) pass(ctx context.Context, rank gate.Rank) error {
	start := time.Now()
	defer s.metrics.since(s.metrics.turnstile, start)
	ctx, cancel := context.WithTimeout(ctx, s.cfg.Timing.Negotiate)
	defer cancel()
	if s.turnstile.Pass(ctx, rank) != nil {
		return &refusal{code: protocol.CodeUnavailable, message: "The server has too much to do; try again in a moment.", after: overrunAfter}
	}
	return nil
}

// overrunAfter is when to try again who waited in vain.
const overrunAfter = 2 * time.Second

// request is what a hello asks of the rooms, once its token is checked.
func (s *Server) request(ctx context.Context, hello protocol.Hello) (rooms.Request, error) {
	room, err := parseRoom(hello.Room)
	if err != nil {
		return rooms.Request{}, err
	}
	req := rooms.Request{Room: room, Client: hello.Client, Role: rooms.Guest, Name: hello.Name, Password: hello.Password}
	switch {
	case hello.Resume != "":
		req.Resume, req.LastSeq = hello.Resume, hello.LastSeq
		return req, nil
	case hello.Token != "":
		if req, err = s.granted(ctx, req, hello.Token); err != nil || req.Vouched {
			return req, err
		}
	}
	if !s.cfg.OpenRooms {
		return rooms.Request{}, refuse(protocol.CodeUnauthorized, "This room opens with a token.")
	}
	return req, nil
}

// openRoom opens a session. Who says a password wrong too often is not heard.
func (s *Server) openRoom(ctx context.Context, addr netip.Addr, req rooms.Request) (*rooms.Session, error) {
	if req.Password == "" || req.Resume != "" || req.Vouched {
		return s.cfg.Rooms.Open(ctx, req)
	}
	if err := s.lockout.Guess(addr, req.Room, time.Now()); err != nil {
		return nil, err
	}
	session, err := s.cfg.Rooms.Open(ctx, req)
	if rooms.CodeOf(err) != rooms.CodePasswordWrong || err == nil {
		s.lockout.Right(addr, req.Room)
	}
	return session, err
}

// granted adds what a join token says to a request. One that gives nothing over
// having none leaves it as it is.
func (s *Server) granted(ctx context.Context, req rooms.Request, token string) (rooms.Request, error) {
	grant, err := s.cfg.Tokens.VerifyJoin(ctx, token, req.Room)
	if err != nil {
		return rooms.Request{}, err
	}
	req.Credential = fingerprint(token)
	role := rooms.Role(grant.Role)
	if role == "" {
		return req, nil
	}
	if !s.cfg.Rooms.Knows(role) {
		return rooms.Request{}, refuse(protocol.CodeUnauthorized, "The token names no role we know.")
	}
	req.Role, req.Vouched, req.Identity = role, true, grant.Subject
	if grant.Ticket != nil {
		req.Voucher = grant.Ticket
	}
	if grant.Name != "" {
		req.Name, req.NameFixed = grant.Name, true
	}
	return req, nil
}

// welcome is the first frame a session's client gets.
func (c *conn) welcome(re uint32, session *rooms.Session) protocol.ServerMessage {
	w := session.Welcome()
	var servers []protocol.ICEServer
	if w.Outcome != rooms.Resumed { // who resumes has them, and they are still good
		servers = c.server.relays(session, c.host)
	}
	if w.Outcome != rooms.Opened {
		return protocol.ServerMessage{Type: protocol.TypeResumed, Re: re, Data: protocol.Resumed{
			Participant: w.Participant, Resume: w.Resume, Media: w.Media, Fresh: w.Outcome == rooms.Fresh, ICEServers: servers,
		}}
	}
	name := ""
	if w.NameFixed {
		name = w.Name
	}
	return protocol.ServerMessage{Type: protocol.TypeWelcome, Re: re, Data: protocol.Welcome{
		Participant: w.Participant, Resume: w.Resume, Room: w.Room, Role: protocol.Role(w.Role), Name: name,
		Prepare: w.Prepare, Preview: wirePreview(w.Preview), About: wireRoom(w.About), ICEServers: servers, Version: c.server.cfg.Version,
	}}
}

// relays gives a session the servers its client may be relayed by; they end with it.
func (s *Server) relays(session *rooms.Session, host string) []protocol.ICEServer {
	if s.cfg.ICEServers == nil || s.begin() != nil {
		return []protocol.ICEServer{}
	}
	servers, revoke := s.cfg.ICEServers(host)
	go func() {
		defer s.work.Done()
		defer revoke()
		select {
		case <-session.Done():
		case <-s.ctx.Done():
		}
	}()
	return append([]protocol.ICEServer{}, servers...)
}

// decode reads the data of a message; a message that should have some and has
// none says so.
func decode(data []byte, into any) error {
	if len(data) == 0 {
		return fmt.Errorf("%w: data is missing", frame.ErrMalformed)
	}
	return frame.Decode(data, into)
}

// log is the logger of one connection, for what happens inside it.
func (c *conn) log() *slog.Logger { return c.server.logOf(c.addr) }

func (s *Server) logOf(addr netip.Addr) *slog.Logger {
	return s.cfg.Logger.With("from", gate.Truncated(addr))
}
