package rawtcp_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"go.uber.org/goleak"

	"palabre/internal/rawtcp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// pair gives both ends of a connection, ours first.
func pair(t *testing.T) (ours net.Conn, theirs *net.TCPConn) {
	t.Helper()
	inner, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = inner.Close() }()
	far, err := new(net.Dialer).DialContext(t.Context(), "tcp", inner.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	ours, err = rawtcp.Listener(inner).Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = ours.Close(), far.Close() })
	return ours, far.(*net.TCPConn)
}

// TestCarriesAll sends more than socket buffers hold, in pieces of all sizes,
// both ways at once.
func TestCarriesAll(t *testing.T) {
	ours, theirs := pair(t)
	const size = 32 << 20
	sent := make([]byte, size)
	for i := range sent {
		sent[i] = byte(i >> 8 * i)
	}
	write := func(c net.Conn, closeWrite func() error) error {
		for left := sent; len(left) > 0; {
			n := min(len(left), 1+rand.IntN(200<<10))
			if m, err := c.Write(left[:n]); err != nil || m != n {
				return errors.Join(err, errors.New("not all was written"))
			}
			left = left[n:]
		}
		return closeWrite()
	}
	failed := make(chan error, 2)
	go func() { failed <- write(ours, ours.(interface{ CloseWrite() error }).CloseWrite) }()
	go func() { failed <- write(theirs, theirs.CloseWrite) }()
	got := make(chan []byte, 2)
	for _, c := range []net.Conn{ours, theirs} {
		go func() {
			all, err := io.ReadAll(c)
			if err != nil {
				t.Error(err)
			}
			got <- all
		}()
	}
	for range 2 {
		if !bytes.Equal(<-got, sent) {
			t.Error("what came is not what was sent")
		}
		if err := <-failed; err != nil {
			t.Error(err)
		}
	}
}

// TestEndsAsOthersDo compares what a reader and a writer are told with what they
// would be by a plain connection.
func TestEndsAsOthersDo(t *testing.T) {
	b := make([]byte, 10)
	t.Run("end", func(t *testing.T) {
		ours, theirs := pair(t)
		_ = theirs.Close()
		if n, err := ours.Read(b); n != 0 || err != io.EOF {
			t.Errorf("read %d, %v", n, err)
		}
	})
	t.Run("reset", func(t *testing.T) {
		ours, theirs := pair(t)
		_ = theirs.SetLinger(0)
		_ = theirs.Close()
		_, err := ours.Read(b)
		var op *net.OpError
		if !errors.Is(err, syscall.ECONNRESET) || !errors.As(err, &op) || op.Op != "read" {
			t.Errorf("read: %v", err)
		}
		if _, err = ours.Write(b); !errors.Is(err, syscall.EPIPE) || !errors.As(err, &op) || op.Op != "write" {
			t.Errorf("write: %v", err)
		}
	})
	t.Run("closed", func(t *testing.T) {
		ours, _ := pair(t)
		read := make(chan error)
		go func() { _, err := ours.Read(b); read <- err }()
		_ = ours.Close()
		if err := <-read; !errors.Is(err, net.ErrClosed) {
			t.Errorf("read: %v", err)
		}
		if _, err := ours.Write(b); !errors.Is(err, net.ErrClosed) {
			t.Errorf("write: %v", err)
		}
	})
	t.Run("deadline", func(t *testing.T) {
		ours, _ := pair(t)
		_ = ours.SetDeadline(time.Now().Add(10 * time.Millisecond))
		var timeout net.Error
		if _, err := ours.Read(b); !errors.Is(err, os.ErrDeadlineExceeded) || !errors.As(err, &timeout) || !timeout.Timeout() {
			t.Errorf("read: %v", err)
		}
		full := make([]byte, 1<<16)
		for {
			n, err := ours.Write(full) // until nothing fits any more
			if err == nil {
				continue
			}
			if !errors.Is(err, os.ErrDeadlineExceeded) || n == len(full) {
				t.Errorf("wrote %d: %v", n, err)
			}
			return
		}
	})
	t.Run("nothing", func(t *testing.T) {
		ours, _ := pair(t)
		if n, err := ours.Read(nil); n != 0 || err != nil {
			t.Errorf("read %d, %v", n, err)
		}
		if n, err := ours.Write(nil); n != 0 || err != nil {
			t.Errorf("wrote %d, %v", n, err)
		}
	})
}

// TestServesHTTP has a server answer requests and a WebSocket over such connections.
func TestServesHTTP(t *testing.T) {
	up := websocket.Upgrader{}
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !websocket.IsWebSocketUpgrade(r) {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				t.Error(err)
			}
			_, _ = w.Write(body)
			return
		}
		c, err := up.Upgrade(w, r, nil)
		if err != nil {
			t.Error(err)
			return
		}
		defer func() { _ = c.Close() }()
		for {
			kind, message, err := c.ReadMessage()
			if err != nil || c.WriteMessage(kind, message) != nil {
				return
			}
		}
	}))
	s.Listener = rawtcp.Listener(s.Listener)
	s.Start()
	defer s.Close()
	for _, size := range []int{0, 1, 1 << 10, 5 << 20} {
		body := strings.Repeat("p", size)
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		answer, err := s.Client().Do(request)
		if err != nil {
			t.Fatal(err)
		}
		back, err := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		if err != nil || string(back) != body {
			t.Errorf("%d of %d bytes came back, %v", len(back), size, err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	c, answer, err := websocket.DefaultDialer.DialContext(ctx, "ws"+strings.TrimPrefix(s.URL, "http"), nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	defer func() { _ = c.Close() }()
	for _, size := range []int{1, 100, 300 << 10} {
		sent := bytes.Repeat([]byte{7}, size)
		if err := c.WriteMessage(websocket.BinaryMessage, sent); err != nil {
			t.Fatal(err)
		}
		if _, got, err := c.ReadMessage(); err != nil || !bytes.Equal(got, sent) {
			t.Fatalf("%d bytes of %d came back, %v", len(got), size, err)
		}
	}
}
