package cheap

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/srtp/v3"
	"github.com/pion/stun/v4"

	"palabre/client"
	"palabre/signaling/protocol"
)

const (
	soundSSRC, pictureSSRC, repairSSRC = 10, 20, 21
	profile                            = srtp.ProtectionProfileAeadAes128Gcm
)

// notebook is a line that writes down what came.
type notebook struct {
	mu       sync.Mutex
	numbers  []uint16
	arrivals []time.Time
	steps    int
	payloads []string
	failures int
	needsKey bool
	open     bool
}

func (n *notebook) Packet(p *Packet) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.numbers, n.arrivals = append(n.numbers, p.Number), append(n.arrivals, p.At)
	n.steps += p.Step
	if n.open {
		payload, err := p.Open()
		if err != nil {
			n.failures++
		} else {
			n.payloads = append(n.payloads, string(payload))
		}
	}
	return n.needsKey
}

func (n *notebook) count() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.numbers)
}

func (n *notebook) behave(open, needsKey bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.open, n.needsKey = open, needsKey
}

// farEnd is a server's media: a socket and the other half of the keys.
type farEnd struct {
	t          *testing.T
	subscriber *Subscriber
	socket     *net.UDPConn
	to         netip.AddrPort
	seal, open *srtp.Context
	pictures   *notebook
	sounds     *notebook
}

func keyed(t *testing.T, b byte) *srtp.Context {
	t.Helper()
	c, err := srtp.CreateContext(slices.Repeat([]byte{b}, 16), slices.Repeat([]byte{b + 1}, 12), profile)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// connected makes a subscriber whose media path stands, without signalling, and
// looks at its socket all the time.
func connected(t *testing.T, arrivals bool) *farEnd {
	t.Helper()
	f := unwatched(t, arrivals)
	done := make(chan struct{})
	var looking sync.WaitGroup
	looking.Go(func() {
		ticker := time.NewTicker(time.Millisecond)
		defer ticker.Stop()
		for batch := newBatch(); ; {
			select {
			case <-done:
				return
			case <-ticker.C:
				f.subscriber.look(batch)
			}
		}
	})
	t.Cleanup(func() { close(done); looking.Wait() })
	return f
}

// unwatched is the same without anybody who looks.
func unwatched(t *testing.T, arrivals bool) *farEnd {
	t.Helper()
	far, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	f := &farEnd{t: t, socket: far, seal: keyed(t, 1), open: keyed(t, 5), pictures: &notebook{}, sounds: &notebook{}}
	crowd, err := New(Config{Receive: client.Receive{Seats: 1}, Arrivals: arrivals})
	if err != nil {
		t.Fatal(err)
	}
	s := &Subscriber{crowd: crowd, path: newPath(), bySSRC: map[uint32]*stream{}, nextPing: time.Now().Add(time.Hour)}
	if s.socket, err = crowd.openSocket("udp4"); err != nil {
		t.Fatal(err)
	}
	s.packet.subscriber = s
	s.watch = func(_ protocol.SeatKind, _ int, video bool) Line {
		if video {
			return f.pictures
		}
		return f.sounds
	}
	port := s.socket.conn.LocalAddr().(*net.UDPAddr).AddrPort().Port()
	f.subscriber, f.to = s, netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), port)
	s.path.to = f.socket.LocalAddr().(*net.UDPAddr).AddrPort()
	s.path.nextConsent = time.Now().Add(consentEvery)
	a := answer{remote: credentials{"far", "0123456789012345678901"}, media: map[uint32]int{soundSSRC: 0, pictureSSRC: 1}, repairs: map[uint32]int{repairSSRC: 1}, arrivals: arrivalsID}
	s.take(a)
	s.running.Go(s.read)
	s.open(&keys{local: keyed(t, 5), remote: keyed(t, 1)})
	if err := s.socket.detach(&s.mu); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.socket.stop()
		s.running.Wait()
		s.socket.close()
		crowd.Close()
		_ = f.socket.Close()
	})
	return f
}

// send sends one sealed packet whose transport-wide number is its own.
func (f *farEnd) send(ssrc uint32, number uint16, payload string) {
	f.t.Helper()
	p := rtp.Packet{Header: rtp.Header{Version: 2, PayloadType: vp8, SSRC: ssrc, SequenceNumber: number}, Payload: []byte(payload)}
	if err := p.SetExtension(arrivalsID, []byte{byte(number >> 8), byte(number)}); err != nil {
		f.t.Fatal(err)
	}
	raw, err := p.Marshal()
	if err != nil {
		f.t.Fatal(err)
	}
	sealed, err := f.seal.EncryptRTP(nil, raw, nil)
	if err != nil {
		f.t.Fatal(err)
	}
	f.write(sealed)
}

func (f *farEnd) write(b []byte) {
	f.t.Helper()
	if _, err := f.socket.WriteToUDPAddrPort(b, f.to); err != nil {
		f.t.Fatal(err)
	}
}

// next reads one datagram of the subscriber's.
func (f *farEnd) next() []byte {
	f.t.Helper()
	buffer := make([]byte, maxPacket)
	_ = f.socket.SetReadDeadline(time.Now().Add(patience))
	n, err := f.socket.Read(buffer)
	if err != nil {
		f.t.Fatal(err)
	}
	return buffer[:n]
}

// control reads until the subscriber's RTCP holds a packet of type P.
func control[P rtcp.Packet](f *farEnd) P {
	f.t.Helper()
	for {
		raw := f.next()
		if raw[0] < 128 {
			continue
		}
		plain, err := f.open.DecryptRTCP(nil, raw, nil)
		if err != nil {
			f.t.Fatal(err)
		}
		packets, err := rtcp.Unmarshal(plain)
		if err != nil {
			f.t.Fatal(err)
		}
		for _, p := range packets {
			if p, ok := p.(P); ok {
				return p
			}
		}
	}
}

func TestHeadersAreCountedAndSomePacketsOpened(t *testing.T) {
	f := connected(t, false)
	f.pictures.behave(true, false)
	for _, n := range []uint16{65534, 65535, 0, 2, 1, 1} {
		f.send(pictureSSRC, n, "picture")
		f.send(soundSSRC, n, "sound")
	}
	f.send(repairSSRC, 5, "again")
	until(t, "the last packet", func() bool { return f.subscriber.Extra() == 1 })
	want := []uint16{65534, 65535, 0, 2, 1, 1}
	if !slices.Equal(f.pictures.numbers, want) || !slices.Equal(f.sounds.numbers, want) {
		t.Errorf("pictures %v, sounds %v; want %v", f.pictures.numbers, f.sounds.numbers, want)
	}
	if len(f.pictures.payloads) != 6 || f.pictures.payloads[0] != "picture" || len(f.sounds.payloads) != 0 {
		t.Errorf("opened %q and %q", f.pictures.payloads, f.sounds.payloads)
	}
}

func TestForgedPacketDoesNotOpen(t *testing.T) {
	f := connected(t, false)
	f.pictures.behave(true, false)
	f.seal = keyed(t, 9)
	f.send(pictureSSRC, 1, "forged")
	until(t, "the packet", func() bool { return f.pictures.count() == 1 })
	if f.pictures.failures != 1 {
		t.Error("a packet sealed with other keys was opened")
	}
}

// TestReceiverReportsTellTheLoss drops every tenth packet.
func TestReceiverReportsTellTheLoss(t *testing.T) {
	f := connected(t, false)
	sent := 0
	for n := range uint16(1000) {
		if n%10 != 5 {
			f.send(pictureSSRC, 65000+n, "picture")
			sent++
		}
	}
	until(t, "all packets", func() bool { return f.pictures.count() == sent })
	f.subscriber.attend(time.Now().Add(2 * reportEvery))
	r := control[*rtcp.ReceiverReport](f)
	if len(r.Reports) != 1 {
		t.Fatalf("%d reports", len(r.Reports))
	}
	if b := r.Reports[0]; b.SSRC != pictureSSRC || b.TotalLost != 100 || b.FractionLost != 25 || b.LastSequenceNumber != 65999 {
		t.Errorf("reported %+v", b)
	}
}

func TestSenderReportsAreAnswered(t *testing.T) {
	f := connected(t, false)
	raw, err := (&rtcp.SenderReport{SSRC: pictureSSRC, NTPTime: 0x1111_2222_3333_4444}).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := f.seal.EncryptRTCP(nil, raw, nil)
	if err != nil {
		t.Fatal(err)
	}
	f.write(sealed)
	f.send(pictureSSRC, 1, "picture")
	until(t, "the packet", func() bool { return f.pictures.count() == 1 })
	f.subscriber.attend(time.Now().Add(2 * time.Second))
	b := control[*rtcp.ReceiverReport](f).Reports[0]
	if b.LastSenderReport != 0x2222_3333 || b.Delay < 65536 || b.Delay > 65536*uint32(2+patience.Seconds()) {
		t.Errorf("answered report %x after %d/65536 s", b.LastSenderReport, b.Delay)
	}
}

func TestArrivalsAreReported(t *testing.T) {
	f := connected(t, true)
	for _, n := range []uint16{100, 101, 103} {
		f.send(soundSSRC, n, "sound")
	}
	until(t, "all packets", func() bool { return f.sounds.count() == 3 })
	f.subscriber.attend(time.Now())
	r := control[*rtcp.TransportLayerCC](f)
	if r.BaseSequenceNumber != 100 || r.PacketStatusCount != 4 || len(r.RecvDeltas) != 3 {
		t.Errorf("reported %+v", r)
	}
}

func TestKeyFrameIsAskedForUntilItCame(t *testing.T) {
	f := connected(t, false)
	f.pictures.behave(false, true)
	f.send(pictureSSRC, 1, "delta")
	until(t, "the packet", func() bool { return f.pictures.count() == 1 })
	for i := range 3 {
		f.subscriber.attend(time.Now().Add(firstAsk + 2*time.Duration(i)*nextAsk))
		if p := control[*rtcp.PictureLossIndication](f); p.MediaSSRC != pictureSSRC {
			t.Errorf("asked for a key frame of %d", p.MediaSSRC)
		}
	}
}

func TestConsentIsGivenAndAskedFor(t *testing.T) {
	f := connected(t, false)
	p := &f.subscriber.path
	check, err := stun.Build(stun.BindingRequest, stun.TransactionID, stun.NewUsername(p.own.ufrag+":far"),
		ice.AttrControlled(1), ice.PriorityAttr(1), stun.NewShortTermIntegrity(p.own.pwd), stun.Fingerprint)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 * maxTransactions { // longer than any server's patience
		f.write(check.Raw)
		reply := &stun.Message{Raw: f.next()}
		if err := reply.Decode(); err != nil || reply.Type != stun.BindingSuccess || reply.TransactionID != check.TransactionID {
			t.Fatalf("answered %v (%v)", reply, err)
		}
		if err := stun.NewShortTermIntegrity(p.own.pwd).Check(reply); err != nil {
			t.Fatal(err)
		}
	}
	now := time.Now()
	for i := range 3 {
		f.subscriber.attend(now.Add(time.Duration(i+1) * 2 * consentEvery))
		m := &stun.Message{Raw: f.next()}
		if err := m.Decode(); err != nil || m.Type != stun.BindingRequest {
			t.Fatalf("sent %v (%v) instead of a check", m, err)
		}
		if err := stun.NewShortTermIntegrity(p.remote.pwd).Check(m); err != nil {
			t.Fatal(err)
		}
	}
}

func TestStrangersChecksAreNotAnswered(t *testing.T) {
	f := connected(t, false)
	for _, pwd := range []string{"wrong password of a stranger", f.subscriber.path.own.pwd} {
		check, err := stun.Build(stun.BindingRequest, stun.TransactionID, stun.NewShortTermIntegrity(pwd), stun.Fingerprint)
		if err != nil {
			t.Fatal(err)
		}
		f.write(check.Raw)
	}
	reply := &stun.Message{Raw: f.next()}
	if err := reply.Decode(); err != nil || stun.NewShortTermIntegrity(f.subscriber.path.own.pwd).Check(reply) != nil {
		t.Fatalf("answered %v (%v)", reply, err)
	}
	_ = f.socket.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
	if n, err := f.socket.Read(make([]byte, maxPacket)); err == nil {
		t.Errorf("%d bytes more came: the stranger was answered", n)
	}
}

func TestHandshakeWithASilentServerEnds(t *testing.T) {
	f := connected(t, false)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	ended := make(chan error, 1)
	go func() {
		_, err := f.subscriber.handshake(ctx, "")
		ended <- err
	}()
	select {
	case err := <-ended:
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("ended with %v", err)
		}
	case <-time.After(patience):
		t.Fatal("the handshake goes on without its context")
	}
}
