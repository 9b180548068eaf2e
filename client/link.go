package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"palabre/signaling/protocol"
)

// maxServerFrame is the largest frame a server may send: an answer for 49
// seats is below 300 kB, a room of thousands with its chat below 4 MB.
const maxServerFrame = 4 << 20

// frame is one message of the server, its data not yet read.
type frame struct {
	Type protocol.ServerType `json:"type"`
	Seq  uint64              `json:"seq"`
	Re   uint32              `json:"re"`
	Data json.RawMessage     `json:"data"`
}

// parseFrame reads one text frame.
func parseFrame(raw []byte) (frame, error) {
	var f frame
	if err := json.Unmarshal(raw, &f); err != nil {
		return frame{}, fmt.Errorf("reading a server message: %w", err)
	}
	if f.Type == "" {
		return frame{}, errors.New("reading a server message: it has no type")
	}
	return f, nil
}

// decode reads a frame's data as the struct its type names.
func decode[T any](f frame) (T, error) {
	var data T
	if len(bytes.TrimSpace(f.Data)) == 0 {
		return data, nil
	}
	if err := json.Unmarshal(f.Data, &data); err != nil {
		return data, fmt.Errorf("reading the server's %s: %w", f.Type, err)
	}
	return data, nil
}

// link is one WebSocket. It answers questions and hands every frame to
// receive, in order. It never comes back: the session makes a new one.
type link struct {
	socket  *websocket.Conn
	receive func(frame)

	write sync.Mutex // one writer at a time, as gorilla wants

	mu      sync.Mutex
	nextID  uint32
	waiting map[uint32]chan frame
	err     error

	done chan struct{} // closed when reading ended
	gone sync.WaitGroup
}

// dial opens the WebSocket and starts reading.
func dial(ctx context.Context, c Config, receive func(frame)) (*link, error) {
	at, err := endpoint(c.URL)
	if err != nil {
		return nil, err
	}
	dialer := websocket.Dialer{
		Proxy:            http.ProxyFromEnvironment,
		HandshakeTimeout: callTimeout,
		Subprotocols:     []string{protocol.Version},
		TLSClientConfig:  c.TLS,
	}
	socket, answer, err := dialer.DialContext(ctx, at.String(), c.Header)
	if err != nil {
		return nil, explainDial(at.String(), answer, err)
	}
	if socket.Subprotocol() != protocol.Version {
		_ = socket.Close()
		return nil, fmt.Errorf("connecting to %s: the server does not speak %s", at, protocol.Version)
	}
	socket.SetReadLimit(maxServerFrame)
	l := &link{
		socket: socket, receive: receive,
		waiting: map[uint32]chan frame{}, done: make(chan struct{}),
	}
	alive := func(string) error { return socket.SetReadDeadline(time.Now().Add(silenceLimit)) }
	socket.SetPongHandler(alive)
	if err := alive(""); err != nil {
		_ = socket.Close()
		return nil, fmt.Errorf("connecting to %s: %w", at, err)
	}
	l.gone.Go(l.read)
	l.gone.Go(l.ping)
	return l, nil
}

// explainDial adds the server's HTTP answer, which says more than gorilla does.
func explainDial(at string, answer *http.Response, err error) error {
	if answer == nil {
		return fmt.Errorf("connecting to %s: %w", at, err)
	}
	said, _ := io.ReadAll(io.LimitReader(answer.Body, 512))
	_ = answer.Body.Close()
	err = fmt.Errorf("connecting to %s: %w: %s %s", at, err, answer.Status, bytes.TrimSpace(said))
	if answer.StatusCode == http.StatusTooManyRequests || answer.StatusCode == http.StatusServiceUnavailable {
		return err
	}
	if answer.StatusCode >= 400 && answer.StatusCode < 500 {
		return errors.Join(err, &ServerError{Code: protocol.CodeForbidden, Message: answer.Status})
	}
	return err
}

func (l *link) read() {
	defer close(l.done)
	for {
		kind, raw, err := l.socket.ReadMessage()
		if err != nil {
			l.fail(err)
			return
		}
		_ = l.socket.SetReadDeadline(time.Now().Add(silenceLimit))
		if kind != websocket.TextMessage {
			continue
		}
		f, err := parseFrame(raw)
		if err != nil {
			l.fail(err)
			return
		}
		l.receive(f)
		l.answer(f)
	}
}

// answer wakes whoever asked the question f replies to.
func (l *link) answer(f frame) {
	if f.Re == 0 {
		return
	}
	l.mu.Lock()
	asked, ok := l.waiting[f.Re]
	delete(l.waiting, f.Re)
	l.mu.Unlock()
	if ok {
		asked <- f
	}
}

func (l *link) ping() {
	tick := time.NewTicker(pingInterval)
	defer tick.Stop()
	for {
		select {
		case <-l.done:
			return
		case <-tick.C:
			// A failed ping shows as silence to the reader.
			_ = l.socket.WriteControl(websocket.PingMessage, nil, time.Now().Add(writeTimeout))
		}
	}
}

func (l *link) fail(err error) {
	l.mu.Lock()
	if l.err == nil {
		l.err = err
	}
	waiting := l.waiting
	l.waiting = nil
	l.mu.Unlock()
	for _, asked := range waiting {
		close(asked)
	}
	_ = l.socket.Close()
}

// close ends the connection with a proper closing frame and waits for its goroutines.
func (l *link) close() {
	bye := websocket.FormatCloseMessage(websocket.CloseNormalClosure, "")
	_ = l.socket.WriteControl(websocket.CloseMessage, bye, time.Now().Add(time.Second))
	l.fail(ErrClosed)
	l.gone.Wait()
}

func (l *link) reason() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

// tell sends a message without waiting for an answer.
func (l *link) tell(kind protocol.ClientType, data any) error {
	return l.send(kind, 0, data)
}

// ask sends a question and waits for its answer; an error message is an error.
func (l *link) ask(ctx context.Context, kind protocol.ClientType, data any) (frame, error) {
	answers := make(chan frame, 1)
	l.mu.Lock()
	if l.waiting == nil {
		l.mu.Unlock()
		return frame{}, fmt.Errorf("sending %s: %w", kind, errLinkLost)
	}
	l.nextID++
	id := l.nextID
	l.waiting[id] = answers
	l.mu.Unlock()
	defer l.forget(id)

	if err := l.send(kind, id, data); err != nil {
		return frame{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	select {
	case <-ctx.Done():
		return frame{}, fmt.Errorf("waiting for the answer to %s: %w", kind, ctx.Err())
	case f, ok := <-answers:
		if !ok {
			return frame{}, fmt.Errorf("waiting for the answer to %s: %w", kind, errLinkLost)
		}
		return f, refusal(f)
	}
}

func (l *link) forget(id uint32) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.waiting, id)
}

func refusal(f frame) error {
	switch f.Type {
	case protocol.TypeError:
		e, err := decode[protocol.Error](f)
		if err != nil {
			return err
		}
		return serverError(e)
	case protocol.TypeClosed:
		c, err := decode[protocol.Closed](f)
		if err != nil {
			return err
		}
		return &ClosedError{Reason: c.Reason}
	default:
		return nil
	}
}

func (l *link) send(kind protocol.ClientType, id uint32, data any) error {
	message := protocol.ClientMessage{Type: kind, ID: id}
	if data != nil {
		raw, err := json.Marshal(data)
		if err != nil {
			return fmt.Errorf("writing %s: %w", kind, err)
		}
		message.Data = raw
	}
	raw, err := json.Marshal(message)
	if err != nil {
		return fmt.Errorf("writing %s: %w", kind, err)
	}
	if len(raw) > protocol.MaxClientFrame {
		return fmt.Errorf("writing %s: %d bytes are more than the %d a server takes", kind, len(raw), protocol.MaxClientFrame)
	}
	l.write.Lock()
	defer l.write.Unlock()
	if err := l.socket.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return fmt.Errorf("sending %s: %w", kind, err)
	}
	if err := l.socket.WriteMessage(websocket.TextMessage, raw); err != nil {
		// The reader finds the broken connection and the session repairs it.
		return fmt.Errorf("sending %s: %w", kind, errors.Join(errLinkLost, err))
	}
	return nil
}
