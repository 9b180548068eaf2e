// Package certs provides the server's TLS certificates: from an ACME authority
// (RFC 8555, by certmagic), from files that may be renewed while the server
// runs, or self-signed for a trial on a local network.
package certs

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
)

// Config says where certificates come from.
type Config struct {
	// Mode is "off", "auto", "file" or "self".
	Mode string
	// Dir keeps what is obtained or made, readable by the server alone.
	Dir string
	// Hosts are the names and addresses the certificate is for (auto, self).
	Hosts []string
	// CertFile and KeyFile are PEM (file).
	CertFile, KeyFile string
	// ACME is for auto.
	ACME ACME
	Log  *slog.Logger
}

// Source hands out certificates. Close it when the server has stopped.
type Source struct {
	config    *tls.Config
	challenge func(http.Handler) http.Handler
	start     func(context.Context) error
	close     func()
}

// Open prepares the source; nothing is asked of an authority before [Source.Start].
func Open(c Config) (*Source, error) {
	switch c.Mode {
	case "off":
		return &Source{}, nil
	case "file":
		return openFiles(c.CertFile, c.KeyFile)
	case "self":
		return openSelf(c.Dir, c.Hosts)
	case "auto":
		return openACME(c)
	}
	return nil, fmt.Errorf("certificates: unknown mode %q", c.Mode)
}

// TLSConfig is nil when TLS is off.
func (s *Source) TLSConfig() *tls.Config { return s.config }

// Challenge answers HTTP-01 challenges (RFC 8555 section 8.3) before next.
func (s *Source) Challenge(next http.Handler) http.Handler {
	if s.challenge == nil {
		return next
	}
	return s.challenge(next)
}

// Start begins to obtain and renew certificates. The TLS listener must be up.
func (s *Source) Start(ctx context.Context) error {
	if s.start == nil {
		return nil
	}
	return s.start(ctx)
}

// Close stops renewals.
func (s *Source) Close() {
	if s.close != nil {
		s.close()
	}
}

func serverConfig(get func(*tls.ClientHelloInfo) (*tls.Certificate, error)) *tls.Config {
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		NextProtos:     []string{"h2", "http/1.1"},
		GetCertificate: get,
	}
}

var errNoHosts = errors.New("certificates: no host to make a certificate for: set --public-url or --node-ip")

// unique sorts and removes repeats and empty names.
func unique(hosts []string) []string {
	hosts = slices.DeleteFunc(slices.Clone(hosts), func(h string) bool { return h == "" })
	slices.Sort(hosts)
	return slices.Compact(hosts)
}
