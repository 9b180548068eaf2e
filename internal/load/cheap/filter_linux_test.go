package cheap

import (
	"encoding/binary"
	"errors"
	"net"
	"testing"
	"time"
)

// TestFilterPassesWhatItMust sends one datagram of every first byte and many
// of media through the kernel's filter.
func TestFilterPassesWhatItMust(t *testing.T) {
	for _, address := range []string{"127.0.0.1:0", "[::1]:0"} {
		socket, err := net.ListenPacket("udp", address)
		if err != nil {
			t.Logf("no %s here: %v", address, err)
			continue
		}
		defer socket.Close()
		raw, err := socket.(*net.UDPConn).SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		var attached error
		err = raw.Control(func(fd uintptr) { attached = attachFilter(int(fd), 16) })
		if err := errors.Join(err, attached); err != nil {
			t.Fatal(err)
		}
		sender, err := net.Dial("udp", socket.LocalAddr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer sender.Close()
		for first := range 256 {
			for _, second := range []byte{0, 96, 127, 128 + 96, 191, 192, 200, 201, 205, 206, 223, 224, 255} {
				datagram := make([]byte, 40)
				datagram[0], datagram[1], datagram[3] = byte(first), second, 1
				media := first >= 128 && first < 192 && (second < 192 || second >= 224)
				if got := passes(t, sender, socket, datagram); got != !media {
					t.Errorf("%s: first bytes %d %d pass: %v", address, first, second, got)
				}
			}
		}
		for number := range 1 << 16 {
			if number%97 > 1 && number%16 != 0 {
				continue // some of those that must not pass are enough
			}
			datagram := make([]byte, 1128)
			datagram[0], datagram[1] = 0x90, 96
			binary.BigEndian.PutUint16(datagram[2:], uint16(number))
			if got := passes(t, sender, socket, datagram); got != (number%16 == 0) {
				t.Fatalf("%s: number %d passes: %v", address, number, got)
			}
		}
	}
}

// passes says whether a datagram comes through to a socket.
func passes(t *testing.T, sender net.Conn, socket net.PacketConn, datagram []byte) bool {
	t.Helper()
	end := []byte("\x00the end of it, a STUN message")
	for _, d := range [][]byte{datagram, end} {
		if _, err := sender.Write(d); err != nil {
			t.Fatal(err)
		}
	}
	buffer := make([]byte, maxPacket)
	for passed := false; ; passed = true {
		_ = socket.SetReadDeadline(time.Now().Add(patience))
		n, _, err := socket.ReadFrom(buffer)
		if err != nil {
			t.Fatal(err)
		}
		if string(buffer[:n]) == string(end) {
			return passed
		}
	}
}
