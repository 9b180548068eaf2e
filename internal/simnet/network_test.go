package simnet_test

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"palabre/internal/simnet"
)

func address(last byte) netip.Addr { return netip.AddrFrom4([4]byte{10, 0, 0, last}) }

func listen(t *testing.T, h *simnet.Host) net.PacketConn {
	t.Helper()
	c, err := h.Listen(0)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func say(t *testing.T, from, to net.PacketConn, text string) {
	t.Helper()
	if n, err := from.WriteTo([]byte(text), to.LocalAddr()); n != len(text) || err != nil {
		t.Fatalf("sent %d bytes: %v", n, err)
	}
}

// hear gives what comes within a second, and from whom; empty for nothing.
func hear(t *testing.T, c net.PacketConn) (text, from string) {
	t.Helper()
	if err := c.SetReadDeadline(time.Now().Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 1500)
	n, addr, err := c.ReadFrom(b)
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return "", ""
	case err != nil:
		t.Fatal(err)
	}
	return string(b[:n]), addr.String()
}

// TestEveryHostHasItsOwnLinks has two clients of one server on different links.
func TestEveryHostHasItsOwnLinks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := simnet.New(1)
		defer n.Close()
		near, far := n.Host(address(2)), n.Host(address(3))
		server, a, b := listen(t, n.Host(address(1))), listen(t, near), listen(t, far)
		far.Up.Set(simnet.Shape{Delay: 100 * time.Millisecond})
		far.Down.Set(simnet.Shape{Delay: 200 * time.Millisecond, Rate: 8000})
		start := time.Now()
		say(t, b, server, "from far")
		say(t, a, server, "from near")
		for _, want := range []struct {
			text, from string
			after      time.Duration
		}{{"from near", "10.0.0.2:40000", 0}, {"from far", "10.0.0.3:40000", 100 * time.Millisecond}} {
			text, from := hear(t, server)
			if took := time.Since(start); text != want.text || from != want.from || took != want.after {
				t.Errorf("got %q from %s after %v, want %+v", text, from, took, want)
			}
		}
		start = time.Now()
		say(t, server, b, "0123456789") // and 28 bytes of headers take 38 ms
		hear(t, b)
		if took := time.Since(start); took != 238*time.Millisecond {
			t.Errorf("took %v", took)
		}
		if up, down := far.Up.Counts(), far.Down.Counts(); up.Bytes != 36 || down.Bytes != 38 {
			t.Errorf("up %+v, down %+v", up, down)
		}
		if near.Down.Counts().Bytes != 0 {
			t.Error("a host's links carry what is for another")
		}
	})
}

// TestOneWayDead has a host that is heard but hears nothing, live.
func TestOneWayDead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := simnet.New(1)
		defer n.Close()
		h := n.Host(address(2))
		server, client := listen(t, n.Host(address(1))), listen(t, h)
		h.Down.Set(simnet.Shape{Dead: true})
		say(t, server, client, "lost")
		say(t, client, server, "heard")
		if text, _ := hear(t, server); text != "heard" {
			t.Errorf("the server got %q", text)
		}
		if text, _ := hear(t, client); text != "" {
			t.Errorf("the client got %q", text)
		}
		h.Down.Set(simnet.Shape{})
		say(t, server, client, "again")
		if text, _ := hear(t, client); text != "again" || h.Down.Counts().Fates[simnet.Swallowed] != 1 {
			t.Errorf("the client got %q, %+v", text, h.Down.Counts())
		}
	})
}

func TestMovedHost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := simnet.New(1)
		defer n.Close()
		h := n.Host(address(2))
		server, client := listen(t, n.Host(address(1))), listen(t, h)
		if err := h.Move(address(1)); err == nil {
			t.Error("moved to an address that is taken")
		}
		if err := h.Move(address(9)); err != nil {
			t.Fatal(err)
		}
		say(t, client, server, "moved")
		text, from := hear(t, server)
		if text != "moved" || from != "10.0.0.9:40000" {
			t.Errorf("got %q from %s", text, from)
		}
		say(t, server, client, "to where it was")
		if text, _ := hear(t, client); text != "" {
			t.Errorf("the old address still works: %q", text)
		}
		if _, err := server.WriteTo([]byte("found"), net.UDPAddrFromAddrPort(netip.MustParseAddrPort(from))); err != nil {
			t.Fatal(err)
		}
		if text, _ := hear(t, client); text != "found" {
			t.Errorf("the new address gives %q", text)
		}
	})
}

func TestSocketsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := simnet.New(1)
		h := n.Host(address(1))
		c := listen(t, h)
		if _, err := h.Listen(40000); err == nil {
			t.Error("a port was given twice")
		}
		h.Down.Set(simnet.Shape{Delay: time.Hour})
		say(t, c, c, "on its way for ever")
		done := make(chan error)
		go func() {
			_, _, err := c.ReadFrom(make([]byte, 10))
			done <- err
		}()
		synctest.Wait()
		if err := n.Close(); err != nil {
			t.Fatal(err)
		}
		if err := <-done; !errors.Is(err, net.ErrClosed) {
			t.Errorf("reading ended with %v", err)
		}
		if _, err := c.WriteTo(nil, c.LocalAddr()); !errors.Is(err, net.ErrClosed) {
			t.Errorf("writing gave %v", err)
		}
		if err := c.Close(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("closing again gave %v", err)
		}
	})
}
