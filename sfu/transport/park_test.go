package transport_test

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/pion/ice/v4"

	"palabre/sfu/transport"
	"palabre/sfu/transport/probe"
)

// settle is how soon connections are parked in these tests.
const settle = 50 * time.Millisecond

// parks runs a test with connections that are parked soon, by every way in.
func parks(t *testing.T, test func(t *testing.T, h *transport.Host, network ice.NetworkType)) {
	t.Helper()
	soon := func(c *transport.Config) { c.Settle = settle }
	t.Run("ports", func(t *testing.T) { test(t, portedWith(t, soon), ice.NetworkTypeUDP4) })
	for name, network := range networks() {
		t.Run(name, func(t *testing.T) { test(t, newHost(t, soon), network) })
	}
}

// park has a client send packets until its connection is parked.
func park(t *testing.T, conn *transport.Conn, client *probe.Client) {
	t.Helper()
	sent := uint16(rand.Uint32())
	until(t, "the connection to be parked", func() bool {
		if err := client.Write(client.SealRTP(rtp(sent, 7))); err != nil {
			t.Fatal(err)
		}
		sent++
		return conn.Parked() != nil
	})
}

func TestClosingAParkedConnectionIsHeardAtOnce(t *testing.T) {
	parks(t, func(t *testing.T, h *transport.Host, network ice.NetworkType) {
		conn, client, listener := dial(t, h, network)
		park(t, conn, client)
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
		select {
		case <-client.Ended():
		case <-time.After(wait):
			t.Error("the client heard nothing")
		}
		if listener.heard("failed") {
			t.Error("our own closing was reported as a failure")
		}
	})
}

func TestAParkedClientsClosingIsHeardAtOnce(t *testing.T) {
	parks(t, func(t *testing.T, h *transport.Host, network ice.NetworkType) {
		conn, client, listener := dial(t, h, network)
		park(t, conn, client)
		client.Part()
		until(t, "the server to hear", func() bool { return listener.heard("failed: the client closed") })
		if conn.Parked() != nil {
			t.Error("a connection that is over is parked")
		}
	})
}

// TestASilentClientIsNotParked holds for who may not have our last flight yet.
func TestASilentClientIsNotParked(t *testing.T) {
	parks(t, func(t *testing.T, h *transport.Host, network ice.NetworkType) {
		conn, client, _ := dial(t, h, network)
		for end := time.Now().Add(5 * settle); time.Now().Before(end); <-time.NewTimer(settle / 10).C {
			if conn.Parked() != nil {
				t.Fatal("a client that sent nothing is parked")
			}
		}
		park(t, conn, client)
	})
}

// records remembers the numbers of the encrypted records that came.
type records struct {
	mu      sync.Mutex
	numbers []uint64
}

func (r *records) came(datagram []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for len(datagram) >= 13 {
		if n := binary.BigEndian.Uint64(datagram[3:]); n>>48 == 1 {
			r.numbers = append(r.numbers, n)
		}
		datagram = datagram[min(len(datagram), 13+int(binary.BigEndian.Uint16(datagram[11:]))):]
	}
}

// TestAParkedConnectionGoesOn wakes one by forged records again and again, and
// then by the client's own words, which are answered. No record number is used
// twice: with AES-GCM two records of one number give the key away.
func TestAParkedConnectionGoesOn(t *testing.T) {
	parks(t, func(t *testing.T, h *transport.Host, network ice.NetworkType) {
		var came records
		conn, client, listener := dialWith(t, h, network, func(c *probe.Client) { c.Record = came.came })
		var farewells [][]byte
		for range 3 {
			park(t, conn, client)
			last := conn.Parked()
			farewells = append(farewells, last)
			if err := client.Write(record(21, 1, 9, make([]byte, 26)...)); err != nil {
				t.Fatal(err)
			}
			until(t, "the forged record to wake it", func() bool { return !bytes.Equal(conn.Parked(), last) })
		}
		park(t, conn, client)
		farewells = append(farewells, conn.Parked())
		until(t, "the client's words", func() bool { _ = client.Say([]byte("hello")); return listener.heard("application") })
		for range 3 {
			if err := conn.WriteApplication([]byte("hello")); err != nil {
				t.Fatal(err)
			}
		}
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
		<-client.Ended()
		if listener.heard("failed") {
			t.Error("the connection failed")
		}
		if parked, resumed := h.Parking().Parked.Load(), h.Parking().Resumed.Load(); parked < 4 || resumed != parked {
			t.Errorf("parked %d times and resumed %d times, want 4 or more and as many", parked, resumed)
		}
		came.mu.Lock()
		defer came.mu.Unlock()
		numbers := slices.Clone(came.numbers)
		for _, f := range farewells {
			numbers = append(numbers, binary.BigEndian.Uint64(f[3:]))
		}
		slices.Sort(numbers)
		// The end of the handshake, four farewells, three words and the last farewell.
		if n := len(numbers); n < 9 || len(slices.Compact(slices.Clone(numbers))) != n {
			t.Errorf("records numbered %x", numbers)
		}
	})
}

// TestWhoTalksIsNotParked keeps DTLS for a client that has a data channel.
func TestWhoTalksIsNotParked(t *testing.T) {
	parks(t, func(t *testing.T, h *transport.Host, network ice.NetworkType) {
		conn, client, listener := dial(t, h, network)
		until(t, "the client's words", func() bool { _ = client.Say([]byte("hello")); return listener.heard("application") })
		for end := time.Now().Add(5 * settle); time.Now().Before(end); <-time.NewTimer(settle / 10).C {
			_ = client.Write(client.SealRTP(rtp(uint16(rand.Uint32()), 7)))
			if conn.Parked() != nil {
				t.Fatal("a client that talks is parked")
			}
		}
	})
}

// TestClosingWhileParkingAndWaking closes connections at any moment: what they
// ran has to end, whoever comes first.
func TestClosingWhileParkingAndWaking(t *testing.T) {
	soon := func(c *transport.Config) { c.Settle = time.Millisecond }
	for _, h := range []*transport.Host{portedWith(t, soon), newHost(t, soon)} {
		var all sync.WaitGroup
		for range 12 {
			conn, client, listener := dial(t, h, ice.NetworkTypeUDP4)
			all.Go(func() {
				end := time.Now().Add(rand.N(20 * time.Millisecond))
				for n := uint16(0); time.Now().Before(end); n++ {
					_ = client.Write(client.SealRTP(rtp(n, 7)))
					_ = client.Write(record(21, 1, 9, make([]byte, 26)...))
				}
				if err := conn.Close(); err != nil {
					t.Error(err)
				}
				if listener.heard("failed") {
					t.Error("our own closing was reported as a failure")
				}
			})
		}
		all.Wait()
	}
}
