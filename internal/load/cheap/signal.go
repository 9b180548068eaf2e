package cheap

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"palabre/client"
	"palabre/signaling/protocol"
)

// Bounds of the signalling.
const (
	// maxServerFrame is the largest frame a server may send; as package client has it.
	maxServerFrame = 4 << 20
	// socketBuffer is small: frames larger than it are read in parts.
	socketBuffer = 1 << 10
	writeTimeout = 5 * time.Second
	// pingEvery and silenceLimit find a WebSocket that is dead.
	pingEvery    = 5 * time.Second
	silenceLimit = 30 * time.Second
	// pingTimeout is short: while one member's ping waits, nobody has a turn.
	pingTimeout = 50 * time.Millisecond
)

// frame is one message of the server.
type frame struct {
	Type protocol.ServerType `json:"type"`
	Re   uint32              `json:"re"`
	Data json.RawMessage     `json:"data"`
}

// heading is the part of a frame that says whether the rest matters.
type heading struct {
	Type protocol.ServerType `json:"type"`
	Re   uint32              `json:"re"`
}

// signal is one subscriber's WebSocket. Only answers to its questions and the
// admission matter to it; the rest of what a room tells is thrown away.
type signal struct {
	socket  *websocket.Conn
	write   sync.Mutex
	replies chan frame // to who waits; read by one goroutine at a time
	gone    chan struct{}
	err     error // why it is gone; set before gone is closed
	id      uint32
}

func (c *Crowd) dial(ctx context.Context) (*signal, error) {
	at, err := socketURL(c.config.URL)
	if err != nil {
		return nil, err
	}
	dialer := websocket.Dialer{
		Proxy: http.ProxyFromEnvironment, Subprotocols: []string{protocol.Version},
		TLSClientConfig: c.config.TLS, ReadBufferSize: socketBuffer, WriteBufferSize: socketBuffer,
		WriteBufferPool: &c.buffers,
	}
	socket, response, err := dialer.DialContext(ctx, at, nil)
	if err != nil {
		if response != nil {
			_ = response.Body.Close()
			if response.StatusCode == http.StatusTooManyRequests || response.StatusCode == http.StatusServiceUnavailable {
				return nil, &client.ServerError{Code: protocol.CodeRateLimited, Message: response.Status}
			}
			err = fmt.Errorf("%w: %s", err, response.Status)
		}
		return nil, fmt.Errorf("connecting to %s: %w", at, err)
	}
	socket.SetReadLimit(maxServerFrame)
	s := &signal{socket: socket, replies: make(chan frame, 4), gone: make(chan struct{})}
	socket.SetPongHandler(func(string) error { return socket.SetReadDeadline(time.Now().Add(silenceLimit)) })
	_ = socket.SetReadDeadline(time.Now().Add(silenceLimit)) // fails with the read after it
	return s, nil
}

func socketURL(raw string) (string, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" {
		return "", fmt.Errorf("url %q: give the server's address, such as http://localhost:8080", raw)
	}
	switch u.Scheme {
	case "http", "ws":
		u.Scheme = "ws"
	case "https", "wss":
		u.Scheme = "wss"
	default:
		return "", fmt.Errorf("url %q: begin with http://, https://, ws:// or wss://", raw)
	}
	if u.Path == "" || u.Path == "/" {
		u.Path = "/ws"
	}
	return u.String(), nil
}

// read hands on what answers a question and what admits, until the socket ends.
func (s *signal) read() {
	defer close(s.gone)
	for {
		kind, raw, err := s.socket.ReadMessage()
		if err != nil {
			s.err = err
			return
		}
		_ = s.socket.SetReadDeadline(time.Now().Add(silenceLimit)) // fails with the next read
		if kind != websocket.TextMessage {
			continue
		}
		var h heading
		if err := json.Unmarshal(raw, &h); err != nil {
			s.err = fmt.Errorf("reading a server message: %w", err)
			return
		}
		if h.Re == 0 && h.Type != protocol.TypeJoined && h.Type != protocol.TypeClosed && h.Type != protocol.TypeError {
			continue
		}
		var f frame
		if err := json.Unmarshal(raw, &f); err != nil {
			s.err = fmt.Errorf("reading a server message: %w", err)
			return
		}
		select {
		case s.replies <- f:
		default: // nobody waits any more
		}
	}
}

// tell sends a message; with ask its answer carries the number returned.
func (s *signal) tell(kind protocol.ClientType, ask bool, data any) (uint32, error) {
	s.write.Lock()
	defer s.write.Unlock()
	m := protocol.ClientMessage{Type: kind}
	if ask {
		s.id++
		m.ID = s.id
	}
	if data != nil {
		raw, err := json.Marshal(data)
		if err != nil {
			return 0, fmt.Errorf("writing %s: %w", kind, err)
		}
		m.Data = raw
	}
	_ = s.socket.SetWriteDeadline(time.Now().Add(writeTimeout)) // fails with the write
	if err := s.socket.WriteJSON(m); err != nil {
		return 0, fmt.Errorf("sending %s: %w", kind, err)
	}
	return m.ID, nil
}

// next waits for the next message that matters. Refusals are errors.
func (s *signal) next(ctx context.Context) (frame, error) {
	select {
	case f := <-s.replies:
		return f, refusal(f)
	default:
	}
	select {
	case <-ctx.Done():
		return frame{}, fmt.Errorf("waiting for the server: %w", ctx.Err())
	case f := <-s.replies:
		return f, refusal(f)
	case <-s.gone:
		select {
		case f := <-s.replies: // the server said why before it closed
			return f, errors.Join(refusal(f), s.err)
		default:
			return frame{}, fmt.Errorf("waiting for the server: %w", s.err)
		}
	}
}

func refusal(f frame) error {
	switch f.Type {
	case protocol.TypeError:
		var e protocol.Error
		if err := json.Unmarshal(f.Data, &e); err != nil {
			return fmt.Errorf("reading the server's refusal: %w", err)
		}
		return &client.ServerError{Code: e.Code, Message: e.Message, RetryAfter: time.Duration(e.RetryAfter) * time.Millisecond}
	case protocol.TypeClosed:
		var c protocol.Closed
		if err := json.Unmarshal(f.Data, &c); err != nil {
			return fmt.Errorf("reading the server's goodbye: %w", err)
		}
		return &client.ClosedError{Reason: c.Reason}
	}
	return nil
}

// ping keeps the WebSocket alive; a failed one shows as silence to the reader.
func (s *signal) ping() {
	_ = s.socket.WriteControl(websocket.PingMessage, nil, time.Now().Add(pingTimeout))
}
