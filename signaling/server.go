package signaling

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/gorilla/websocket"

	"palabre/signaling/api"
	"palabre/signaling/gate"
	"palabre/signaling/pages"
	"palabre/signaling/protocol"
)

// Server is the edge of one Palabre.
type Server struct {
	cfg     Config
	origins gate.Origins
	gate    *gate.Gate
	// turnstile is what people who come in at once wait at.
	turnstile *gate.Turnstile
	lockout   *gate.Lockout
	site      *pages.Site
	metrics   *metrics
	upgrader  websocket.Upgrader
	commands  map[protocol.ClientType]command
	router    *gin.Engine
	media     resources
	api       *api.API
	// large has one place for each message that is on its way and large.
	large chan struct{}
	// measuring has one place for each request for statistics under way.
	measuring chan struct{}
	// uploading has one place for each file on its way in; linkKey signs links to files.
	uploading chan struct{}
	linkKey   []byte

	// began is what connections count from; pulse looks after them.
	began time.Time
	pulse pulse

	draining atomic.Bool
	// ctx ends when the server closes; work is everything that must end then.
	ctx    context.Context
	cancel context.CancelFunc
	mu     sync.Mutex // guards work.Add against Close
	work   sync.WaitGroup
}

// New makes the edge of a server.
func New(cfg Config) (*Server, error) {
	cfg = cfg.withDefaults()
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("setting up signalling: %w", err)
	}
	doorkeeper, err := gate.New(cfg.Limits)
	if err != nil {
		return nil, fmt.Errorf("setting up signalling: %w", err)
	}
	lockout, err := gate.NewLockout()
	if err != nil {
		return nil, fmt.Errorf("setting up signalling: %w", err)
	}
	s := &Server{cfg: cfg, began: time.Now(), lockout: lockout, origins: cfg.origins(), gate: doorkeeper, turnstile: gate.NewTurnstile(gate.SchedulingDelay), commands: allCommands(), media: newResources(), large: make(chan struct{}, maxLarge), measuring: make(chan struct{}, maxMeasuring), uploading: make(chan struct{}, maxUploading), linkKey: newLinkKey()}
	if s.metrics, err = newMetrics(cfg.Registry, s.gate.Open); err != nil {
		return nil, fmt.Errorf("registering the figures of signalling: %w", err)
	}
	if cfg.Pages != nil {
		if s.site, err = pages.New(cfg.Pages, s.secure); err != nil {
			return nil, fmt.Errorf("setting up signalling: %w", err)
		}
	}
	s.upgrader = websocket.Upgrader{
		HandshakeTimeout: cfg.Timing.Write,
		Subprotocols:     []string{protocol.Version},
		CheckOrigin:      func(*http.Request) bool { return true }, // checked before, with an answer of ours
		// Idle connections share the buffers to write from; what waits to be
		// written waits in the session's outbox.
		WriteBufferPool: &sync.Pool{},
		// Longer messages take more reads; the buffer of the HTTP request would
		// stay for as long as the connection.
		ReadBufferSize:  1 << 10,
		WriteBufferSize: 4 << 10,
	}
	cfg.API.Rooms, cfg.API.Tokens, cfg.API.Logger = cfg.Rooms, cfg.Tokens, cfg.Logger
	if cfg.Files != nil {
		cfg.API.FileLink = s.fileLink
	}
	if s.api, err = api.New(cfg.API, apiDoor{s}); err != nil {
		return nil, fmt.Errorf("setting up signalling: %w", err)
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.router = s.routes()
	return s, nil
}

// Handler answers every request of the server.
func (s *Server) Handler() http.Handler { return s.router }

// Drain refuses new sessions from now on, makes /readyz say so, and tells
// everybody to come back between after and twice after. Calls go on until Close.
func (s *Server) Drain(ctx context.Context, after time.Duration) error {
	s.draining.Store(true)
	if err := s.cfg.Rooms.Drain(ctx, after); err != nil {
		return fmt.Errorf("draining the rooms: %w", err)
	}
	return nil
}

// Close ends every connection and waits until nothing of the server runs.
// Close the rooms before it, so that clients are told why.
func (s *Server) Close() error {
	s.draining.Store(true)
	s.mu.Lock()
	s.cancel()
	s.mu.Unlock()
	s.work.Wait()
	s.metrics.unregister(s.cfg.Registry)
	return nil
}

// begin counts a piece of work in that Close waits for, or says that it is too late.
func (s *Server) begin() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ctx.Err() != nil {
		return errors.New("the server is closing")
	}
	s.work.Add(1)
	return nil
}
