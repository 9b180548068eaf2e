package tcp

import (
	"errors"
	"io"
	"log/slog"
	"net"
	"syscall"
	"testing"
	"time"
)

// doors listens and counts what comes through a gate.
func doors(t *testing.T, change func(*Gate)) (*Gate, string, chan net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := NewGate(l, time.Minute, slog.New(slog.DiscardHandler))
	change(g)
	in := make(chan net.Conn, 100)
	go func() {
		defer close(in)
		for {
			c, err := g.Accept()
			if err != nil {
				return
			}
			in <- c
		}
	}()
	t.Cleanup(func() {
		_ = g.Close()
		for c := range in {
			_ = c.Close()
		}
	})
	return g, l.Addr().String(), in
}

func visit(t *testing.T, address string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp4", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func TestGateBoundsTheConnections(t *testing.T) {
	for name, change := range map[string]func(*Gate){
		"in all":           func(g *Gate) { g.max = 3 },
		"from one address": func(g *Gate) { g.each = 3 },
	} {
		t.Run(name, func(t *testing.T) {
			g, address, in := doors(t, change)
			var inside []net.Conn
			for range 3 {
				visit(t, address)
				inside = append(inside, <-in)
			}
			refused := visit(t, address)
			_ = refused.SetReadDeadline(time.Now().Add(20 * time.Second))
			if _, err := refused.Read(make([]byte, 1)); err == nil || errors.Is(err, net.ErrClosed) {
				t.Errorf("the fourth connection was not shown out: %v", err)
			}
			if open(g) != 3 {
				t.Errorf("%d connections counted, want 3", open(g))
			}
			_ = inside[0].Close()
			_ = inside[0].Close() // twice, as its users may
			for deadline := time.Now().Add(20 * time.Second); open(g) == 3 && time.Now().Before(deadline); {
				<-time.NewTimer(time.Millisecond).C
			}
			visit(t, address)
			inside[0] = <-in
			for _, c := range inside {
				_ = c.Close()
			}
			g.writers.Wait()
			if open(g) != 0 || len(g.from) != 0 {
				t.Errorf("%d connections and %d addresses remembered after all left", open(g), len(g.from))
			}
		})
	}
}

func TestGateEndsSilentConnections(t *testing.T) {
	_, address, in := doors(t, func(g *Gate) { g.idle = 100 * time.Millisecond })
	visit(t, address)
	c := <-in
	start := time.Now()
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("a silent connection gave %v, want its end", err)
	}
	if took := time.Since(start); took > 15*time.Second {
		t.Errorf("it took %v", took)
	}
	_ = c.Close()
}

// flaky is a listener that fails a few times first, as one does without files to spare.
type flaky struct {
	net.Listener
	failures int
}

func (f *flaky) Accept() (net.Conn, error) {
	if f.failures--; f.failures >= 0 {
		return nil, syscall.EMFILE
	}
	return f.Listener.Accept()
}

func TestGateOutlivesAWantOfFiles(t *testing.T) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := NewGate(&flaky{l, 3}, time.Minute, slog.New(slog.DiscardHandler))
	defer g.Close()
	visit(t, l.Addr().String())
	c, err := g.Accept()
	if err != nil {
		t.Fatal(err)
	}
	_ = c.Close()
	g.Listener = &flaky{l, 1 << 30}
	end := make(chan error)
	go func() { _, err := g.Accept(); end <- err }()
	_ = g.Close()
	if err := <-end; !errors.Is(err, net.ErrClosed) {
		t.Errorf("a closed gate gave %v", err)
	}
}

func TestGuestSaysItsLastWords(t *testing.T) {
	_, address, in := doors(t, func(*Gate) {})
	far := visit(t, address)
	c := <-in
	words := make([]byte, 100<<10)
	if _, err := c.Write(words); err != nil {
		t.Fatal(err)
	}
	_ = c.Close()
	if _, err := c.Write(words); !errors.Is(err, net.ErrClosed) {
		t.Errorf("writing after Close gave %v", err)
	}
	_ = far.SetReadDeadline(time.Now().Add(20 * time.Second))
	if got, err := io.ReadAll(far); err != nil || len(got) != len(words) {
		t.Errorf("%d of %d bytes arrived, %v", len(got), len(words), err)
	}
}

func TestGuestNeverBlocksItsWriter(t *testing.T) {
	g, address, in := doors(t, func(*Gate) {})
	visit(t, address) // takes nothing
	c := <-in
	packet := make([]byte, 1200)
	start, err := time.Now(), error(nil)
	for n := 0; n < 100_000 && err == nil; n++ {
		_, err = c.Write(packet)
	}
	if !errors.Is(err, errUnsent) || time.Since(start) > 15*time.Second {
		t.Errorf("%v after %v, want a refusal at once", err, time.Since(start))
	}
	_ = c.Close()
	done := make(chan struct{})
	go func() { g.writers.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(parting + 20*time.Second):
		t.Error("the writer outlived its connection")
	}
}

// open is how many connections are open.
func open(g *Gate) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.guests)
}
