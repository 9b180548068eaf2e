package transport_test

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pion/ice/v4"

	"palabre/sfu/transport"
)

// ports are where a host listens, from its candidates.
func ports(t testing.TB, h *transport.Host) (udp, tcp string) {
	t.Helper()
	for _, candidate := range h.Candidates() {
		f := strings.Fields(candidate)
		address := net.JoinHostPort(f[4], f[5])
		if f[2] == "udp" {
			udp = address
		} else {
			tcp = address
		}
	}
	return udp, tcp
}

// check is a connectivity check (RFC 8489) for a user that does not exist.
func check(user string) []byte {
	name := []byte(user + ":xxxx")
	for len(name)%4 != 0 {
		name = append(name, 'x')
	}
	b := []byte{0, 1, 0, 0, 0x21, 0x12, 0xA4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}
	b = append(append(b, 0, 6, 0, byte(len(name))), name...)
	b = append(append(b, 0, 8, 0, 20), make([]byte, 20)...) // an integrity that cannot be right
	b[3] = byte(len(b) - 20)
	return b
}

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// flood sends n datagrams of all sorts from a few foreign sockets and gives
// how many bytes came back.
func flood(t *testing.T, to string, n int) (back int) {
	t.Helper()
	var sockets []net.Conn
	for range 8 {
		c, err := net.Dial("udp4", to)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		sockets = append(sockets, c)
	}
	junk := make([]byte, 1400)
	for i := range junk {
		junk[i] = byte(rand.Uint32())
	}
	for i := range n {
		var datagram []byte
		switch i % 5 {
		case 0: // a DTLS ClientHello, cut short
			datagram = append([]byte{22, 0xFE, 0xFD, 0, 0, 0, 0, 0, 0, 0, 0, 0, 60, 1}, junk[:60]...)
		case 1: // as if it were SRTP
			datagram = append([]byte{0x80, 111}, junk[:rand.IntN(1200)]...)
		case 2:
			datagram = check("user" + strconv.Itoa(i))
		case 3:
			datagram = junk[:1+rand.IntN(1399)]
		case 4: // a STUN header that promises more
			datagram = []byte{0, 1, 0xFF, 0xFF, 0x21, 0x12, 0xA4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}
		}
		_, _ = sockets[i%len(sockets)].Write(datagram)
		if i%200 == 199 {
			<-time.NewTimer(2 * time.Millisecond).C
		}
	}
	for _, c := range sockets {
		_ = c.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
		for b := make([]byte, 2000); ; {
			got, err := c.Read(b)
			if err != nil {
				break
			}
			back += got
		}
	}
	return back
}

func TestStrangersOnUDPAreIgnored(t *testing.T) {
	h := newHost(t, nil)
	_, client, listener := dial(t, h, ice.NetworkTypeUDP4)
	udp, _ := ports(t, h)
	back := flood(t, udp, 2000)
	before, routines := heap(), runtime.NumGoroutine()
	back += flood(t, udp, 20_000)
	growth := heap() - before
	if back != 0 || growth > 1<<20 || runtime.NumGoroutine() > routines+2 {
		t.Errorf("%d bytes answered, heap %+d kB, goroutines %d of %d before", back, growth>>10, runtime.NumGoroutine(), routines)
	}
	listener.mu.Lock()
	dropped := len(listener.drops)
	listener.mu.Unlock()
	if dropped > 0 {
		t.Error("a stranger's datagrams reached a connection")
	}
	// Of what is left in the socket of a busy machine the first may be lost.
	n := uint16(0)
	until(t, "the client's own packets to pass", func() bool {
		if err := client.Write(client.SealRTP(rtp(n, 7))); err != nil {
			t.Fatal(err)
		}
		n++
		return listener.count() >= 20
	})
}

// closed says whether the far end closed the connection by deadline.
func closed(c net.Conn, deadline time.Time) bool {
	_ = c.SetReadDeadline(deadline)
	_, err := io.Copy(io.Discard, c)
	var timeout net.Error
	return err == nil || !errors.As(err, &timeout) || !timeout.Timeout()
}

func frame(b []byte) []byte { return append([]byte{byte(len(b) >> 8), byte(len(b))}, b...) }

func TestStrangersOnTCPAreShownOut(t *testing.T) {
	const strange = 500 * time.Millisecond
	h := newHost(t, func(c *transport.Config) { c.Strange = strange })
	_, tcp := ports(t, h)
	_, client, listener := dial(t, h, ice.NetworkTypeTCP4)
	routines, before := runtime.NumGoroutine(), heap()
	visits := map[string][]byte{
		"says nothing":              nil,
		"one byte":                  {0},
		"an HTTP request":           []byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
		"a frame of nothing":        frame(nil),
		"a frame longer than taken": append([]byte{0xFF, 0xFF}, make([]byte, 4000)...),
		"a frame that never ends":   append([]byte{1, 0}, make([]byte, 100)...),
		"not STUN":                  frame(make([]byte, 40)),
		"a check for nobody":        frame(check("nobody")),
		"media first":               frame(rtp(1, 7)),
	}
	const times = 20
	type visit struct {
		name string
		conn net.Conn
	}
	var open []visit
	for name, say := range visits {
		for n := range times {
			c, err := net.Dial("tcp4", tcp)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if name == "a check for nobody" {
				say = frame(check(fmt.Sprint("nobody", n)))
			}
			_, _ = c.Write(say)
			open = append(open, visit{name, c})
		}
	}
	deadline := time.Now().Add(strange + wait)
	for _, v := range open {
		if !closed(v.conn, deadline) {
			t.Errorf("%s: still open after %v", v.name, strange+wait)
		}
	}
	until(t, "the goroutines of the strangers to end", func() bool { return runtime.NumGoroutine() <= routines+3 })
	if growth := heap() - before; growth > 2<<20 {
		t.Errorf("heap %+d kB after %d strangers", growth>>10, len(open))
	}
	for n := range uint16(20) {
		if err := client.Write(client.SealRTP(rtp(n, 7))); err != nil {
			t.Fatal(err)
		}
	}
	until(t, "the client's own packets to pass", func() bool { return listener.count() == 20 })
}
