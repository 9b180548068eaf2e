package signaling_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/gorilla/websocket"
	"go.uber.org/goleak"

	"palabre/identity"
	"palabre/rooms"
	"palabre/signaling"
	"palabre/signaling/protocol"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a test waits for what must come.
const patience = 20 * time.Second

// media is a media plane that carries nothing and remembers what it was asked.
type media struct {
	mu    sync.Mutex
	peers []*peer
	// answer is what peers answer; nil echoes credentials of its own.
	answer func(ctx context.Context, offer rooms.Offer) (string, error)
}

type peer struct {
	media       *media
	participant string
	report      rooms.MediaReport

	mu      sync.Mutex
	offers  []rooms.Offer
	entered bool
	layout  rooms.Layout
	stats   rooms.MediaStats
	closed  bool
}

func (m *media) Open(_, participant string, report rooms.MediaReport) (rooms.MediaPeer, error) {
	p := &peer{media: m, participant: participant, report: report}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.peers = append(m.peers, p)
	return p, nil
}

func (m *media) all() []*peer {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]*peer(nil), m.peers...)
}

func (p *peer) Answer(ctx context.Context, offer rooms.Offer) (string, error) {
	p.mu.Lock()
	p.offers = append(p.offers, offer)
	n := len(p.offers)
	p.mu.Unlock()
	if p.media.answer != nil {
		return p.media.answer(ctx, offer)
	}
	return fmt.Sprintf("v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=ice-ufrag:srv%d\r\na=ice-pwd:serverserverserverserver\r\n"+
		"a=candidate:1 1 UDP 1 192.0.2.9 7882 typ host\r\n", n), nil
}

func (p *peer) Enter(context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.entered = true
	return nil
}

func (p *peer) SetLayout(l rooms.Layout) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.layout = l
}

func (p *peer) SetSending(rooms.Sending) {}
func (p *peer) Move(string)              {}

func (p *peer) Send([]byte) bool { return false }

func (p *peer) Stats() rooms.MediaStats {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stats
}

func (p *peer) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	return nil
}

// house is a server over real rooms and keys, with a media plane that is not.
type house struct {
	*httptest.Server
	t     testing.TB
	edge  *signaling.Server
	rooms *rooms.Rooms
	keys  *identity.Keys
	media *media
}

type option func(*signaling.Config, *rooms.Config)

func newHouse(t testing.TB, options ...option) *house {
	t.Helper()
	h := &house{t: t, media: &media{}}
	var err error
	if h.keys, err = identity.LoadKeys(t.TempDir()); err != nil {
		t.Fatal(err)
	}
	domain := rooms.Config{Tokens: h.keys}
	cfg := signaling.Config{
		Tokens: h.keys, OpenRooms: true, Version: "test",
		Pages: fstest.MapFS{"index.html": {Data: []byte("<!doctype html>the page")}, "assets/a-1.js": {Data: []byte("code")}},
	}
	for _, o := range options {
		o(&cfg, &domain)
	}
	if h.rooms, err = rooms.New(domain, h.media); err != nil {
		t.Fatal(err)
	}
	cfg.Rooms = h.rooms
	if h.edge, err = signaling.New(cfg); err != nil {
		t.Fatal(err)
	}
	h.Server = httptest.NewUnstartedServer(nil)
	h.Config = signaling.HTTPServer("", h.edge.Handler(), slog.New(slog.DiscardHandler))
	h.Start()
	t.Cleanup(h.stop)
	return h
}

func (h *house) stop() {
	if err := h.rooms.Close(); err != nil {
		h.t.Error(err)
	}
	if err := h.edge.Close(); err != nil {
		h.t.Error(err)
	}
	h.Client().CloseIdleConnections()
	h.Close()
}

func (h *house) token(grant identity.Grant) string {
	h.t.Helper()
	token, err := h.keys.SignJoin(grant, time.Hour)
	if err != nil {
		h.t.Fatal(err)
	}
	return token
}

// do sends a request; pairs are header names and values.
func (h *house) do(method, path, body string, pairs ...string) (*http.Response, string) {
	h.t.Helper()
	req, err := http.NewRequestWithContext(h.t.Context(), method, h.URL+path, strings.NewReader(body))
	if err != nil {
		h.t.Fatal(err)
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		req.Header.Add(pairs[i], pairs[i+1])
	}
	if req.Header.Get("Host") != "" {
		req.Host = req.Header.Get("Host")
	}
	res, err := h.Client().Do(req)
	if err != nil {
		h.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	return res, string(text)
}

// frame is a server's message with its data still as text.
type frame struct {
	Type protocol.ServerType `json:"type"`
	Seq  uint64              `json:"seq"`
	Re   uint32              `json:"re"`
	Data json.RawMessage     `json:"data"`
}

// client is one WebSocket of a test.
type client struct {
	*websocket.Conn
	t      testing.TB
	nextID uint32
	last   uint64 // the number of the newest event read
}

func (h *house) dialHeader(header http.Header) (*websocket.Conn, *http.Response, error) {
	dialer := websocket.Dialer{Subprotocols: []string{protocol.Version}, HandshakeTimeout: patience}
	return dialer.DialContext(h.t.Context(), "ws"+strings.TrimPrefix(h.URL, "http")+"/ws", header)
}

func (h *house) dial() *client {
	h.t.Helper()
	ws, res, err := h.dialHeader(nil)
	if err != nil {
		h.t.Fatalf("dialling: %v (%v)", err, res)
	}
	_ = res.Body.Close()
	h.t.Cleanup(func() { _ = ws.Close() })
	return &client{Conn: ws, t: h.t}
}

// enter dials, says hello and joins.
func (h *house) enter(hello protocol.Hello, name string) (*client, protocol.Welcome, protocol.Joined) {
	h.t.Helper()
	c := h.dial()
	c.send(protocol.TypeHello, hello)
	w := want[protocol.Welcome](c, protocol.TypeWelcome)
	c.send(protocol.TypeJoin, protocol.Join{Name: name})
	return c, w, want[protocol.Joined](c, protocol.TypeJoined)
}

func (c *client) send(kind protocol.ClientType, data any) uint32 {
	c.t.Helper()
	c.nextID++
	m := protocol.ClientMessage{Type: kind, ID: c.nextID}
	if data != nil {
		text, err := json.Marshal(data)
		if err != nil {
			c.t.Fatal(err)
		}
		m.Data = text
	}
	if err := c.WriteJSON(m); err != nil {
		c.t.Fatalf("sending %s: %v", kind, err)
	}
	return c.nextID
}

func (c *client) sendText(text string) {
	c.t.Helper()
	if err := c.WriteMessage(websocket.TextMessage, []byte(text)); err != nil {
		c.t.Fatalf("sending: %v", err)
	}
}

// next gives the next frame.
func (c *client) next() (frame, error) {
	var f frame
	if err := c.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return f, err
	}
	err := c.ReadJSON(&f)
	c.last = max(c.last, f.Seq)
	return f, err
}

// frame waits for a frame of a type and lets the others pass.
func (c *client) frame(kind protocol.ServerType) frame {
	c.t.Helper()
	for {
		f, err := c.next()
		if err != nil {
			c.t.Fatalf("waiting for %s: %v", kind, err)
		}
		if f.Type == kind {
			return f
		}
		if f.Type == protocol.TypeError && kind != protocol.TypeError {
			c.t.Fatalf("waiting for %s: error %s", kind, f.Data)
		}
	}
}

// want waits for a frame of a type and gives its data.
func want[T any](c *client, kind protocol.ServerType) T {
	c.t.Helper()
	f := c.frame(kind)
	var data T
	if err := json.Unmarshal(f.Data, &data); err != nil {
		c.t.Fatalf("data of %s: %v", kind, err)
	}
	return data
}

// fails waits for an error with a code, and for the sentence every error has.
func (c *client) fails(code protocol.ErrorCode, re uint32) protocol.Error {
	c.t.Helper()
	f := c.frame(protocol.TypeError)
	var e protocol.Error
	if err := json.Unmarshal(f.Data, &e); err != nil {
		c.t.Fatal(err)
	}
	if e.Code != code || f.Re != re {
		c.t.Fatalf("error %s %q to %d, want %s to %d", e.Code, e.Message, f.Re, code, re)
	}
	if !strings.HasSuffix(e.Message, ".") && !strings.Contains(e.Message, " ") {
		c.t.Errorf("error %s says no sentence: %q", e.Code, e.Message)
	}
	return e
}

// closed reads until the connection ends and gives the close code, 1006 when there was none.
func (c *client) closed() int {
	c.t.Helper()
	for {
		if _, err := c.next(); err != nil {
			return closeCode(err)
		}
	}
}

func closeCode(err error) int {
	if ce, ok := errors.AsType[*websocket.CloseError](err); ok {
		return ce.Code
	}
	return websocket.CloseAbnormalClosure
}

// eventually polls until a condition holds.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-deadline.C:
			t.Fatalf("never: %s", what)
		case <-tick.C:
		}
	}
}

// lockedBuffer keeps what is logged.
type lockedBuffer struct {
	mu   sync.Mutex
	text strings.Builder
}

func (b *lockedBuffer) Write(text []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(text)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

func (b *lockedBuffer) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(b, &slog.HandlerOptions{Level: slog.LevelDebug}))
}
