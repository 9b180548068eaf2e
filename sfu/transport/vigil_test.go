package transport

import (
	"context"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/stun/v4"

	"palabre/internal/simnet"
	"palabre/sfu/negotiate"
	"palabre/sfu/transport/probe"
	"palabre/sfu/udp"
)

// cable is a client's way to the server, which takes time and can be cut.
type cable struct {
	*Relay
	server net.Addr
	in     chan []byte
	done   chan struct{}
	once   sync.Once

	// answers has checks answered with this password, where nobody reads the cable.
	answers string
	heard   func(*stun.Message) // is told what the server answered, where set

	checks, media atomic.Int64 // that the server sent
	cut           atomic.Bool  // nothing of the client's comes through
	mute          atomic.Bool  // none of its answers does
}

// oneWay is how long a packet takes.
const oneWay = 100 * time.Millisecond

func lay(t *testing.T, h *Host) *cable {
	t.Helper()
	c := &cable{server: net.UDPAddrFromAddrPort(h.media[0]), in: make(chan []byte, 100), done: make(chan struct{})}
	var err error
	if c.Relay, err = h.Relay(false, c.deliver); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Relay.Close() })
	return c
}

func (c *cable) deliver(b []byte) {
	switch {
	case isSTUN(b) && isRequest(b):
		c.checks.Add(1)
		c.answer(b)
	case isSTUN(b) && c.heard != nil:
		m := &stun.Message{Raw: append([]byte(nil), b...)}
		if m.Decode() == nil {
			c.heard(m)
		}
	case b[0] >= 128:
		c.media.Add(1)
	}
	b = append([]byte(nil), b...)
	time.AfterFunc(oneWay, func() {
		select {
		case c.in <- b:
		default:
		}
	})
}

// answer is what a client does with a check.
func (c *cable) answer(b []byte) {
	m := &stun.Message{Raw: append([]byte(nil), b...)}
	if c.answers == "" || c.mute.Load() || m.Decode() != nil {
		return
	}
	reply := stun.MustBuild(m, stun.BindingSuccess, &stun.XORMappedAddress{IP: net.IPv4zero, Port: 9}, stun.NewShortTermIntegrity(c.answers), stun.Fingerprint)
	time.AfterFunc(2*oneWay, func() { c.Send(reply.Raw) })
}

func (c *cable) ReadFrom(b []byte) (int, net.Addr, error) {
	select {
	case datagram := <-c.in:
		return copy(b, datagram), c.server, nil
	case <-c.done:
		return 0, nil, net.ErrClosed
	}
}

func (c *cable) WriteTo(b []byte, _ net.Addr) (int, error) {
	if !c.cut.Load() && !(c.mute.Load() && isSTUN(b) && !isRequest(b)) {
		b := append([]byte(nil), b...)
		time.AfterFunc(oneWay, func() { c.Send(b) })
	}
	return len(b), nil
}

func (c *cable) Close() error                     { c.once.Do(func() { close(c.done) }); return nil }
func (c *cable) LocalAddr() net.Addr              { return net.UDPAddrFromAddrPort(c.Addr()) }
func (c *cable) SetDeadline(time.Time) error      { return nil }
func (c *cable) SetReadDeadline(time.Time) error  { return nil }
func (c *cable) SetWriteDeadline(time.Time) error { return nil }

// witness is a Handler that remembers when what was said.
type witness struct {
	mu    sync.Mutex
	said  map[string]time.Time
	why   string
	drops [Drops]int
}

func (w *witness) note(what string) { w.mu.Lock(); w.said[what] = time.Now(); w.mu.Unlock() }

// when is how long after start something was said; negative where it was not.
func (w *witness) when(what string, start time.Time) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	if at, ok := w.said[what]; ok {
		return at.Sub(start)
	}
	return -1
}

func (w *witness) Connected()             { w.note("connected") }
func (w *witness) Disconnected()          { w.note("disconnected") }
func (w *witness) Failed(why string)      { w.why = why; w.note("failed") }
func (w *witness) RTP([]byte, time.Time)  {}
func (w *witness) RTCP([]byte, time.Time) {}
func (w *witness) Application([]byte)     {}
func (w *witness) Dropped(why Drop)       { w.mu.Lock(); w.drops[why]++; w.mu.Unlock() }
func (w *witness) dropped(why Drop) int   { w.mu.Lock(); defer w.mu.Unlock(); return w.drops[why] }
func (w *witness) Panicked(v any, _ []byte) {
	panic(v)
}

// guest is a client with its cable and the server's end.
type guest struct {
	*witness
	host   *Host
	conn   *Conn
	client *probe.Client
	cable  *cable
	answer string
	offer  *negotiate.Offer
	quiet  atomic.Bool
}

// watched has a client, connected in virtual time, by our ports and by Pion's
// agents. It sends a receiver report, and is sent a packet, ten times a second.
func watched(t *testing.T, lite bool, do func(t *testing.T, g *guest)) {
	t.Helper()
	for name, fast := range map[string]bool{"fast": true, "pion": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { do(t, welcome(t, lite, fast)) })
		})
	}
}

func welcome(t *testing.T, lite, fast bool) *guest {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	network := simnet.New(1)
	t.Cleanup(func() { must(network.Close()) })
	socket, err := network.Host(netip.MustParseAddr("10.0.0.1")).Listen(0)
	must(err)
	h, err := NewHost(Config{UDP: socket, Lite: lite})
	must(err)
	t.Cleanup(func() { must(h.Close()) })
	if fast {
		h.udp.fast = &udp.Socket{} // media goes past the agents; relays need no socket
	}
	g := &guest{host: h, witness: &witness{said: map[string]time.Time{}}, cable: lay(t, h)}
	mux := ice.NewUDPMuxDefault(ice.UDPMuxParams{UDPConn: g.cable})
	t.Cleanup(func() { _ = mux.Close() })
	g.client, err = probe.Over(mux)
	must(err)
	t.Cleanup(g.client.Close)
	g.conn = h.Open(g, 0)
	t.Cleanup(func() { must(g.conn.Close()) })
	lines, err := g.client.Transport()
	must(err)
	g.offer, err = negotiate.Parse("v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n" + lines +
		"m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=sendonly\r\na=rtcp-mux\r\na=rtpmap:111 opus/48000/2\r\n")
	must(err)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	g.answer, err = g.conn.Answer(ctx, g.offer, map[string]negotiate.Use{"0": {Receive: true}})
	must(err)
	must(g.client.Dial(ctx, g.answer))
	stop, done := make(chan struct{}), make(chan struct{})
	t.Cleanup(func() { close(stop); <-done })
	go g.talk(stop, done)
	pass(time.Second)
	if g.when("connected", time.Time{}) < 0 {
		t.Fatal("not connected")
	}
	return g
}

func (g *guest) talk(stop, done chan struct{}) {
	defer close(done)
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for n := byte(0); ; n++ {
		select {
		case <-tick.C:
		case <-stop:
			return
		}
		_ = g.conn.WriteRTP([]byte{0x80, 111, 0, n, 0, 0, 0, 0, 0, 0, 0, 9}, []byte{1, 2, 3})
		if report, err := g.client.SealRTCP([]byte{0x80, 201, 0, 1, 0, 0, 0, 7}); err == nil && !g.quiet.Load() {
			_ = g.client.Write(report)
		}
	}
}

// check sends a check with the client's credentials and what else is given by another cable.
func (g *guest) check(by *cable, set ...stun.Setter) {
	signed := []stun.Setter{stun.BindingRequest, stun.TransactionID, stun.NewUsername(probe.Attribute(g.answer, "ice-ufrag") + ":" + g.offer.Ufrag)}
	var behind []stun.Setter
	for _, s := range set {
		if a, ok := s.(appended); ok {
			behind = append(behind, a.Setter)
		} else {
			signed = append(signed, s)
		}
	}
	signed = append(signed, stun.NewShortTermIntegrity(probe.Attribute(g.answer, "ice-pwd")))
	by.Send(stun.MustBuild(append(append(signed, behind...), stun.Fingerprint)...).Raw)
}

// pass lets time go by.
func pass(d time.Duration) { <-time.NewTimer(d).C }

func TestWhoSendsIsSeldomAsked(t *testing.T) {
	watched(t, false, func(t *testing.T, g *guest) {
		for _, row := range []struct {
			quiet       bool
			least, most int64
		}{{false, 8, 16}, {true, 25, 40}, {false, 8, 16}} {
			g.quiet.Store(row.quiet)
			pass(time.Second)
			before := g.cable.checks.Load()
			pass(time.Minute)
			if n := g.cable.checks.Load() - before; n < row.least || n > row.most {
				t.Errorf("quiet: %v: asked %d times in a minute, want %d to %d", row.quiet, n, row.least, row.most)
			}
		}
		if g.when("disconnected", time.Time{}) >= 0 || g.when("failed", time.Time{}) >= 0 {
			t.Errorf("the connection stumbled: %v %s", g.said, g.why)
		}
	})
}

// TestAskingIsSpread has a client's checks come at uneven times.
func TestAskingIsSpread(t *testing.T) {
	watched(t, false, func(t *testing.T, g *guest) {
		waits := map[time.Duration]int{}
		for last, n := time.Now(), g.cable.checks.Load(); len(waits) < 40; {
			pass(lookEvery)
			if now := g.cable.checks.Load(); now != n {
				waits[time.Since(last)]++
				if last, n = time.Now(), now; time.Since(last) > 10*time.Minute {
					break
				}
			}
			if g.cable.checks.Load() > 40 {
				break
			}
		}
		if len(waits) < 4 {
			t.Errorf("asked at even times: %v", waits)
		}
	})
}

func TestWhoFallsSilentIsMissedAndGivenUp(t *testing.T) {
	for _, lite := range []bool{false, true} {
		watched(t, lite, func(t *testing.T, g *guest) {
			pass(7300 * time.Millisecond)
			start := time.Now()
			g.cable.cut.Store(true)
			pass(40 * time.Second)
			// What is under way when the cable is cut comes later by the time it takes.
			if d := g.when("disconnected", start); d < silence-oneWay || d > silence+oneWay+2*lookEvery {
				t.Errorf("disconnected after %v, want %v", d, silence)
			}
			asked := 6*time.Second + 2*oneWay // ago, of who sends and is asked
			if lite {
				asked = oneWay
			}
			if d := g.when("failed", start); d < freshness-asked || d > freshness+oneWay+2*lookEvery {
				t.Errorf("failed after %v, want %v from the last answer", d, freshness)
			}
		})
	}
}

func TestWhoComesBackIsConnectedAgain(t *testing.T) {
	watched(t, false, func(t *testing.T, g *guest) {
		g.cable.cut.Store(true)
		pass(20 * time.Second)
		start := time.Now()
		g.cable.cut.Store(false)
		pass(10 * time.Second)
		if d := g.when("connected", start); d < 0 || d > time.Second {
			t.Errorf("connected again after %v", d)
		}
		if g.when("failed", start) >= 0 {
			t.Errorf("failed: %s", g.why)
		}
	})
}

// TestOurOwnSleepIsNobodysSilence stops the process for longer than any client may be silent.
func TestOurOwnSleepIsNobodysSilence(t *testing.T) {
	watched(t, false, func(t *testing.T, g *guest) {
		synctest.Wait() // a look that is under way would set the timer anew
		start, v := time.Now(), g.host.vigil
		v.mu.Lock()
		v.timer.Stop()
		v.mu.Unlock()
		g.cable.cut.Store(true)
		pass(silence + patience + 10*time.Second)
		g.cable.cut.Store(false)
		v.look()
		pass(10 * time.Second)
		if g.when("disconnected", start) >= 0 || g.when("failed", start) >= 0 {
			t.Errorf("%v: %s", g.said, g.why)
		}
	})
}

// TestNothingIsSentWithoutConsent has a client whose packets come while its answers do not.
func TestNothingIsSentWithoutConsent(t *testing.T) {
	watched(t, false, func(t *testing.T, g *guest) {
		pass(10 * time.Second)
		g.cable.mute.Store(true)
		start, before := time.Now(), g.cable.media.Load()
		pass(20 * time.Second)
		if n := g.cable.media.Load() - before; n < 190 || g.when("disconnected", start) >= 0 {
			t.Errorf("%d packets in 20 s: consent lasts 30", n)
		}
		pass(freshness - time.Since(start) + time.Second)
		if d := g.when("failed", start); d < 0 || !strings.Contains(g.why, "answered") {
			t.Errorf("failed after %v: %q", d, g.why)
		}
		media, checks := g.cable.media.Load(), g.cable.checks.Load()
		pass(20 * time.Second)
		if m, c := g.cable.media.Load()-media, g.cable.checks.Load()-checks; m+c > 0 {
			t.Errorf("%d packets and %d checks without consent", m, c)
		}
	})
}

// TestALiteAgentAsksNobody has an ICE-lite server, which goes by what it hears.
func TestALiteAgentAsksNobody(t *testing.T) {
	watched(t, true, func(t *testing.T, g *guest) {
		pass(time.Minute)
		if n := g.cable.checks.Load(); n > 0 || g.when("disconnected", time.Time{}) >= 0 || g.when("failed", time.Time{}) >= 0 {
			t.Errorf("asked %d times; %v", n, g.said)
		}
	})
}

// TestASilentPathIsLeft sends checks from another address, which move the path
// when nothing comes over it any more, and not while its client only answers.
func TestASilentPathIsLeft(t *testing.T) {
	watched(t, false, func(t *testing.T, g *guest) {
		other := lay(t, g.host)
		other.answers = g.offer.Pwd
		for _, quiet := range []bool{false, true} {
			g.quiet.Store(quiet)
			for start := time.Now(); time.Since(start) < 20*time.Second; pass(100 * time.Millisecond) {
				g.check(other, ice.AttrControlling(7), ice.PriorityAttr(worse))
			}
			if n := other.media.Load(); n > 0 {
				t.Fatalf("quiet: %v: %d packets to another address than the one in use", quiet, n)
			}
		}
		g.quiet.Store(false)
		pass(time.Second)
		g.cable.cut.Store(true)
		start := time.Now()
		for other.media.Load() == 0 && time.Since(start) < silence {
			g.check(other, ice.AttrControlling(7), ice.PriorityAttr(worse))
			pass(20 * time.Millisecond)
		}
		if d := time.Since(start); d < stale-oneWay || d > stale+oneWay+200*time.Millisecond {
			t.Errorf("followed after %v, want %v", d, stale)
		}
	})
}

// TestEverybodyIsLookedAt has more who never come than are looked at in one go;
// some of them are closed meanwhile, and all in the end, and others come after that.
func TestEverybodyIsLookedAt(t *testing.T) {
	watched(t, false, func(t *testing.T, g *guest) {
		for round := range 2 {
			start, conns := time.Now(), map[*Conn]*witness{}
			for n := range lookAtOnce + 20 {
				w := &witness{said: map[string]time.Time{}}
				c := g.host.Open(w, 0)
				if _, err := c.Answer(t.Context(), g.offer, map[string]negotiate.Use{"0": {Receive: true}}); err != nil {
					t.Fatal(err)
				}
				if n%10 == 0 {
					time.AfterFunc(time.Duration(n)*lookRest, func() { _ = c.Close() })
					continue
				}
				conns[c] = w
			}
			most := g.host.config.Silence + g.host.config.Patience
			pass(most + 2*time.Second)
			for c, w := range conns {
				if when := w.when("failed", start); when < most || when > most+lookEvery+10*lookRest {
					t.Errorf("round %d: one who never came was given up after %v, want %v", round, when, most)
				}
				if err := c.Close(); err != nil {
					t.Error(err)
				}
			}
		}
		if g.when("disconnected", time.Time{}) >= 0 {
			t.Error("who is there was missed")
		}
	})
}
