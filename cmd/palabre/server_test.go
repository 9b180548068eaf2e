package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"palabre/store/storetest"
)

func TestMain(m *testing.M) {
	if os.Getenv(asServer) != "" {
		beServer()
	}
	os.Exit(storetest.Run(m))
}

// patience is how long tests wait for what must happen. Busy cores under the race detector need some.
const patience = 20 * time.Second

// server is the whole product as "palabre serve" runs it, in this process.
type server struct {
	t        *testing.T
	url      string // without a slash at the end
	data     string
	out, log *output
	http     *http.Client

	cancel context.CancelFunc
	ended  chan int
}

// serve starts a server on free ports of loopback with a data folder of its
// own. Later flags win over those.
func serve(t *testing.T, flags ...string) *server {
	t.Helper()
	return serveIn(t, t.TempDir(), flags...)
}

func serveIn(t *testing.T, data string, flags ...string) *server {
	t.Helper()
	s := start(t, append([]string{"--http", "127.0.0.1:0", "--udp", "127.0.0.1:0", "--data-dir", data}, flags...)...)
	s.data = data
	return s
}

// start runs "palabre serve" and returns when it has printed its link.
func start(t *testing.T, flags ...string) *server {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	transport := &http.Transport{TLSClientConfig: &tls.Config{}}
	s := &server{
		t: t, out: &output{}, log: &output{}, cancel: cancel, ended: make(chan int, 1),
		http: &http.Client{
			Transport: transport, Timeout: patience,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
	// The priority is the process's, and this one has other tests to run.
	go func() { s.ended <- run(ctx, append([]string{"serve", "--no-realtime"}, flags...), s.out, s.log) }()
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		s.stop()
		if t.Failed() {
			t.Logf("log of the server:\n%s", s.log)
		}
	})
	until(t, "the server's link", func() bool {
		select {
		case code := <-s.ended:
			s.ended <- code
			t.Fatalf("the server ended with %d: %s", code, s.log)
		default:
		}
		_, link, found := strings.Cut(s.out.String(), "is ready: ")
		s.url = strings.TrimSuffix(strings.TrimSpace(link), "/")
		return found && strings.HasSuffix(link, "\n")
	})
	return s
}

// stop is SIGTERM; it returns the exit status and how long the stop took. More stops do nothing.
func (s *server) stop() (code int, took time.Duration) {
	s.t.Helper()
	begin := time.Now()
	s.cancel()
	select {
	case code = <-s.ended:
		s.ended <- code
	case <-time.After(30 * time.Second):
		s.t.Errorf("the server does not stop; its log:\n%s", s.log)
	}
	return code, time.Since(begin)
}

// again starts a server on the same data folder and the same HTTP port.
func (s *server) again() *server {
	s.t.Helper()
	return serveIn(s.t, s.data, "--http", s.vacated())
}

// vacated is the address of a server that has ended, once it can be listened on
// again: for a moment somebody's outgoing connection may have its port.
func (s *server) vacated() string {
	s.t.Helper()
	address := "127.0.0.1:" + s.port()
	until(s.t, address+" to be free", func() bool {
		l, err := net.Listen("tcp", address)
		if err == nil {
			err = l.Close()
		}
		return err == nil
	})
	return address
}

func (s *server) port() string {
	u, err := url.Parse(s.url)
	if err != nil {
		s.t.Fatal(err)
	}
	return u.Port()
}

// token is what "palabre token" prints.
func (s *server) token(flags ...string) string {
	s.t.Helper()
	code, out, errs := command(s.t, append([]string{"token", "--data-dir", s.data}, flags...)...)
	if code != 0 {
		s.t.Fatalf("palabre token: exit %d: %s", code, errs)
	}
	return strings.TrimSpace(out)
}

// do makes an HTTP request; headers come in pairs.
func (s *server) do(method, path, body string, headers ...string) (*http.Response, string) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := s.http.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return res, string(text)
}

func (s *server) get(path string, headers ...string) (*http.Response, string) {
	s.t.Helper()
	return s.do(http.MethodGet, path, "", headers...)
}

// output is what a process wrote, readable while it writes.
type output struct {
	mu   sync.Mutex
	text strings.Builder
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// until polls for a condition.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	untilWithin(t, patience, what, ok)
}

func untilWithin(t *testing.T, limit time.Duration, what string, ok func() bool) {
	t.Helper()
	deadline := time.After(limit)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-deadline:
			t.Fatalf("waited %v for %s", limit, what)
		case <-tick.C:
		}
	}
}

// mustEqual compares what can be compared with ==.
func mustEqual[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, fmt.Sprint(got), fmt.Sprint(want))
	}
}
