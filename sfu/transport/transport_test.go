package transport_test

import (
	"context"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/ice/v4"

	"palabre/sfu/negotiate"
	"palabre/sfu/transport"
	"palabre/sfu/transport/probe"
)

// wait is how long a test waits for anything.
const wait = 20 * time.Second

// until polls until ok, or fails the test.
func until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(wait); !ok(); {
		if time.Now().After(deadline) {
			t.Fatalf("waited %v for %s", wait, what)
		}
		<-time.NewTimer(5 * time.Millisecond).C
	}
}

// newHost listens on loopback, for UDP and TCP.
func newHost(t testing.TB, change func(*transport.Config)) *transport.Host {
	t.Helper()
	udp, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	tcp, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := transport.Config{UDP: udp, TCP: tcp}
	if change != nil {
		change(&c)
	}
	h, err := transport.NewHost(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	return h
}

// ear is a Handler that remembers.
type ear struct {
	mu      sync.Mutex
	said    []string
	packets int
	drops   map[transport.Drop]int
	panics  int
	trap    atomic.Bool // the next packet panics
}

func (e *ear) note(what string) { e.mu.Lock(); e.said = append(e.said, what); e.mu.Unlock() }

func (e *ear) Connected()           { e.note("connected") }
func (e *ear) Disconnected()        { e.note("disconnected") }
func (e *ear) Failed(reason string) { e.note("failed: " + reason) }
func (e *ear) RTP([]byte, time.Time) {
	if e.trap.CompareAndSwap(true, false) {
		panic("trapped")
	}
	e.mu.Lock()
	e.packets++
	e.mu.Unlock()
}
func (e *ear) RTCP([]byte, time.Time) {}
func (e *ear) Application([]byte)     { e.note("application") }
func (e *ear) Dropped(why transport.Drop) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.drops == nil {
		e.drops = map[transport.Drop]int{}
	}
	e.drops[why]++
}
func (e *ear) Panicked(any, []byte) { e.mu.Lock(); e.panics++; e.mu.Unlock() }

func (e *ear) heard(what string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.ContainsFunc(e.said, func(s string) bool { return len(s) >= len(what) && s[:len(what)] == what })
}

func (e *ear) count() int { e.mu.Lock(); defer e.mu.Unlock(); return e.packets }

// offer is a lone microphone's.
func offer(t testing.TB, c *probe.Client) *negotiate.Offer {
	t.Helper()
	lines, err := c.Transport()
	if err != nil {
		t.Fatal(err)
	}
	o, err := negotiate.Parse("v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n" + lines +
		"m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=sendonly\r\na=rtcp-mux\r\na=rtpmap:111 opus/48000/2\r\n")
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// dial connects a client over network.
func dial(t testing.TB, h *transport.Host, network ice.NetworkType) (*transport.Conn, *probe.Client, *ear) {
	t.Helper()
	return dialWith(t, h, network, nil)
}

// dialWith connects a client that change was told of first, to set what it does.
func dialWith(t testing.TB, h *transport.Host, network ice.NetworkType, change func(*probe.Client)) (*transport.Conn, *probe.Client, *ear) {
	t.Helper()
	client, err := probe.New(network)
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(client)
	}
	listener := &ear{}
	conn := h.Open(listener, 0)
	t.Cleanup(func() {
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
		client.Close()
	})
	ctx, cancel := context.WithTimeout(t.Context(), wait)
	defer cancel()
	answer, err := conn.Answer(ctx, offer(t, client), map[string]negotiate.Use{"0": {Receive: true}})
	if err == nil {
		err = client.Dial(ctx, answer)
	}
	if err != nil {
		t.Fatal(err)
	}
	until(t, "the server to be connected", func() bool { return listener.heard("connected") })
	return conn, client, listener
}

// networks are the ways a client comes in.
func networks() map[string]ice.NetworkType {
	return map[string]ice.NetworkType{"udp": ice.NetworkTypeUDP4, "tcp": ice.NetworkTypeTCP4}
}

func rtp(sequence uint16, ssrc byte) []byte {
	return []byte{0x80, 111, byte(sequence >> 8), byte(sequence), 0, 0, 0, 0, 0, 0, 0, ssrc, 1, 2, 3}
}

func TestClosingIsHeardAtOnce(t *testing.T) {
	for name, network := range networks() {
		t.Run(name, func(t *testing.T) {
			conn, client, listener := dial(t, newHost(t, nil), network)
			start := time.Now()
			if err := conn.Close(); err != nil {
				t.Error(err)
			}
			select {
			case <-client.Ended():
				t.Logf("heard after %v", time.Since(start))
			case <-time.After(wait): // silence alone would take 30 s to tell it
				t.Error("the client heard nothing")
			}
			if listener.heard("failed") {
				t.Error("our own closing was reported as a failure")
			}
		})
	}
}

func TestTheClientsClosingIsHeardAtOnce(t *testing.T) {
	for name, network := range networks() {
		t.Run(name, func(t *testing.T) {
			_, client, listener := dial(t, newHost(t, nil), network)
			client.Part()
			until(t, "the server to hear", func() bool { return listener.heard("failed: the client closed") })
		})
	}
}

func TestSilenceDisconnectsThenFails(t *testing.T) {
	for name, network := range networks() {
		t.Run(name, func(t *testing.T) {
			h := newHost(t, func(c *transport.Config) { c.Silence, c.Patience = 300*time.Millisecond, 700*time.Millisecond })
			_, client, listener := dial(t, h, network)
			start := time.Now()
			client.Vanish()
			until(t, "disconnected", func() bool { return listener.heard("disconnected") || listener.heard("failed") })
			first := time.Since(start)
			until(t, "failed", func() bool { return listener.heard("failed: the client could not be reached for 1s") })
			total := time.Since(start)
			t.Logf("disconnected after %v, failed after %v", first, total)
			if first < 200*time.Millisecond || total < 900*time.Millisecond || total > 10*time.Second {
				t.Errorf("disconnected after %v, failed after %v; want about 0.3 and 1 s", first, total)
			}
			if !listener.heard("disconnected") {
				t.Error("failed without having been disconnected")
			}
		})
	}
}

func TestPanicOverAPacketStaysWithIt(t *testing.T) {
	for name, network := range networks() {
		t.Run(name, func(t *testing.T) {
			_, client, listener := dial(t, newHost(t, nil), network)
			listener.trap.Store(true)
			for n := range uint16(10) {
				if err := client.Write(client.SealRTP(rtp(n, 7))); err != nil {
					t.Fatal(err)
				}
			}
			until(t, "the others to pass", func() bool { return listener.count() == 9 })
			listener.mu.Lock()
			defer listener.mu.Unlock()
			if listener.panics != 1 {
				t.Errorf("%d panics, want 1", listener.panics)
			}
		})
	}
}
