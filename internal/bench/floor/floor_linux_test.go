package floor_test

import (
	"net"
	"net/netip"
	"testing"
	"time"

	"palabre/internal/bench/floor"
)

// TestWhatIsSentArrives has the floor send frames to a socket that reads them:
// a floor that sent less than it says would make everything else look bad.
func TestWhatIsSentArrives(t *testing.T) {
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	f, err := floor.New([]netip.AddrPort{conn.LocalAddr().(*net.UDPAddr).AddrPort()})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, packets := range []int{1, 2, 6, 32} {
		if err := f.Send(packets, payload); err != nil {
			t.Fatal(err)
		}
		if err := conn.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
			t.Fatal(err)
		}
		b, seen := make([]byte, 65536), map[string]bool{}
		for range packets {
			n, err := conn.Read(b)
			if err != nil {
				t.Fatalf("frame of %d packets: %v", packets, err)
			}
			if n != floor.HeaderSize+payload+16 {
				t.Fatalf("frame of %d packets: a datagram of %d bytes", packets, n)
			}
			seen[string(b[:n])] = true
		}
		if len(seen) != packets {
			t.Errorf("frame of %d packets: %d different ones arrived", packets, len(seen))
		}
	}
}

// TestDeafHearsHandshakes sends one datagram of each kind to a deaf socket.
func TestDeafHearsHandshakes(t *testing.T) {
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := floor.Deaf(conn); err != nil {
		t.Fatal(err)
	}
	from, err := net.Dial("udp4", conn.LocalAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	for _, first := range []byte{0, 0x80, 22, 0x90, 63, 0xBF, 1} {
		if _, err := from.Write([]byte{first, 1, 2}); err != nil {
			t.Fatal(err)
		}
	}
	if err := conn.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 100)
	for _, want := range []byte{0, 22, 63, 1} {
		if n, err := conn.Read(b); err != nil || n != 3 || b[0] != want {
			t.Fatalf("%d bytes % x, %v; want one that begins with %d", n, b[:n], err, want)
		}
	}
}

// TestReceptionOpensWhatComes: a packet that cannot be opened is an error.
func TestReceptionOpensWhatComes(t *testing.T) {
	r, err := floor.NewReception()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for _, packets := range []int{1, 6, floor.MaxPackets} {
		if took, err := r.Receive(packets, payload); err != nil || took <= 0 {
			t.Errorf("%d packets took %v: %v", packets, took, err)
		}
	}
}
