package certs

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/letsencrypt/pebble/v2/ca"
	"github.com/letsencrypt/pebble/v2/db"
	"github.com/letsencrypt/pebble/v2/va"
	"github.com/letsencrypt/pebble/v2/wfe"
)

func TestSelfSignedIsKeptAndRenewedForNewHosts(t *testing.T) {
	dir := t.TempDir()
	first := leafOf(t, mustOpen(t, Config{Mode: "self", Dir: dir, Hosts: []string{"meet.example", "192.0.2.7"}}))
	for _, host := range []string{"meet.example", "192.0.2.7"} {
		if err := first.VerifyHostname(host); err != nil {
			t.Error(err)
		}
	}
	again := leafOf(t, mustOpen(t, Config{Mode: "self", Dir: dir, Hosts: []string{"192.0.2.7", "meet.example"}}))
	if !first.Equal(again) {
		t.Error("the certificate changed over a restart: browsers would ask again")
	}
	other := leafOf(t, mustOpen(t, Config{Mode: "self", Dir: dir, Hosts: []string{"other.example"}}))
	if first.Equal(other) {
		t.Error("a new host did not get a new certificate")
	}
	info, err := os.Stat(filepath.Join(dir, "self.key"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("key file: %v %v, want mode 0600", info, err)
	}
}

func TestFilesAreReadAgainWhenRenewed(t *testing.T) {
	dir := t.TempDir()
	mustOpen(t, Config{Mode: "self", Dir: dir, Hosts: []string{"one.example"}})
	cert, key := selfFiles(dir)
	source := mustOpen(t, Config{Mode: "file", CertFile: cert, KeyFile: key})
	first := leafOf(t, source)

	f := &files{cert: cert, key: key}
	if err := f.load(time.Now()); err != nil {
		t.Fatal(err)
	}
	mustOpen(t, Config{Mode: "self", Dir: dir, Hosts: []string{"two.example"}})
	if err := os.Chtimes(cert, time.Time{}, time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	f.checked = time.Now().Add(-checkFilesEvery)
	renewed, err := f.get(nil)
	if err != nil || renewed.Leaf.Equal(first) {
		t.Errorf("after a renewal: %v, same certificate %t", err, renewed.Leaf.Equal(first))
	}

	if err := os.WriteFile(cert, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	f.checked = time.Now().Add(-checkFilesEvery)
	kept, err := f.get(nil)
	if err != nil || !kept.Leaf.Equal(renewed.Leaf) {
		t.Errorf("a half-written file must not take the site down: %v", err)
	}
}

func TestWrongFilesAreNamed(t *testing.T) {
	if _, err := Open(Config{Mode: "file", CertFile: "/nowhere/a.pem", KeyFile: "/nowhere/b.pem"}); err == nil {
		t.Error("missing files were accepted")
	}
	if _, err := Open(Config{Mode: "self", Dir: t.TempDir()}); err == nil {
		t.Error("a certificate for nobody was made")
	}
}

// TestACME obtains a certificate from a real ACME server over TLS-ALPN-01.
func TestACME(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := listener.Addr().(*net.TCPAddr).Port
	directory, rootsFile, issued := startPebble(t, port)

	source := mustOpen(t, Config{
		Mode: "auto", Dir: t.TempDir(), Hosts: []string{"localhost"}, Log: slog.New(slog.DiscardHandler),
		ACME: ACME{Directory: directory, Email: "admin@example.org", RootsFile: rootsFile, TLSPort: port},
	})
	server := &http.Server{Handler: http.NotFoundHandler(), TLSConfig: source.TLSConfig(), ErrorLog: log.New(io.Discard, "", 0)}
	go func() { _ = server.ServeTLS(listener, "", "") }()
	t.Cleanup(func() { _ = server.Close() })
	if err := source.Start(t.Context()); err != nil {
		t.Fatal(err)
	}

	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	dialer := &tls.Dialer{Config: &tls.Config{ServerName: "localhost", RootCAs: issued}}
	for ; ; <-time.After(100 * time.Millisecond) {
		conn, err := dialer.DialContext(ctx, "tcp", listener.Addr().String())
		if err == nil {
			_ = conn.Close()
			return
		}
		if ctx.Err() != nil {
			t.Fatalf("no trusted certificate within a minute: %v", err)
		}
	}
}

// startPebble runs an ACME authority that validates on the given TLS port.
func startPebble(t *testing.T, port int) (directory, rootsFile string, issued *x509.CertPool) {
	t.Helper()
	t.Setenv("PEBBLE_VA_NOSLEEP", "1")
	t.Setenv("PEBBLE_WFE_NONCEREJECT", "0")
	logger := log.New(io.Discard, "", 0)
	store := db.NewMemoryStore()
	authority := ca.New(logger, store, "", "ecdsa", 0, 1, map[string]ca.Profile{"default": {Description: "default"}})
	front := wfe.New(logger, store, va.New(logger, 0, port, false, "", store), authority, []string{"localhost"}, false, false, 1, 1)
	server := httptest.NewTLSServer(front.Handler())
	t.Cleanup(server.Close)

	rootsFile = filepath.Join(t.TempDir(), "roots.pem")
	roots := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(rootsFile, roots, 0o600); err != nil {
		t.Fatal(err)
	}
	issued = x509.NewCertPool()
	issued.AddCert(authority.GetRootCert(0).Cert)
	return server.URL + wfe.DirectoryPath, rootsFile, issued
}

func mustOpen(t *testing.T, c Config) *Source {
	t.Helper()
	source, err := Open(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(source.Close)
	return source
}

func leafOf(t *testing.T, source *Source) *x509.Certificate {
	t.Helper()
	pair, err := source.TLSConfig().GetCertificate(&tls.ClientHelloInfo{})
	if err != nil {
		t.Fatal(err)
	}
	return pair.Leaf
}
