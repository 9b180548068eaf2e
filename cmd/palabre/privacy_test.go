package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"

	"palabre/web"
)

func TestEncryptedServer(t *testing.T) {
	cert, key := certificate(t)
	for name, flags := range map[string][]string{
		"self": {"--tls", "self"},
		"file": {"--tls", "file", "--tls-cert", cert, "--tls-key", key},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, flags...)
			if !strings.HasPrefix(s.url, "https://localhost:") {
				t.Fatalf("the link is %q", s.url)
			}
			trust := s.trust()
			path := "/"
			if !web.Built() {
				path = "/api/v1/config"
			}
			res, _ := s.get(path)
			if res.StatusCode != http.StatusOK {
				t.Errorf("%s: %d", path, res.StatusCode)
			}
			if hsts := res.Header.Get("Strict-Transport-Security"); web.Built() && !strings.Contains(hsts, "max-age=") {
				t.Errorf("Strict-Transport-Security is %q", hsts)
			}
			config := s.config("garden", "Ana")
			config.TLS = trust
			ana := enter(t, config)
			config.Name = "Bob"
			bob := enter(t, config)
			ana.seesAndHears(bob)
			bob.seesAndHears(ana)
			if s.trust().MinVersion < tls.VersionTLS12 {
				t.Error("the test takes old TLS")
			}
			old := &tls.Dialer{Config: &tls.Config{RootCAs: trust.RootCAs, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}}
			if conn, err := old.DialContext(t.Context(), "tcp", "localhost:"+s.port()); err == nil {
				_ = conn.Close()
				t.Error("the server speaks TLS 1.1")
			}
		})
	}
}

// trust makes the test's clients trust the certificate the server shows, as
// somebody does who compared it.
func (s *server) trust() *tls.Config {
	s.t.Helper()
	look := &tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}}
	conn, err := look.DialContext(s.t.Context(), "tcp", "localhost:"+s.port())
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	roots := x509.NewCertPool()
	for _, c := range conn.(*tls.Conn).ConnectionState().PeerCertificates {
		roots.AddCert(c)
	}
	config := &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	s.http.Transport.(*http.Transport).TLSClientConfig = config
	return config
}

// certificate writes a certificate for localhost that vouches for itself.
func certificate(t *testing.T) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name, kind string, bytes []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: bytes}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	return write("cert.pem", "CERTIFICATE", der), write("key.pem", "PRIVATE KEY", secret)
}

// TestFiguresTellNothingOfPeople reads /metrics while a meeting runs.
func TestFiguresTellNothingOfPeople(t *testing.T) {
	const room = "calm-olive-7xk2m9qd4t"
	s := serve(t)
	ana, bob := enter(t, s.config(room, "Secretive Ana")), enter(t, s.config(room, "Secretive Bob"))
	ana.seesAndHears(bob)
	until(t, "Bob's picture", func() bool { return bob.of(ana.ID(), webrtc.RTPCodecTypeVideo).packets > 0 })
	_, figures := s.get("/metrics")
	for _, secret := range []string{room, "Secretive", ana.ID(), bob.ID(), "127.0.0.1"} {
		if strings.Contains(figures, secret) {
			t.Errorf("/metrics tells %q", secret)
		}
	}
	for _, wanted := range []string{"palabre_participants 2", "palabre_rooms 1"} {
		if !strings.Contains(figures, wanted) {
			t.Errorf("/metrics lacks %q", wanted)
		}
	}
	// A proxy on this machine is not this machine.
	if res, _ := s.get("/metrics", "X-Forwarded-For", "203.0.113.9"); res.StatusCode != http.StatusForbidden {
		t.Errorf("/metrics through a proxy: %d", res.StatusCode)
	}
}

func TestFiguresWithAToken(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("a-long-random-token\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := serve(t, "--metrics", "token", "--metrics-token-file", file)
	for token, status := range map[string]int{"a-long-random-token": 200, "another": 403, "": 403} {
		if res, _ := s.get("/metrics", "Authorization", "Bearer "+token); res.StatusCode != status {
			t.Errorf("token %q: %d, want %d", token, res.StatusCode, status)
		}
	}
}

func TestAPINamesRoomsAndTellsOfNone(t *testing.T) {
	s := serve(t)
	ask := func(body string) (int, string) {
		res, text := s.do(http.MethodPost, "/api/v1/rooms", body, "Content-Type", "application/json")
		return res.StatusCode, text
	}
	// Each answer holds a token of its own, of the same make.
	token := regexp.MustCompile(`#token=[\w.-]+`)
	before, empty := ask(`{"name":"garden"}`)
	enter(t, s.config("garden", "Ana"))
	after, full := ask(`{"name":"garden"}`)
	if before != http.StatusCreated || after != before || len(full) != len(empty) || token.ReplaceAllString(full, "") != token.ReplaceAllString(empty, "") {
		t.Errorf("an empty room gives %d %s, a full one %d %s", before, empty, after, full)
	}
	if res, body := s.get("/api/v1/rooms"); res.StatusCode < 400 || strings.Contains(body, "garden") {
		t.Errorf("a list of rooms: %d %s", res.StatusCode, body)
	}
	res, _ := s.do(http.MethodPost, "/api/v1/rooms", "", "Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site")
	if res.StatusCode != http.StatusForbidden {
		t.Errorf("a page of another site makes rooms: %d", res.StatusCode)
	}
	closed := serve(t, "--open-rooms=false")
	if res, _ := closed.do(http.MethodPost, "/api/v1/rooms", ""); res.StatusCode != http.StatusForbidden {
		t.Errorf("a closed server makes rooms: %d", res.StatusCode)
	}
}

func TestPagesCarrySecurityHeaders(t *testing.T) {
	if !web.Built() {
		t.Skip("the pages are not built: make build")
	}
	s := serve(t)
	for path, status := range map[string]int{"/": 200, "/r/garden": 200, "/r/no%20such%20%2F": 404, "/nothing": 404} {
		res, body := s.get(path, "Accept", "text/html")
		if res.StatusCode != status {
			t.Errorf("%s: %d, want %d", path, res.StatusCode, status)
		}
		h := res.Header
		policy := h.Get("Content-Security-Policy")
		for _, wanted := range []string{"default-src 'self'", "script-src 'self'", "frame-ancestors", "base-uri 'none'"} {
			if !strings.Contains(policy, wanted) {
				t.Errorf("%s: Content-Security-Policy %q lacks %q", path, policy, wanted)
			}
		}
		if strings.Contains(policy, "unsafe-inline") || strings.Contains(policy, "unsafe-eval") || strings.Contains(policy, "http") {
			t.Errorf("%s: Content-Security-Policy %q", path, policy)
		}
		for name, value := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cross-Origin-Opener-Policy": "same-origin",
		} {
			if h.Get(name) != value {
				t.Errorf("%s: %s is %q, want %q", path, name, h.Get(name), value)
			}
		}
		if h.Get("Permissions-Policy") == "" || h.Get("Strict-Transport-Security") != "" || len(res.Cookies()) > 0 {
			t.Errorf("%s: headers %v", path, h)
		}
		if strings.Contains(body, "<script>") || strings.Contains(body, "//cdn") {
			t.Errorf("%s holds an inline script or another host's", path)
		}
	}
}
