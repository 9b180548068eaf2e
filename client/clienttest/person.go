package clienttest

import (
	"encoding/json"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
	"github.com/pion/webrtc/v4"

	"palabre/signaling/protocol"
)

// person is one session at the server.
type person struct {
	server *Server
	id     string
	resume string
	lose   atomic.Int64

	// guarded by server.mu
	who       protocol.Participant
	inside    bool
	waiting   bool
	forgotten bool
	layout    protocol.Layout

	mu     sync.Mutex
	socket *websocket.Conn
	seq    uint64
	sent   []protocol.ServerMessage

	media   sync.Mutex
	pc      *webrtc.PeerConnection
	print   string // the certificate fingerprint the client's offer names
	lines   protocol.Lines
	seats   map[string]*seat // by mid
	sources map[string]*source
	reading sync.WaitGroup
}

// send numbers a message, keeps it for a resume and writes it.
func (p *person) send(kind protocol.ServerType, re uint32, data any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	m := protocol.ServerMessage{Type: kind, Re: re, Data: data}
	switch kind {
	case protocol.TypePong, protocol.TypeSpeakers, protocol.TypeError, protocol.TypeResumed:
	default:
		p.seq++
		m.Seq = p.seq
		p.sent = append(p.sent, m)
	}
	p.write(m)
}

func (p *person) write(m protocol.ServerMessage) {
	if p.socket == nil {
		return
	}
	_ = p.socket.SetWriteDeadline(time.Now().Add(time.Second))
	_ = p.socket.WriteJSON(m)
}

func (p *person) hangUp() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.socket != nil {
		_ = p.socket.Close()
		p.socket = nil
	}
}

// hello answers the first message; nil means that the connection is over.
func (s *Server) hello(socket *websocket.Conn, m protocol.ClientMessage) *person {
	var h protocol.Hello
	if json.Unmarshal(m.Data, &h) != nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hellos++
	refuse := func(code protocol.ErrorCode) {
		data := protocol.Error{Code: code, Message: "refused by the test"}
		_ = socket.WriteJSON(protocol.ServerMessage{Type: protocol.TypeError, Re: m.ID, Data: data})
	}
	if s.refuse != "" {
		refuse(s.refuse)
		return nil
	}
	if h.Resume != "" {
		old := s.byResume[h.Resume]
		if old == nil {
			refuse(protocol.CodeResumeFailed)
			return &person{server: s} // the client says hello again
		}
		return s.comeBack(old, socket, h, m.ID)
	}
	p := s.newcomer(h)
	p.socket = socket
	p.send(protocol.TypeWelcome, m.ID, protocol.Welcome{
		Participant: p.id, Resume: p.resume, Room: h.Room, Role: protocol.RoleGuest,
		Prepare: !s.lobby, Version: "test",
	})
	return p
}

func (s *Server) newcomer(h protocol.Hello) *person {
	p := &person{server: s, id: s.identity("p"), resume: s.identity("resume")}
	p.who = protocol.Participant{ID: p.id, Name: h.Name, Role: protocol.RoleGuest}
	s.people = append(s.people, p)
	s.byResume[p.resume] = p
	return p
}

func (s *Server) comeBack(old *person, socket *websocket.Conn, h protocol.Hello, re uint32) *person {
	p := old
	if old.forgotten {
		p = s.newcomer(h)
		p.id, p.who.ID = old.id, old.id
	}
	p.hangUp()
	p.mu.Lock()
	p.socket = socket
	missed := slices.Clone(p.sent)
	p.mu.Unlock()
	p.media.Lock()
	standing := p.pc != nil
	p.media.Unlock()
	p.send(protocol.TypeResumed, re, protocol.Resumed{
		Participant: p.id, Resume: p.resume, Media: standing, Fresh: old.forgotten,
	})
	if old.forgotten {
		return p
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, m := range missed {
		if m.Seq > h.LastSeq {
			p.write(m)
		}
	}
	return p
}

// command does what one message asks; false ends the connection.
func (s *Server) command(p *person, m protocol.ClientMessage) bool {
	switch m.Type {
	case protocol.TypeOffer:
		p.negotiate(m)
	case protocol.TypeJoin:
		s.join(p, m)
	case protocol.TypeLayout:
		s.mu.Lock()
		_ = json.Unmarshal(m.Data, &p.layout)
		s.mu.Unlock()
		s.seatAll()
	case protocol.TypeMedia:
		s.mu.Lock()
		_ = json.Unmarshal(m.Data, &p.who.Media)
		who := p.who
		s.mu.Unlock()
		s.Tell(protocol.TypeParticipant, who)
		s.seatAll()
	case protocol.TypeChat:
		s.chat(p, m)
	case protocol.TypeLeave:
		p.send(protocol.TypeClosed, m.ID, protocol.Closed{Reason: protocol.ReasonLeft})
		s.leave(p)
		return false
	default:
		p.send(protocol.TypeError, m.ID, protocol.Error{Code: protocol.CodeBadMessage, Message: "not in this test"})
	}
	return true
}

func (s *Server) chat(p *person, m protocol.ClientMessage) {
	var text protocol.ChatText
	_ = json.Unmarshal(m.Data, &text)
	if len(text.Text) > protocol.MaxChat {
		p.send(protocol.TypeError, m.ID, protocol.Error{Code: protocol.CodeTooLarge, Message: "message too long"})
		return
	}
	s.mu.Lock()
	name := p.who.Name
	s.mu.Unlock()
	s.Tell(protocol.TypeChatLine, protocol.ChatLine{Participant: p.id, Name: name, Text: text.Text, Nonce: text.Nonce})
}

func (s *Server) join(p *person, m protocol.ClientMessage) {
	var j protocol.Join
	_ = json.Unmarshal(m.Data, &j)
	s.mu.Lock()
	p.who.Name, p.who.Media = j.Name, j.Media
	waiting := s.lobby
	p.waiting = waiting
	s.mu.Unlock()
	if waiting {
		p.send(protocol.TypeWaiting, m.ID, nil)
		return
	}
	s.admit(p, m.ID)
}

func (s *Server) admit(p *person, re uint32) {
	s.mu.Lock()
	p.inside, p.waiting = true, false
	joined := protocol.Joined{Participant: p.id, Chat: []protocol.ChatLine{}}
	var others []*person
	for _, other := range s.people {
		if !other.inside {
			continue
		}
		joined.Participants = append(joined.Participants, other.who)
		if other != p {
			others = append(others, other)
		}
	}
	who := p.who
	s.mu.Unlock()
	p.send(protocol.TypeJoined, re, joined)
	for _, other := range others {
		other.send(protocol.TypeParticipant, 0, who)
	}
	s.seatAll()
}

func (s *Server) leave(p *person) {
	s.mu.Lock()
	s.people = slices.DeleteFunc(s.people, func(other *person) bool { return other == p })
	delete(s.byResume, p.resume)
	s.mu.Unlock()
	p.closeMedia()
	s.Tell(protocol.TypeLeft, protocol.Left{Participant: p.id, Reason: protocol.ReasonLeft})
	s.seatAll()
}
