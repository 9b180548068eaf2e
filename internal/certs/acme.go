package certs

import (
	"context"
	"crypto/x509"
	"fmt"
	"log/slog"
	"net/http"
	"os"

	"github.com/caddyserver/certmagic"
	"go.uber.org/zap"
)

// ACME says which authority certificates are obtained from.
type ACME struct {
	// Directory is the authority's directory URL (RFC 8555 section 7.1.1).
	Directory string
	Email     string
	// RootsFile holds PEM roots to trust when speaking to the authority; empty: the system's.
	RootsFile string
	// HTTPPort and TLSPort are where this server listens for challenges.
	HTTPPort, TLSPort int
}

func openACME(c Config) (*Source, error) {
	hosts := unique(c.Hosts)
	if len(hosts) == 0 {
		return nil, errNoHosts
	}
	roots, err := readRoots(c.ACME.RootsFile)
	if err != nil {
		return nil, err
	}
	var magic *certmagic.Config
	cache := certmagic.NewCache(certmagic.CacheOptions{
		GetConfigForCert: func(certmagic.Certificate) (*certmagic.Config, error) { return magic, nil },
		Logger:           zap.NewNop(), // what matters reaches slog through OnEvent
	})
	magic = certmagic.New(cache, certmagic.Config{
		Storage: &certmagic.FileStorage{Path: c.Dir},
		Logger:  zap.NewNop(),
		OnEvent: logEvents(c.Log),
		// Stapling would call hosts that a certificate names, not the administrator.
		OCSP: certmagic.OCSPConfig{DisableStapling: true},
	})
	issuer := certmagic.NewACMEIssuer(magic, certmagic.ACMEIssuer{
		CA: c.ACME.Directory, TestCA: c.ACME.Directory, Email: c.ACME.Email, Agreed: true,
		TrustedRoots: roots, Logger: zap.NewNop(),
		AltHTTPPort: c.ACME.HTTPPort, AltTLSALPNPort: c.ACME.TLSPort,
		DisableHTTPChallenge: c.ACME.HTTPPort == 0,
	})
	magic.Issuers = []certmagic.Issuer{issuer}
	config := magic.TLSConfig()
	config.NextProtos = append([]string{"h2", "http/1.1"}, config.NextProtos...)
	return &Source{
		config:    config,
		challenge: func(next http.Handler) http.Handler { return issuer.HTTPChallengeHandler(next) },
		start:     func(ctx context.Context) error { return magic.ManageAsync(ctx, hosts) },
		close:     cache.Stop,
	}, nil
}

func readRoots(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("certificates: read --acme-roots: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("certificates: --acme-roots %s holds no PEM certificate", file)
	}
	return pool, nil
}

func logEvents(log *slog.Logger) func(context.Context, string, map[string]any) error {
	return func(_ context.Context, event string, data map[string]any) error {
		switch event {
		case "cert_obtained":
			log.Info("certificate obtained", "host", data["identifier"], "renewal", data["renewal"])
		case "cert_failed":
			log.Error("certificate not obtained; will be tried again: is the name's address this machine, and are ports 80 and 443 open?",
				"host", data["identifier"], "error", data["error"])
		}
		return nil
	}
}
