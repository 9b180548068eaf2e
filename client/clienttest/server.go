// Package clienttest is a small meeting server inside a test's process. It
// speaks the signalling protocol and forwards media between the sessions of
// one room, so that programs built on package client can be tested without a
// real server. It trusts everybody, chooses no layers and counts what it does.
package clienttest

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/gorilla/websocket"

	"palabre/signaling/protocol"
)

// Server is one room. Make it with [NewServer] and close it when done.
type Server struct {
	// URL is where clients connect to.
	URL string

	http    *httptest.Server
	gone    sync.WaitGroup
	seating sync.Mutex
	skipped atomic.Int64

	mu       sync.Mutex
	closed   bool
	next     int
	people   []*person
	byResume map[string]*person
	lobby    bool
	refuse   protocol.ErrorCode
	offers   int
	hellos   int
}

// NewServer starts a server on a port of its own.
func NewServer() *Server {
	s := &Server{byResume: map[string]*person{}}
	s.http = httptest.NewServer(http.HandlerFunc(s.serve))
	s.URL = s.http.URL
	return s
}

// Close ends every session and waits for all that ran.
func (s *Server) Close() {
	s.mu.Lock()
	s.closed = true
	people := slices.Clone(s.people)
	for _, p := range s.byResume {
		if !slices.Contains(people, p) {
			people = append(people, p)
		}
	}
	s.mu.Unlock()
	for _, p := range people {
		p.hangUp()
		p.closeMedia()
	}
	s.http.Close()
	s.gone.Wait()
}

// SetLobby makes newcomers wait until [Server.AdmitAll].
func (s *Server) SetLobby(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lobby = on
}

// Refuse answers every hello with this error; empty stops doing so.
func (s *Server) Refuse(code protocol.ErrorCode) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refuse = code
}

// Offers returns how many offers were answered.
func (s *Server) Offers() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.offers
}

// Hellos returns how many connections said hello.
func (s *Server) Hellos() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hellos
}

// AdmitAll lets everybody in who waits.
func (s *Server) AdmitAll() {
	s.mu.Lock()
	var waiting []*person
	for _, p := range s.people {
		if p.waiting {
			waiting = append(waiting, p)
		}
	}
	s.mu.Unlock()
	for _, p := range waiting {
		s.admit(p, 0)
	}
}

// DropLinks cuts every WebSocket without a word; sessions and media stay.
func (s *Server) DropLinks() {
	for _, p := range s.everybody() {
		p.hangUp()
	}
}

// Restart forgets every session and closes all media, as a new process would.
// Resume tokens are still recognised and give fresh sessions.
func (s *Server) Restart() {
	s.mu.Lock()
	people := s.people
	s.people = nil
	for _, p := range people {
		p.forgotten = true
	}
	s.mu.Unlock()
	for _, p := range people {
		p.hangUp()
		p.closeMedia()
	}
}

// ForgetTokens makes every resume token invalid.
func (s *Server) ForgetTokens() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.byResume = map[string]*person{}
}

// Tell sends a message to everybody.
func (s *Server) Tell(kind protocol.ServerType, data any) {
	for _, p := range s.everybody() {
		p.send(kind, 0, data)
	}
}

// LoseMedia drops n packets of every hundred that go to receivers, so that
// they ask for them again.
func (s *Server) LoseMedia(n int) {
	for _, p := range s.everybody() {
		p.lose.Store(int64(n))
	}
}

// Skipped is how many packets [Server.LoseMedia] took from receivers so far.
func (s *Server) Skipped() int64 { return s.skipped.Load() }

// AskKeyFrames asks every video sender for a key frame.
func (s *Server) AskKeyFrames() {
	for _, p := range s.everybody() {
		p.askKeyFrames()
	}
}

func (s *Server) everybody() []*person {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.people)
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	upgrader := websocket.Upgrader{Subprotocols: []string{protocol.Version}}
	socket, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		_ = socket.Close()
		return
	}
	s.gone.Add(1)
	s.mu.Unlock()
	defer s.gone.Done()
	defer socket.Close()
	s.converse(socket)
}

// converse takes one connection's messages until it is cut.
func (s *Server) converse(socket *websocket.Conn) {
	var p *person
	for {
		var m protocol.ClientMessage
		if socket.ReadJSON(&m) != nil {
			return
		}
		if m.Type == protocol.TypeHello {
			if p = s.hello(socket, m); p == nil {
				return
			}
			continue
		}
		if p == nil || !s.command(p, m) {
			return
		}
	}
}

func (s *Server) identity(kind string) string {
	s.next++
	return kind + strconv.Itoa(s.next)
}
