package tlsport

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"palabre/internal/certs"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// open shares a port of a server that answers HTTP with "http" and what is
// TURN with "turn", and gives its address and what a client trusts.
func open(t *testing.T) (string, *tls.Config) {
	t.Helper()
	source, err := certs.Open(certs.Config{Mode: "self", Dir: t.TempDir(), Hosts: []string{"127.0.0.1"}})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := Listen(l, source.TLSConfig(), func(c net.Conn) {
		b := make([]byte, 4)
		_, _ = io.ReadFull(c, b)
		_, _ = c.Write(append([]byte("turn "), b...))
		_ = c.Close()
	})
	server := &http.Server{ReadHeaderTimeout: time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.TLS == nil {
			t.Error("the request does not know of its TLS")
		}
		_, _ = io.WriteString(w, "http "+r.Proto)
	})}
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(port) }()
	t.Cleanup(func() {
		_ = server.Close()
		_ = port.Close()
		<-done
	})
	pair, err := source.TLSConfig().GetCertificate(nil)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(pair.Leaf)
	return l.Addr().String(), &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
}

func TestOnePortSpeaksBoth(t *testing.T) {
	address, config := open(t)
	request := "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
	for name, c := range map[string]struct {
		alpn       []string
		send, want string
	}{
		"HTTP that names itself":    {[]string{"http/1.1"}, request, "http HTTP/1.1"},
		"HTTP that does not":        {nil, request, "http HTTP/1.1"},
		"TURN that names itself":    {[]string{"stun.turn"}, "\x00\x03ab", "turn \x00\x03ab"},
		"TURN that does not":        {nil, "\x00\x03ab", "turn \x00\x03ab"},
		"HTTP though it said STUN?": {[]string{"http/1.1"}, "\x00\x03ab\r\n\r\n", "400 Bad Request"},
	} {
		t.Run(name, func(t *testing.T) {
			config := config.Clone()
			config.NextProtos = c.alpn
			conn, err := tls.Dial("tcp", address, config)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = conn.Close() }()
			if _, err := io.WriteString(conn, c.send); err != nil {
				t.Fatal(err)
			}
			_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
			got, _ := io.ReadAll(conn)
			if !strings.Contains(string(got), c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: config, ForceAttemptHTTP2: true}}
	defer client.CloseIdleConnections()
	res, err := client.Get("https://" + address)
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(res.Body)
	_ = res.Body.Close()
	if string(body) != "http HTTP/2.0" {
		t.Errorf("HTTP/2 got %q", body)
	}
}

// TestSilenceHoldsUpNobody opens connections that never finish their handshake.
func TestSilenceHoldsUpNobody(t *testing.T) {
	address, config := open(t)
	for range 50 {
		c, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = c.Close() }()
	}
	conn, err := tls.Dial("tcp", address, config)
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.Close()
}
