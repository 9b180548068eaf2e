package transport_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/dtls/v3/pkg/protocol"
	"github.com/pion/dtls/v3/pkg/protocol/handshake"
	"github.com/pion/ice/v4"
	"github.com/pion/stun/v4"

	"palabre/internal/catalogue"
	"palabre/sfu/negotiate"
	"palabre/sfu/transport"
	"palabre/sfu/transport/probe"
	"palabre/sfu/udp"
)

// record writes a DTLS record in the clear, or one that pretends not to be.
func record(kind byte, epoch uint16, number uint64, content ...byte) []byte {
	b := binary.BigEndian.AppendUint64([]byte{kind, 0xFE, 0xFD}, uint64(epoch)<<48|number)
	return append(binary.BigEndian.AppendUint16(b, uint16(len(content))), content...)
}

// nullHello is a ClientHello that offers no encryption at all.
func nullHello(t testing.TB) []byte {
	t.Helper()
	m := handshake.Handshake{Message: &handshake.MessageClientHello{
		Version: protocol.Version1_2, CipherSuiteIDs: []uint16{0x0001, 0x0002, 0x003B},
		CompressionMethods: []*protocol.CompressionMethod{{}},
	}}
	b, err := m.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return record(22, 0, 0, b...)
}

// forgeries is what ends or spoils a DTLS handshake, or a call, where it is believed.
func forgeries(t testing.TB) [][]byte {
	t.Helper()
	garbage := make([]byte, 60)
	for i := range garbage {
		garbage[i] = byte(rand.Uint32())
	}
	return [][]byte{
		nullHello(t),
		record(21, 0, 1, 1, 0), record(21, 0, 2, 2, 40), // close_notify, handshake_failure
		record(23, 0, 3, 'h', 'i'), record(60, 0, 4, garbage...), record(20, 0, 5, 1), record(20, 0, 6, 9),
		record(22, 0, 1<<47, append([]byte{11, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 60}, garbage...)...), // a piece of a certificate, and a number far ahead
		record(22, 0, 7, append([]byte{11, 0, 0, 60, 0, 1, 0, 0, 0, 0, 0, 60}, garbage...)...),    // a whole one
		record(22, 0, 8, append([]byte{16, 0, 0, 60, 3, 231, 0, 0, 0, 0, 0, 60}, garbage...)...),  // a message to come
		record(21, 1, 9, garbage...), record(22, 1, 1<<47, garbage...), record(23, 1, 10, garbage...),
	}
}

// ported is a host as the server runs it: a goroutine for each socket, where
// the system can do that.
func ported(t testing.TB) *transport.Host {
	t.Helper()
	return portedWith(t, nil)
}

func portedWith(t testing.TB, change func(*transport.Config)) *transport.Host {
	t.Helper()
	sockets, err := udp.Listen(netip.MustParseAddrPort("127.0.0.1:0"), 2)
	if err != nil {
		return newHost(t, change)
	}
	for _, s := range sockets {
		_ = s.Conn().SetReadBuffer(4 << 20) // as the server does
	}
	c := transport.Config{Sockets: sockets}
	if change != nil {
		change(&c)
	}
	h, err := transport.NewHost(c)
	if err != nil {
		t.Fatal(err)
	}
	var reading sync.WaitGroup
	for _, p := range h.Ports() {
		reading.Go(func() {
			for {
				now, err := p.Wait(time.Time{})
				if err != nil {
					return
				}
				p.Take(now)
				p.Flush()
			}
		})
	}
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
		reading.Wait()
	})
	return h
}

// visit is one join and what became of it.
type visit struct {
	took time.Duration
	err  error
}

// attend connects a client, sends a packet through, and leaves.
func attend(t *testing.T, h *transport.Host, onPath func(*probe.Client)) (v visit) {
	t.Helper()
	client, err := probe.New(ice.NetworkTypeUDP4)
	if err != nil {
		return visit{err: err}
	}
	listener := &ear{}
	conn := h.Open(listener, 0)
	defer func() {
		v.err = errors.Join(v.err, conn.Close())
		client.Close()
	}()
	if onPath != nil {
		client.OnPath = func() { onPath(client) }
	}
	ctx, cancel := context.WithTimeout(t.Context(), wait)
	defer cancel()
	start := time.Now()
	answer, err := conn.Answer(ctx, offer(t, client), map[string]negotiate.Use{"0": {Receive: true}})
	if err == nil {
		err = client.Dial(ctx, answer)
	}
	if err != nil {
		return visit{err: err}
	}
	took := time.Since(start)
	for n := uint16(0); listener.count() == 0; n++ { // the first may be faster than the server's own end of the handshake
		if err := client.Write(client.SealRTP(rtp(n, 7))); err != nil || ctx.Err() != nil || listener.heard("failed") {
			return visit{err: fmt.Errorf("no packet passes: %w", errors.Join(err, ctx.Err()))}
		}
		<-time.NewTimer(2 * time.Millisecond).C
	}
	return visit{took: took}
}

// joining has n clients attend, four at a time, and gives the median time and how many did.
func joining(t *testing.T, h *transport.Host, n int, onPath func(*probe.Client)) (took []time.Duration, failed []error) {
	t.Helper()
	var mu sync.Mutex
	var all sync.WaitGroup
	var next atomic.Int64
	for range 4 {
		all.Go(func() {
			for next.Add(1) <= int64(n) {
				v := attend(t, h, onPath)
				mu.Lock()
				if took = append(took, v.took); v.err != nil {
					failed = append(failed, v.err)
				}
				mu.Unlock()
			}
		})
	}
	all.Wait()
	return took, failed
}

func median(d []time.Duration) time.Duration {
	slices.Sort(d)
	return d[len(d)/2]
}

// spray does send about rate times a second until stop is called, which gives how often it did.
func spray(rate int, send func(n int)) (stop func() int) {
	end := make(chan struct{})
	var all sync.WaitGroup
	n := 0
	all.Go(func() {
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for start := time.Now(); ; {
			select {
			case <-end:
				return
			case <-tick.C:
			}
			// A busy machine wakes us late: what is due is sent then, up to a bound.
			for due := min(int(time.Since(start).Seconds()*float64(rate)), n+rate/100); n < due; n++ {
				send(n)
			}
		}
	})
	return func() int {
		close(end)
		all.Wait()
		return n
	}
}

// strangers are sockets nobody knows, which count what comes back.
type strangers struct {
	sockets []net.Conn
	back    atomic.Int64
	out     atomic.Int64
	reading sync.WaitGroup
}

func newStrangers(t *testing.T, to string, n int) *strangers {
	t.Helper()
	s := &strangers{}
	for range n {
		c, err := net.Dial("udp4", to)
		if err != nil {
			t.Fatal(err)
		}
		s.sockets = append(s.sockets, c)
		s.reading.Go(func() {
			for b := make([]byte, 2000); ; {
				n, err := c.Read(b)
				if err != nil {
					return
				}
				s.back.Add(int64(n))
			}
		})
	}
	t.Cleanup(s.close)
	return s
}

func (s *strangers) send(n int, datagram []byte) {
	_, _ = s.sockets[n%len(s.sockets)].Write(datagram)
	s.out.Add(int64(len(datagram)))
}

func (s *strangers) close() {
	for _, c := range s.sockets {
		_ = c.Close()
	}
	s.reading.Wait()
}

// call is a connection that was there before the attack.
type call struct {
	client   *probe.Client
	listener *ear
	sent     uint16
}

func calls(t *testing.T, h *transport.Host, n int) (all []*call) {
	t.Helper()
	for range n {
		_, client, listener := dial(t, h, ice.NetworkTypeUDP4)
		all = append(all, &call{client: client, listener: listener})
	}
	return all
}

// goesOn sends packets until ten more have passed, and says whether the
// connection never so much as stumbled.
func (c *call) goesOn(t *testing.T) bool {
	t.Helper()
	before := c.listener.count()
	until(t, "packets of a call to pass", func() bool {
		if err := c.client.Write(c.client.SealRTP(rtp(c.sent, 7))); err != nil {
			t.Fatal(err)
		}
		c.sent++
		return c.listener.count() >= before+10
	})
	return !c.listener.heard("failed") && !c.listener.heard("disconnected")
}

func unharmed(t *testing.T, all []*call) bool {
	t.Helper()
	ok := true
	for _, c := range all {
		ok = c.goesOn(t) && ok
	}
	return ok
}

// rounds of joins with and without an attack take turns, so that what else the
// machine does weighs on both alike.
const (
	rounds   = 5
	attacked = 40 // joins of a round under attack
	calm     = 16
)

// slower says whether joins under attack took more than 50 ms longer; on a
// machine that is busy already, half as long again.
func slower(calm, attacked time.Duration) bool {
	return attacked > calm+max(50*time.Millisecond, calm/2)
}

func TestP01_ClientHellosOfStrangers(t *testing.T) {
	h := ported(t)
	to, _ := ports(t, h)
	standing := calls(t, h, 3)
	foreign, hello := newStrangers(t, to, 8), nullHello(t)
	var before, during []time.Duration
	var failed []error
	sent := 0
	var spent time.Duration
	for range rounds {
		took, errs := joining(t, h, calm, nil)
		before, failed = append(before, took...), append(failed, errs...)
		start, stop := time.Now(), spray(1000, func(n int) { foreign.send(n, hello) })
		took, errs = joining(t, h, attacked, nil)
		sent, spent = sent+stop(), spent+time.Since(start)
		during, failed = append(during, took...), append(failed, errs...)
	}
	ok := unharmed(t, standing)
	catalogue.Report(t, catalogue.Item{
		ID: "P1", Injected: fmt.Sprintf("%d ClientHellos with null ciphers from foreign addresses, %.0f a second, during %d joins", sent, float64(sent)/spent.Seconds(), len(during)),
		Measured: fmt.Sprintf("%d joins failed, median %v (%v without), %d bytes answered, standing calls unharmed: %v", len(failed), median(during).Round(time.Millisecond/10), median(before).Round(time.Millisecond/10), foreign.back.Load(), ok),
		Bar:      "all join, at most 50 ms later (half as long again on a busy machine), nothing answered",
		Pass:     len(failed) == 0 && !slower(median(before), median(during)) && foreign.back.Load() == 0 && ok,
	})
	for _, err := range failed {
		t.Log(err)
	}
}

// TestP02_ForgedAddress writes what an attacker who forges a client's address
// would: through the client's own path, which looks the same to the server.
func TestP02_ForgedAddress(t *testing.T) {
	lies := forgeries(t)
	var sent atomic.Int64
	var attacks sync.WaitGroup
	attack := func(c *probe.Client) {
		for _, lie := range lies { // before the client has said a word
			_ = c.Write(lie)
		}
		sent.Add(int64(len(lies)))
		end := spray(1000, func(n int) { _ = c.Write(lies[n%len(lies)]) })
		attacks.Go(func() {
			<-time.NewTimer(300 * time.Millisecond).C
			sent.Add(int64(end()))
		})
	}
	var took []time.Duration
	var failed []error
	ok := true
	for _, h := range []*transport.Host{ported(t), newHost(t, nil)} { // by our ports, and by Pion's agents
		standing := calls(t, h, 3)
		joined, errs := joining(t, h, rounds*attacked/2, attack)
		attacks.Wait()
		for i := range 3000 {
			_ = standing[i%len(standing)].client.Write(lies[i/len(standing)%len(lies)])
			if sent.Add(1); i%100 == 99 {
				<-time.NewTimer(2 * time.Millisecond).C
			}
		}
		ok = unharmed(t, standing) && ok
		took, failed = append(took, joined...), append(failed, errs...)
	}
	catalogue.Report(t, catalogue.Item{
		ID: "P2", Injected: fmt.Sprintf("from each joining client's own address, before and during its handshake, and from standing calls': %d ClientHellos with null ciphers, alerts in the clear, broken certificates and keys, numbers far ahead", sent.Load()),
		Measured: fmt.Sprintf("%d of %d joins failed, median %v; standing calls unharmed: %v", len(failed), len(took), median(took).Round(time.Millisecond/10), ok),
		Bar:      "≥ 99 % join, no standing call ended", Pass: len(failed)*100 <= len(took) && ok,
	})
	for _, err := range failed {
		t.Log(err)
	}
}

// resident is the memory the process occupies, in bytes, once what is free was given back.
func resident(t *testing.T) int64 {
	t.Helper()
	debug.FreeOSMemory()
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Skip("the occupied memory can only be read on Linux")
	}
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) == 3 && f[0] == "VmRSS:" {
			kb, _ := strconv.ParseInt(f[1], 10, 64)
			return kb << 10
		}
	}
	t.Fatal("no VmRSS")
	return 0
}

func TestP03_BindingFlood(t *testing.T) {
	h := ported(t)
	to, _ := ports(t, h)
	standing := calls(t, h, 3)
	foreign := newStrangers(t, to, 8)
	checks := make([][]byte, 1000)
	for i := range checks {
		checks[i] = check("user" + strconv.Itoa(i))
	}
	const span = 3 * time.Second
	flood := func(d time.Duration) (sent int, ok bool) {
		start, stop := time.Now(), spray(20_000, func(n int) { foreign.send(n, checks[n%len(checks)]) })
		for ok = true; time.Since(start) < d; {
			ok = unharmed(t, standing) && ok
		}
		return stop(), ok
	}
	_, _ = flood(span / 3) // pools fill
	before, start := resident(t), time.Now()
	sent, ok := flood(span)
	rate, growth := float64(sent)/time.Since(start).Seconds(), resident(t)-before
	catalogue.Report(t, catalogue.Item{
		ID: "P3", Injected: fmt.Sprintf("%d connectivity checks for users that do not exist, %.0f a second", sent, rate),
		Measured: fmt.Sprintf("%d bytes out for %d in, occupied memory %+.1f MB, standing calls unharmed: %v", foreign.back.Load(), foreign.out.Load(), float64(growth)/(1<<20), ok),
		Bar:      "bytes out ≤ bytes in, memory +10 MB at most, calls go on", Pass: foreign.back.Load() == 0 && growth <= 10<<20 && ok,
	})
}

func TestP04_WrongIntegrity(t *testing.T) {
	h := ported(t)
	to, _ := ports(t, h)
	client, err := probe.New(ice.NetworkTypeUDP4)
	if err != nil {
		t.Fatal(err)
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
	described := offer(t, client)
	answer, err := conn.Answer(ctx, described, map[string]negotiate.Use{"0": {Receive: true}})
	if err != nil {
		t.Fatal(err)
	}
	user := stun.NewUsername(probe.Attribute(answer, "ice-ufrag") + ":" + described.Ufrag)
	foreign := newStrangers(t, to, 8)
	attack := func() {
		for n := range 2000 {
			set := []stun.Setter{stun.BindingRequest, stun.TransactionID, user, ice.PriorityAttr(1<<31 - 1), ice.AttrControlling(1 << 62), ice.UseCandidate()}
			switch n % 4 {
			case 0:
				set = append(set, stun.NewShortTermIntegrity("not the password"), stun.Fingerprint)
			case 1:
				set = append(set, stun.NewShortTermIntegrity(described.Pwd), stun.Fingerprint) // the other side's
			case 2:
				set = append(set, stun.RawAttribute{Type: stun.AttrMessageIntegrity, Value: make([]byte, 20)}, stun.Fingerprint)
			case 3:
				set = append(set, stun.Fingerprint) // none
			}
			m, err := stun.Build(set...)
			if err != nil {
				t.Fatal(err)
			}
			if foreign.send(n, m.Raw); n%50 == 49 {
				<-time.NewTimer(time.Millisecond).C
			}
		}
	}
	attack() // before the client has come
	if err := client.Dial(ctx, answer); err != nil {
		t.Fatal(err)
	}
	until(t, "the server to be connected", func() bool { return listener.heard("connected") })
	c := &call{client: client, listener: listener}
	ok := c.goesOn(t)
	attack()
	ok = c.goesOn(t) && ok
	// An agent checks every address it takes for a candidate: whatever comes back is one too many.
	catalogue.Report(t, catalogue.Item{
		ID: "P4", Injected: "4000 checks from foreign addresses for a user that exists, before and after it connected, with a wrong, the other side's, an empty and no MESSAGE-INTEGRITY",
		Measured: fmt.Sprintf("%d bytes to foreign addresses: no answer, and no check of a new candidate; the call goes on: %v", foreign.back.Load(), ok),
		Bar:      "dropped, no peer-reflexive candidate", Pass: foreign.back.Load() == 0 && ok,
	})
}
