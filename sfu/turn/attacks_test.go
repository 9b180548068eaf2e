package turn_test

import (
	"fmt"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/pion/stun/v4"

	"palabre/internal/catalogue"
	"palabre/sfu/turn"
)

// forbidden has an address of every range that is nobody's business: special
// purpose (IANA), private, metadata services, and IPv4 in IPv6's clothes.
func forbidden() (v4, v6 []netip.Addr) {
	for _, text := range []string{
		"0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "127.0.0.1", "127.255.255.254", "169.254.169.254", "172.16.0.1", "192.0.0.1",
		"192.0.2.1", "192.88.99.1", "192.168.0.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1",
		"255.255.255.255", "8.8.8.8", "192.0.0.8", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:10.0.0.1",
	} {
		v4 = append(v4, netip.MustParseAddr(text))
	}
	for _, text := range []string{
		"::", "::1", "::127.0.0.1", "::7f00:1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::7f00:1", "100::1", "2001::1", "2001:db8::1",
		"2002:7f00:1::", "2002:a9fe:a9fe::1", "3fff::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fec0::1", "ff02::1", "2606:4700::1111", "100::8",
	} {
		v6 = append(v6, netip.MustParseAddr(text))
	}
	return v4, v6
}

// TestP13_TURNReachesNobodyElse asks for a way to every range, and to other
// ports of our own address, where somebody listens.
func TestP13_TURNReachesNobodyElse(t *testing.T) {
	far := start(t, nil, netip.MustParseAddr("203.0.113.77"), netip.MustParseAddr("2001:db8:7::77"))
	near := start(t, nil) // its media port is on loopback
	canary, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = canary.Close() }()
	port := canary.LocalAddr().(*net.UDPAddr).AddrPort().Port()

	asked, refused := 0, 0
	v4, v6 := forbidden()
	for _, side := range []struct {
		v6    bool
		addrs []netip.Addr
	}{{false, v4}, {true, v6}} {
		a := far.dial(far.Grant())
		if code := a.allocate(side.v6); code != 0 {
			t.Fatalf("allocate: %d", code)
		}
		for i, addr := range side.addrs {
			to := netip.AddrPortFrom(addr, port)
			for what, code := range map[string]int{
				"CreatePermission": a.ask(stun.MethodCreatePermission, peer(to)),
				"ChannelBind":      a.ask(stun.MethodChannelBind, peer(to), channel(uint16(0x4000+i))),
			} {
				if asked++; code == 403 {
					refused++
				} else {
					t.Errorf("%s to %v: %d", what, addr, code)
				}
			}
			a.indicate(to, []byte("let me out"))
		}
	}
	a := near.dial(near.Grant())
	a.allocate(false)
	own := netip.AddrPortFrom(near.media.Addr(), port) // our address, another's port
	a.ask(stun.MethodCreatePermission, peer(own))
	a.ask(stun.MethodChannelBind, peer(own), channel(0x4001))
	a.indicate(own, []byte("let me out"))
	_, _ = a.conn.Write([]byte{0x40, 0x01, 0, 4, 'o', 'u', 't', '!'})
	a.ask(stun.MethodRefresh) // answered after all of it was handled

	_ = canary.SetReadDeadline(time.Now().Add(300 * time.Millisecond))
	left := 0
	if n, _, err := canary.ReadFrom(make([]byte, 100)); err == nil {
		left = 1
		t.Errorf("%d bytes left the server", n)
	}
	catalogue.Report(t, catalogue.Item{
		ID: "P13", Injected: fmt.Sprintf("TURN to %d addresses of all special ranges, and to another port of our own", len(v4)+len(v6)),
		Measured: fmt.Sprintf("%d of %d requests 403, %d packets left", refused, asked, left), Bar: "all 403, 0 packets leave",
		Pass: refused == asked && left == 0,
	})
}

// TestP14_TURNCredentials tries what somebody else's credential, an old one and
// a good one are good for.
func TestP14_TURNCredentials(t *testing.T) {
	const tries, beside, most = 1000, 50, 8
	r := start(t, func(c *turn.Config) { c.Silent = time.Hour })
	good := r.Grant()
	codes := map[int]int{}
	var mu sync.Mutex
	var work sync.WaitGroup
	kept := make([][]*asker, beside)
	for lane := range beside {
		var askers []*asker
		for range tries / beside {
			askers = append(askers, r.dial(good))
		}
		kept[lane] = askers
		work.Go(func() {
			for _, a := range askers {
				code := a.allocate(false)
				mu.Lock()
				codes[code]++
				mu.Unlock()
				if code != 0 {
					_ = a.conn.Close()
				}
			}
		})
		if lane%20 == 19 {
			work.Wait() // one address may hold 512 connections
		}
	}
	work.Wait()
	if held := r.value("open", "allocations"); held != most {
		t.Errorf("%v allocations held", held)
	}

	forged := good
	forged.Password = r.Grant().Password
	others := r.dial(forged).allocate(false)
	unknown := r.dial(start(t, nil).Grant()).allocate(false)
	good.Revoke()
	until(t, "what was relayed to end", func() bool { return r.value("open", "allocations") == 0 })
	after := r.dial(good).allocate(false)

	brief := start(t, func(c *turn.Config) { c.Lifetime = time.Nanosecond })
	old := brief.Grant()
	expired := 0
	until(t, "a credential to expire", func() bool { expired = brief.dial(old).allocate(false); return expired == 401 })

	catalogue.Report(t, catalogue.Item{
		ID: "P14", Injected: fmt.Sprintf("%d allocations with one credential; another's password, another server's, after leaving, expired", tries),
		Measured: fmt.Sprintf("%d made, %d answered 486; then %d, %d, %d, %d", codes[0], codes[486], others, unknown, after, expired),
		Bar:      fmt.Sprintf("≤ %d made, others 486; 401 each", most),
		Pass:     codes[0] <= most && codes[0]+codes[486] == tries && others == 401 && unknown == 401 && after == 401 && expired == 401,
	})
}

// TestP15_TURNStrangersAreShownOut holds connections open without a word, and
// with one byte at a time.
func TestP15_TURNStrangersAreShownOut(t *testing.T) {
	const idlers, limit = 5000, 2 * time.Second
	r := start(t, func(c *turn.Config) { c.Slow = limit })
	var open []net.Conn
	for i := range idlers {
		from := &net.TCPAddr{IP: net.IPv4(127, 0, 1, byte(1+i%10))}
		c, err := (&net.Dialer{LocalAddr: from}).Dial("tcp4", r.address)
		if err != nil {
			t.Fatalf("after %d connections: %v", i, err)
		}
		defer func() { _ = c.Close() }()
		open = append(open, c)
	}
	most := r.value("open", "connections")
	var drips sync.WaitGroup
	stop := make(chan struct{})
	slow := make([]net.Conn, 50)
	for i := range slow {
		c, err := (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 2, 1)}}).Dial("tcp4", r.address)
		if err != nil {
			t.Fatal(err)
		}
		slow[i] = c
		drips.Go(func() { drip(c, stop) })
	}
	begin := time.Now()
	for _, c := range append(open, slow...) {
		if !over(c, begin.Add(10*time.Second)) {
			t.Fatalf("%v: still open after 10 s", c.LocalAddr())
		}
	}
	took := time.Since(begin)
	close(stop)
	drips.Wait()
	until(t, "nobody to be inside", func() bool { return r.value("open", "connections") == 0 })
	if code := r.dial(r.Grant()).allocate(false); code != 0 {
		t.Errorf("a client after them gets %d", code)
	}
	catalogue.Report(t, catalogue.Item{
		ID: "P15", Injected: fmt.Sprintf("%d idle TURN connections and %d that send a byte at a time; limit %v instead of 8 s", idlers, len(slow), limit),
		Measured: fmt.Sprintf("at most %.0f open at once, all closed %.1f s later", most, took.Seconds()), Bar: "bounded at 4096, closed ≤ 10 s",
		Pass: most <= 4096 && took <= 10*time.Second,
	})
}

// drip sends the beginning of a message that never ends, a byte at a time.
func drip(c net.Conn, stop chan struct{}) {
	defer func() { _ = c.Close() }()
	message := append([]byte{0, 3, 4, 0, 0x21, 0x12, 0xA4, 0x42}, make([]byte, 1000)...)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for i := range message {
		if _, err := c.Write(message[i : i+1]); err != nil {
			return
		}
		select {
		case <-tick.C:
		case <-stop:
			return
		}
	}
}
