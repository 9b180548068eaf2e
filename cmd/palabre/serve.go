package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"palabre/internal/certs"
)

const (
	// drainNotice is how soon pages come back at the earliest; a restart takes about as long.
	drainNotice = 500 * time.Millisecond
	// drainGrace is how long pages have to hear of it before connections close.
	drainGrace = time.Second
	// requestGrace is how long requests may take that are on their way.
	requestGrace = 2 * time.Second
	// stopTimeout bounds the whole stop: a supervisor kills after 10 to 15 s.
	stopTimeout = 8 * time.Second
)

type serveCommand struct {
	settings
}

// Run serves until the context ends, then tells the pages to come back and stops.
func (c *serveCommand) Run(ctx context.Context, out io.Writer, errs logOutput) error {
	log := newLogger(errs, c.LogFormat, c.LogLevel)
	parts, err := openParts(ctx, c.settings, log)
	if err != nil {
		return err
	}
	defer parts.close(log)
	if _, err := fmt.Fprintf(out, "Palabre %s is ready: %s\n", version, parts.link); err != nil {
		return fmt.Errorf("print the link: %w", err)
	}
	return parts.serve(ctx, log)
}

// serve runs the listeners until the context ends or one of them fails.
func (p *parts) serve(ctx context.Context, log *slog.Logger) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, door := range p.doors {
		group.Go(func() error {
			if err := door.server.Serve(door.listener); !errors.Is(err, http.ErrServerClosed) {
				return fmt.Errorf("serve %s: %w", door.listener.Addr(), err)
			}
			return nil
		})
	}
	if p.turnDoor != nil {
		group.Go(func() error { return p.turn.Serve(p.turnDoor) })
	}
	group.Go(func() error {
		if err := p.certs.Start(ctx); err != nil {
			return fmt.Errorf("obtain certificates: %w", err)
		}
		<-ctx.Done()
		p.stop(context.WithoutCancel(ctx), log)
		return nil
	})
	return group.Wait()
}

// stop is graceful: pages hear that they shall come back before anything closes.
func (p *parts) stop(ctx context.Context, log *slog.Logger) {
	ctx, cancel := context.WithTimeout(ctx, stopTimeout)
	defer cancel()
	log.Info("stopping: telling the pages to come back")
	if err := p.signaling.Drain(ctx, drainNotice); err != nil {
		log.Warn("not every page heard of the stop", "error", err)
	}
	grace := time.NewTimer(drainGrace)
	defer grace.Stop()
	if p.rooms.Stats().Participants > 0 {
		select {
		case <-grace.C:
		case <-ctx.Done():
		}
	}
	for _, closing := range []func() error{p.rooms.Close, p.signaling.Close} {
		if err := closing(); err != nil {
			log.Warn("not everything closed cleanly", "error", err)
		}
	}
	for _, door := range p.doors {
		door.close(ctx, log)
	}
	if p.turnDoor != nil {
		_ = p.turnDoor.Close() // nobody needs it any more
	}
}

// door is one listener with what answers there.
type door struct {
	listener net.Listener
	server   *http.Server
}

// close lets requests end that are on their way, and cuts what takes longer:
// no stranger holds up a restart.
func (d door) close(ctx context.Context, log *slog.Logger) {
	ctx, cancel := context.WithTimeout(ctx, requestGrace)
	defer cancel()
	if err := d.server.Shutdown(ctx); err == nil {
		return
	}
	if err := d.server.Close(); err != nil {
		log.Warn("not every connection closed cleanly", "error", err)
	}
}

func (s settings) certificates(log *slog.Logger) (*certs.Source, error) {
	hosts := append([]string{}, s.NodeIP...)
	if u, err := url.Parse(s.PublicURL); err == nil && s.PublicURL != "" {
		hosts = append(hosts, u.Hostname())
	}
	if s.TLS == "auto" {
		hosts = hosts[len(hosts)-1:] // the public name alone; authorities sign no addresses of a LAN
	}
	if s.TLS == "self" {
		hosts = append(hosts, "localhost", "127.0.0.1")
	}
	return certs.Open(certs.Config{
		Mode: s.TLS, Dir: s.inData("certificates"), Hosts: hosts, CertFile: s.TLSCert, KeyFile: s.TLSKey, Log: log,
		ACME: certs.ACME{
			Directory: s.ACMECA, Email: s.ACMEEmail, RootsFile: s.ACMERoots,
			HTTPPort: portOf(s.TLSRedirect), TLSPort: portOf(s.HTTP),
		},
	})
}

func portOf(addr string) int {
	_, name, err := net.SplitHostPort(addr)
	if err != nil {
		return 0
	}
	port, err := net.LookupPort("tcp", name)
	if err != nil {
		return 0
	}
	return port
}

// link is what a person opens first.
func (s settings) link(listener net.Listener) string {
	if s.PublicURL != "" {
		return strings.TrimSuffix(s.PublicURL, "/") + "/"
	}
	scheme := "http"
	if s.TLS != "off" {
		scheme = "https"
	}
	host, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil || net.ParseIP(host).IsUnspecified() || net.ParseIP(host).IsLoopback() {
		host = "localhost"
	}
	return fmt.Sprintf("%s://%s/", scheme, net.JoinHostPort(host, port))
}

// redirect sends plain HTTP to the same path on the public URL.
func redirect(publicURL string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, strings.TrimSuffix(publicURL, "/")+r.URL.RequestURI(), http.StatusMovedPermanently)
	})
}
