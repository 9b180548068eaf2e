package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"palabre/identity"
	"palabre/internal/capacity"
	"palabre/internal/certs"
	"palabre/internal/rawtcp"
	"palabre/internal/realtime"
	"palabre/internal/tlsport"
	"palabre/notify/schedule"
	"palabre/rooms"
	"palabre/sfu"
	"palabre/sfu/turn"
	"palabre/signaling"
	"palabre/signaling/api"
	"palabre/signaling/gate"
	"palabre/store"
	"palabre/store/files"
	"palabre/web"
)

// parts is the running server: what main wires together, in the order it is built.
type parts struct {
	certs     *certs.Source
	plane     *sfu.SFU
	turn      *turn.Server // nil where there is none
	turnDoor  net.Listener // nil where TURN has no port of its own
	store     *store.Store
	hooks     api.Hooks
	desk      *schedule.Desk
	links     *identity.Links
	files     *files.Vault // what people attach to lines of chat
	rooms     *rooms.Rooms
	signaling *signaling.Server
	doors     []door
	link      string

	closers []func() error
}

// openParts builds everything and binds every port, so that a fault stops the
// start and not the first meeting.
func openParts(ctx context.Context, s settings, log *slog.Logger) (*parts, error) {
	p := &parts{}
	if err := p.open(ctx, s, log); err != nil {
		p.close(log)
		return nil, err
	}
	return p, nil
}

func (p *parts) open(ctx context.Context, s settings, log *slog.Logger) error {
	if !web.Built() {
		log.Warn("this binary holds no pages: build it with make build")
	}
	keys, err := identity.LoadKeys(keysDir(s.DataDir))
	if err != nil {
		return err
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	if p.certs, err = s.certificates(log); err != nil {
		return err
	}
	p.onClose(func() error { p.certs.Close(); return nil })
	if err := p.openMedia(ctx, s, log, registry); err != nil {
		return err
	}
	if err := p.openTurn(ctx, s, log, registry); err != nil {
		return err
	}
	room, err := capacity.New(capacity.Read(), log, registry)
	if err != nil {
		return err
	}
	p.tidy()
	if err := p.goFirst(s, log, registry); err != nil {
		return err
	}
	if err := p.openStore(ctx, s, log, registry); err != nil {
		return err
	}
	rank := func(role string) int { return p.rooms.Rank(rooms.Role(role)) }
	if p.links, err = identity.NewLinks(keys, p.store, rank); err != nil {
		return err
	}
	if err := p.openFiles(s, log); err != nil {
		return err
	}
	permissions, err := readRoles(s.RolesFile)
	if err != nil {
		return err
	}
	p.rooms, err = rooms.New(rooms.Config{
		Permissions: permissions,
		Files:       p.fileLimits(s),
		Invitations: p.store.Invitations(p.links), Passwords: identity.NewPasswords(),
		Memory: p.store.Memory(), Impersonal: !s.PersonalFigures,
		MaxPeople: s.MaxPeople, Room: room.Room, Settings: rooms.Settings{Lobby: s.Lobby}, Tokens: keys, Logger: log, Metrics: registry,
	}, media{p.plane})
	if err != nil {
		return fmt.Errorf("open the rooms: %w", err)
	}
	p.onClose(p.rooms.Close)
	if err := p.openNotify(s, log, registry); err != nil {
		return err
	}
	if err := p.openSignaling(s, log, registry); err != nil {
		return err
	}
	return p.openDoors(ctx, s, log)
}

// tidy gives memory back that nobody uses, while the server runs.
func (p *parts) tidy() { p.meanwhile(capacity.Tidy) }

// goFirst has the process go before others, while the server runs.
func (p *parts) goFirst(s settings, log *slog.Logger, registry *prometheus.Registry) error {
	priority, err := realtime.New(log, registry)
	if err == nil && s.Realtime {
		p.meanwhile(priority.Keep)
	}
	return err
}

// meanwhile does something until the server closes.
func (p *parts) meanwhile(do func(context.Context)) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); do(ctx) }()
	p.onClose(func() error {
		cancel()
		<-done
		return nil
	})
}

func (p *parts) openMedia(ctx context.Context, s settings, log *slog.Logger, registry *prometheus.Registry) error {
	addrs, err := s.nodeAddrs()
	if err != nil {
		return err
	}
	port, err := s.listenMedia(ctx)
	if err != nil {
		return err
	}
	p.onClose(port.close)
	if err := port.widen(); err != nil {
		log.Warn("the kernel gives the media port small buffers; see palabre doctor", "error", err)
	}
	config := sfu.Config{
		Sockets: port.sockets, UDP: port.udp, Addrs: addrs, Loudest: s.Loudest, ICELite: s.ICELite,
		HoldVoices: s.HoldVoices, Logger: log, Metrics: registry, TrackMetrics: s.TrackMetrics,
	}
	if port.tcp != nil {
		config.TCP = port.tcp
	}
	if p.plane, err = sfu.New(config); err != nil {
		return fmt.Errorf("open the media plane: %w", err)
	}
	p.onClose(p.plane.Close)
	return nil
}

func (p *parts) openSignaling(s settings, log *slog.Logger, registry *prometheus.Registry) error {
	proxies, err := s.trustedProxies()
	if err != nil {
		return err
	}
	token, err := s.metricsToken()
	if err != nil {
		return err
	}
	programs, err := identity.NewVerifier(p.store)
	if err != nil {
		return err
	}
	p.signaling, err = signaling.New(signaling.Config{
		Rooms: p.rooms, Tokens: p.links, Owners: p.links, Refused: p.openRefusals(log).add, Files: p.files, Pages: web.Pages(),
		API: api.Config{
			Repeats: p.store.Repeats(), Shelf: p.store, Keys: programs, KeyBook: p.store,
			Reports: p.store, Polls: p.store, Audit: p.store, Chat: p.store,
			Hooks: p.hooks, Mail: api.Mail{Book: p.store, Journal: p.store.Memory()}, Desk: p.desk, Templates: p.store,
		},
		OpenRooms: s.OpenRooms, PublicURL: s.PublicURL, TrustedProxies: proxies,
		Limits:       gate.Limits{PerMinute: s.FailuresPerIP, Open: s.OpenPerIP},
		ICEServers:   p.iceServers(s),
		MetricsToken: token, MetricsOpen: s.Metrics == "open",
		Version: version, Registry: registry, Logger: log,
	})
	if err != nil {
		return err
	}
	p.onClose(p.signaling.Close)
	return nil
}

func (p *parts) openDoors(ctx context.Context, s settings, log *slog.Logger) error {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", s.HTTP)
	if err != nil {
		return fmt.Errorf("open the HTTP port: %w: choose another --http", err)
	}
	p.onClose(ignoreClosed(listener.Close))
	p.link = s.link(listener)
	listener = rawtcp.Listener(listener)
	if config := p.certs.TLSConfig(); config != nil && s.turnPort() == turnShared {
		listener = tlsport.Listen(listener, config, p.turn.Take)
		p.onClose(ignoreClosed(listener.Close))
	} else if config != nil {
		listener = tls.NewListener(listener, config)
	}
	p.doors = append(p.doors, door{listener, signaling.HTTPServer(s.HTTP, p.signaling.Handler(), log)})
	if s.TLS != "auto" || s.TLSRedirect == "" {
		return nil
	}
	plain, err := new(net.ListenConfig).Listen(ctx, "tcp", s.TLSRedirect)
	if err != nil {
		return fmt.Errorf("open the port for certificate challenges: %w: choose another --tls-redirect, or an empty one", err)
	}
	p.onClose(ignoreClosed(plain.Close))
	p.doors = append(p.doors, door{plain, signaling.HTTPServer(s.TLSRedirect, p.certs.Challenge(redirect(s.PublicURL)), log)})
	return nil
}

func (p *parts) onClose(f func() error) { p.closers = append(p.closers, f) }

// close undoes open in reverse; everything in it may be closed twice.
func (p *parts) close(log *slog.Logger) {
	for i := len(p.closers) - 1; i >= 0; i-- {
		if err := p.closers[i](); err != nil {
			log.Warn("closing", "error", err)
		}
	}
	p.closers = nil
}

// ignoreClosed is for sockets that their user closes as well.
func ignoreClosed(closing func() error) func() error {
	return func() error {
		if err := closing(); !errors.Is(err, net.ErrClosed) {
			return err
		}
		return nil
	}
}

func (s settings) metricsToken() (string, error) {
	if s.MetricsTokenFile == "" {
		return "", nil
	}
	text, err := os.ReadFile(s.MetricsTokenFile)
	if err != nil {
		return "", fmt.Errorf("read --metrics-token-file: %w", err)
	}
	token := strings.TrimSpace(string(text))
	if token == "" {
		return "", fmt.Errorf("--metrics-token-file %s is empty: write a long random token into it", s.MetricsTokenFile)
	}
	return token, nil
}
