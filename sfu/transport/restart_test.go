package transport_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/ice/v4"

	"palabre/sfu/negotiate"
	"palabre/sfu/transport"
	"palabre/sfu/transport/probe"
)

// stream sends packets both ways until it is stopped, and remembers what came
// of those of the server.
type stream struct {
	sent, received atomic.Int64
	last, gap      atomic.Int64 // in nanoseconds
	up             atomic.Int64
	stop           func()
}

// every is the time between two packets, as of a voice.
const every = 10 * time.Millisecond

// begin starts a stream; the client's Media must be s.came.
func (s *stream) begin(t *testing.T, conn *transport.Conn, client *probe.Client) {
	t.Helper()
	stop, done := make(chan struct{}), make(chan struct{})
	s.stop = func() { close(stop); <-done }
	go func() {
		defer close(done)
		tick := time.NewTicker(every)
		defer tick.Stop()
		for n := uint16(1); ; n++ {
			packet := rtp(n, 9)
			if conn.WriteRTP(packet[:12], packet[12:]) == nil {
				s.sent.Add(1)
			}
			if client.Write(client.SealRTP(rtp(n, 7))) == nil {
				s.up.Add(1)
			}
			select {
			case <-tick.C:
			case <-stop:
				return
			}
		}
	}()
}

// came counts what the client received.
func (s *stream) came(b []byte) {
	if b[1]&0x7F != 111 {
		return
	}
	now := time.Now().UnixNano()
	if last := s.last.Swap(now); last != 0 && now-last > s.gap.Load() {
		s.gap.Store(now - last)
	}
	s.received.Add(1)
}

func answer(t *testing.T, conn *transport.Conn, client *probe.Client) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), wait)
	defer cancel()
	text, err := conn.Answer(ctx, offer(t, client), map[string]negotiate.Use{"0": {Receive: true}})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// dialStreaming is dial with a stream that runs.
func dialStreaming(t *testing.T, h *transport.Host, network ice.NetworkType) (*transport.Conn, *probe.Client, *ear, *stream) {
	t.Helper()
	s := &stream{}
	conn, client, listener := dialWith(t, h, network, func(c *probe.Client) { c.Media = s.came })
	s.begin(t, conn, client)
	until(t, "media both ways", func() bool { return s.received.Load() > 10 && listener.count() > 10 })
	return conn, client, listener, s
}

func TestARestartLosesNothing(t *testing.T) {
	for name, network := range networks() {
		t.Run(name, func(t *testing.T) {
			conn, client, listener, s := dialStreaming(t, newHost(t, nil), network)
			s.gap.Store(0)
			if err := client.Restart(); err != nil {
				t.Fatal(err)
			}
			text := answer(t, conn, client)
			ctx, cancel := context.WithTimeout(t.Context(), wait)
			defer cancel()
			if err := client.Move(ctx, text); err != nil {
				t.Fatal(err)
			}
			before, heard := s.received.Load(), listener.count()
			until(t, "media over the new path", func() bool { return s.received.Load() > before+50 && listener.count() > heard+50 })
			s.stop()
			until(t, "the last packets", func() bool { return s.received.Load() >= s.sent.Load()-1 && int64(listener.count()) >= s.up.Load()-1 })
			t.Logf("widest gap %v; %d of %d packets down, %d of %d up", time.Duration(s.gap.Load()), s.received.Load(), s.sent.Load(), listener.count(), s.up.Load())
			if listener.heard("disconnected") || listener.heard("failed") {
				t.Errorf("the restart was noticed: %v", listener.said)
			}
		})
	}
}

// TestARestartThatNeverCompletesChangesNothing offers a restart that the client never follows.
func TestARestartThatNeverCompletesChangesNothing(t *testing.T) {
	// A busy machine that runs nobody for that long would be taken for a silent client.
	const silence, patience = 3 * time.Second, 500 * time.Millisecond
	h := newHost(t, func(c *transport.Config) { c.Silence, c.Patience = silence, patience })
	conn, client, listener, s := dialStreaming(t, h, ice.NetworkTypeUDP4)
	if err := client.Restart(); err != nil {
		t.Fatal(err)
	}
	first := answer(t, conn, client)
	if again := answer(t, conn, client); probe.Attribute(again, "ice-ufrag") != probe.Attribute(first, "ice-ufrag") {
		t.Error("the same offer was answered with other credentials")
	}
	begin := time.Now()
	until(t, "the restart to be given up", func() bool { return time.Since(begin) > silence+patience+2*time.Second })
	before, heard := s.received.Load(), listener.count()
	until(t, "media over the old path", func() bool { return s.received.Load() > before+20 && listener.count() > heard+20 })
	s.stop()
	until(t, "the last packets", func() bool { return s.received.Load() >= s.sent.Load()-1 })
	if listener.heard("disconnected") || listener.heard("failed") {
		t.Errorf("the restart was noticed: %v", listener.said)
	}
}

// TestARestartMendsALostPath is what a client does that comes back on another network.
func TestARestartMendsALostPath(t *testing.T) {
	h := newHost(t, func(c *transport.Config) { c.Silence = 300 * time.Millisecond })
	conn, client, listener, s := dialStreaming(t, h, ice.NetworkTypeUDP4)
	if err := client.Restart(); err != nil {
		t.Fatal(err)
	}
	client.LoseOld()
	until(t, "disconnected", func() bool { return listener.heard("disconnected") })
	ctx, cancel := context.WithTimeout(t.Context(), wait)
	defer cancel()
	if err := client.Move(ctx, answer(t, conn, client)); err != nil {
		t.Fatal(err)
	}
	before, heard := s.received.Load(), listener.count()
	until(t, "media again", func() bool { return s.received.Load() > before+10 && listener.count() > heard+10 })
	s.stop()
	until(t, "connected again", func() bool {
		listener.mu.Lock()
		defer listener.mu.Unlock()
		return listener.said[len(listener.said)-1] == "connected"
	})
}
