//go:build amd64 || arm64

package udp

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"testing"
	"time"
)

// patience is how long a test waits for what loopback does in microseconds.
const patience = 20 * time.Second

func listenOn(t testing.TB, address string, n int) []*Socket {
	t.Helper()
	sockets, err := Listen(netip.MustParseAddrPort(address), n)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, s := range sockets {
			if err := s.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
				t.Error(err)
			}
		}
	})
	return sockets
}

func local(s *Socket) netip.AddrPort {
	return s.Conn().LocalAddr().(*net.UDPAddr).AddrPort()
}

// plain is an ordinary socket: what it reads was cut by the kernel.
func plain(t testing.TB, address string) (*net.UDPConn, netip.AddrPort) {
	t.Helper()
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.MustParseAddrPort(address)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := conn.SetReadBuffer(bufferSize); err != nil {
		t.Fatal(err)
	}
	return conn, conn.LocalAddr().(*net.UDPAddr).AddrPort()
}

// patterned is a datagram that tells itself from all others.
func patterned(size int, seed uint32) []byte {
	b := make([]byte, size)
	for i := range b {
		b[i] = byte(seed + uint32(i)*7)
	}
	if size >= 4 {
		binary.BigEndian.PutUint32(b, seed)
	}
	return b
}

// read is the next n datagrams of an ordinary socket.
func read(t interface {
	Helper()
	Fatalf(string, ...any)
}, conn *net.UDPConn, n int) [][]byte {
	t.Helper()
	if err := conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatalf("set deadline: %v", err)
	}
	var all [][]byte
	buffer := make([]byte, 65_536)
	for len(all) < n {
		size, _, err := conn.ReadFromUDPAddrPort(buffer)
		if err != nil {
			t.Fatalf("%d of %d datagrams came: %v", len(all), n, err)
		}
		all = append(all, bytes.Clone(buffer[:size]))
	}
	return all
}

// receive is the next n datagrams of a batch socket.
func receive(t interface {
	Helper()
	Fatalf(string, ...any)
}, s *Socket, in *Inbox, n int) (all [][]byte, from []netip.AddrPort) {
	t.Helper()
	until := time.Now().Add(patience)
	for len(all) < n {
		if err := s.Receive(in, until); err != nil {
			t.Fatalf("%d of %d datagrams came: %v", len(all), n, err)
		}
		if in.Len() == 0 && !time.Now().Before(until) {
			t.Fatalf("%d of %d datagrams came", len(all), n)
		}
		in.Each(time.Now(), func(datagram []byte, sender netip.AddrPort, _ time.Time) {
			all, from = append(all, bytes.Clone(datagram)), append(from, sender)
		})
	}
	return all, from
}
