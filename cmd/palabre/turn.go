package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"palabre/sfu/turn"
	"palabre/signaling/protocol"
)

// The values of --turn that are no address.
const (
	turnAuto = "auto"
	turnOff  = "off"
)

// turnPort is where TURN is served.
type turnPort int

const (
	turnNowhere turnPort = iota
	turnShared           // the HTTPS port
	turnOwn              // an address of its own
)

func (s settings) turnPort() turnPort {
	switch {
	case s.Turn == turnOff, s.Turn == turnAuto && s.TLS == "off":
		return turnNowhere
	case s.Turn == turnAuto:
		return turnShared
	}
	return turnOwn
}

func (s settings) checkTurn() error {
	var faults []error
	if s.turnPort() == turnOwn {
		faults = append(faults, checkAddress("turn", s.Turn))
	}
	for _, text := range s.TurnURL {
		u, err := url.Parse(text)
		if err != nil || (u.Scheme != "turn" && u.Scheme != "turns") || u.Opaque == "" {
			faults = append(faults, fmt.Errorf("--turn-url %q: write it like turns:meet.example.org:443?transport=tcp", text))
		}
	}
	if len(s.TurnURL) > 0 && s.turnPort() == turnNowhere {
		faults = append(faults, errors.New("--turn-url goes with TURN: set --turn, or --tls"))
	}
	return errors.Join(faults...)
}

// turnURLs is where a client that calls this server host reaches TURN.
func (s settings) turnURLs(host string) []string {
	if len(s.TurnURL) > 0 {
		return s.TurnURL
	}
	at := &url.URL{Host: host}
	if u, err := url.Parse(s.PublicURL); err == nil && u.Host != "" {
		at = u
	}
	scheme, port := "turns", at.Port()
	switch {
	case s.turnPort() == turnOwn:
		_, port, _ = net.SplitHostPort(s.Turn) // checked at the start
		if s.TLS == "off" {
			scheme = "turn"
		}
	case port == "":
		port = "443"
	}
	if at.Hostname() == "" {
		return nil
	}
	return []string{scheme + ":" + net.JoinHostPort(at.Hostname(), port) + "?transport=tcp"}
}

// openTurn starts the relay, where there is to be one.
func (p *parts) openTurn(ctx context.Context, s settings, log *slog.Logger, registry *prometheus.Registry) error {
	where := s.turnPort()
	if where == turnNowhere {
		return nil
	}
	var err error
	if p.turn, err = turn.New(turn.Config{Media: p.plane, Logger: log, Metrics: registry}); err != nil {
		return err
	}
	p.onClose(p.turn.Close)
	if where == turnShared {
		return nil
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", s.Turn)
	if err != nil {
		return fmt.Errorf("open the TURN port: %w: choose another --turn", err)
	}
	p.onClose(ignoreClosed(listener.Close))
	if config := p.certs.TLSConfig(); config != nil {
		config = config.Clone()
		config.NextProtos = []string{"stun.turn"} // RFC 7443
		listener = tls.NewListener(listener, config)
	}
	p.turnDoor = listener
	return nil
}

// iceServers gives each session its own access to the relay.
func (p *parts) iceServers(s settings) func(host string) ([]protocol.ICEServer, func()) {
	if p.turn == nil {
		return nil
	}
	return func(host string) ([]protocol.ICEServer, func()) {
		urls := s.turnURLs(strings.TrimSpace(host))
		if len(urls) == 0 {
			return nil, func() {}
		}
		c := p.turn.Grant()
		return []protocol.ICEServer{{URLs: urls, Username: c.Username, Credential: c.Password}}, c.Revoke
	}
}
