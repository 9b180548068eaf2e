package turn_test

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/pion/stun/v4"
	pion "github.com/pion/turn/v5"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"palabre/sfu/transport"
	"palabre/sfu/turn"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// wait is how long a test waits for anything.
const wait = 20 * time.Second

func until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(wait); !ok(); {
		if time.Now().After(deadline) {
			t.Fatalf("waited %v for %s", wait, what)
		}
		<-time.NewTimer(5 * time.Millisecond).C
	}
}

// relay is a server with its media port, on loopback.
type relay struct {
	*turn.Server
	t        testing.TB
	host     *transport.Host
	address  string // of TURN
	media    netip.AddrPort
	registry *prometheus.Registry
}

// start serves TURN over plain TCP. addrs are what the media port says its
// addresses are; none for the one it has.
func start(t testing.TB, change func(*turn.Config), addrs ...netip.Addr) *relay {
	t.Helper()
	udp, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	host, err := transport.NewHost(transport.Config{UDP: udp, Addrs: addrs})
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{t: t, host: host, media: host.MediaAddrs()[0], registry: prometheus.NewRegistry()}
	config := turn.Config{Media: host, Metrics: r.registry}
	if change != nil {
		change(&config)
	}
	if r.Server, err = turn.New(config); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r.address = l.Addr().String()
	done := make(chan error, 1)
	go func() { done <- r.Serve(l) }()
	t.Cleanup(func() {
		err := errors.Join(l.Close(), <-done, r.Close(), host.Close())
		if err != nil {
			t.Error(err)
		}
	})
	return r
}

// value reads a metric; labels must match in full.
func (r *relay) value(name, label string) float64 {
	r.t.Helper()
	families, err := r.registry.Gather()
	if err != nil {
		r.t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == "palabre_turn_"+name && (len(m.GetLabel()) == 0 || m.GetLabel()[0].GetValue() == label) {
				return m.GetGauge().GetValue() + m.GetCounter().GetValue()
			}
		}
	}
	r.t.Fatalf("no metric %s %s", name, label)
	return 0
}

// asker is a TURN client with bare hands.
type asker struct {
	t        testing.TB
	conn     net.Conn
	in       *bufio.Reader
	username string
	key      stun.MessageIntegrity
	nonce    stun.Nonce
}

func (r *relay) dial(c turn.Credential) *asker {
	r.t.Helper()
	conn, err := net.Dial("tcp4", r.address)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { _ = conn.Close() })
	return &asker{t: r.t, conn: conn, in: bufio.NewReader(conn), username: c.Username, key: pion.GenerateAuthKey(c.Username, "palabre", c.Password)}
}

// ask makes a request and gives the error code of the answer, 0 for success.
// It has itself challenged first where it must.
func (a *asker) ask(method stun.Method, attributes ...stun.Setter) int {
	a.t.Helper()
	for {
		setters := append([]stun.Setter{stun.TransactionID, stun.NewType(method, stun.ClassRequest)}, attributes...)
		if len(a.nonce) > 0 {
			setters = append(setters, stun.NewUsername(a.username), stun.NewRealm("palabre"), a.nonce, a.key)
		}
		m, err := stun.Build(setters...)
		if err != nil {
			a.t.Fatal(err)
		}
		if _, err := a.conn.Write(m.Raw); err != nil {
			a.t.Fatal(err)
		}
		answer := a.answer(m.TransactionID)
		var code stun.ErrorCodeAttribute
		if answer.Type.Class == stun.ClassSuccessResponse || code.GetFrom(answer) != nil {
			return 0
		}
		if code.Code == stun.CodeUnauthorized && a.nonce.GetFrom(answer) == nil {
			continue
		}
		return int(code.Code)
	}
}

func (a *asker) answer(id [stun.TransactionIDSize]byte) *stun.Message {
	a.t.Helper()
	_ = a.conn.SetReadDeadline(time.Now().Add(wait))
	for {
		frame, err := a.next()
		if err != nil {
			a.t.Fatalf("read an answer: %v", err)
		}
		m := &stun.Message{Raw: frame}
		if stun.IsMessage(frame) && m.Decode() == nil && m.TransactionID == id {
			return m
		}
	}
}

// next reads one frame.
func (a *asker) next() ([]byte, error) {
	head, err := a.in.Peek(4)
	if err != nil {
		return nil, err
	}
	size := int(binary.BigEndian.Uint16(head[2:]))
	if head[0] < 0x40 {
		size += 20
	} else {
		size = 4 + (size+3)&^3
	}
	frame := make([]byte, size)
	_, err = io.ReadFull(a.in, frame)
	return frame, err
}

// The attributes of RFC 8656 section 18.

type raw struct {
	kind  stun.AttrType
	value []byte
}

func (r raw) AddTo(m *stun.Message) error { m.Add(r.kind, r.value); return nil }

func udpTransport() stun.Setter { return raw{stun.AttrRequestedTransport, []byte{17, 0, 0, 0}} }

func family(v6 bool) stun.Setter {
	value := []byte{1, 0, 0, 0}
	if v6 {
		value[0] = 2
	}
	return raw{stun.AttrRequestedAddressFamily, value}
}

func channel(n uint16) stun.Setter {
	return raw{stun.AttrChannelNumber, append(binary.BigEndian.AppendUint16(nil, n), 0, 0)}
}

type peer netip.AddrPort

func (p peer) AddTo(m *stun.Message) error {
	a := netip.AddrPort(p)
	return stun.XORMappedAddress{IP: a.Addr().AsSlice(), Port: int(a.Port())}.AddToAs(m, stun.AttrXORPeerAddress)
}

func (a *asker) allocate(v6 bool) int {
	a.t.Helper()
	return a.ask(stun.MethodAllocate, udpTransport(), family(v6))
}

func (a *asker) indicate(to netip.AddrPort, data []byte) {
	a.t.Helper()
	m, err := stun.Build(stun.TransactionID, stun.NewType(stun.MethodSend, stun.ClassIndication), peer(to), raw{stun.AttrData, data})
	if err != nil {
		a.t.Fatal(err)
	}
	if _, err := a.conn.Write(m.Raw); err != nil {
		a.t.Fatal(err)
	}
}

// over says whether the server closed the connection by a deadline.
func over(c net.Conn, deadline time.Time) bool {
	_ = c.SetReadDeadline(deadline)
	_, err := io.Copy(io.Discard, c)
	var timeout net.Error
	return err == nil || !errors.As(err, &timeout) || !timeout.Timeout()
}
