package turn

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"testing"
	"time"
)

// script is a connection that gives its bytes in pieces of some size.
type script struct {
	net.Conn
	data  []byte
	piece int
}

func (s *script) Read(b []byte) (int, error) {
	if len(s.data) == 0 {
		return 0, io.EOF
	}
	n := copy(b, s.data[:min(len(s.data), s.piece)])
	s.data = s.data[n:]
	return n, nil
}

func (s *script) RemoteAddr() net.Addr            { return &net.TCPAddr{} }
func (s *script) SetReadDeadline(time.Time) error { return nil }

func message(size int) []byte {
	b := make([]byte, stunHeader+size)
	b[1] = 3
	binary.BigEndian.PutUint16(b[2:], uint16(size))
	binary.BigEndian.PutUint32(b[4:], magicCookie)
	return b
}

// TestFramesComeWhole reads messages with data between them, cut anywhere.
func TestFramesComeWhole(t *testing.T) {
	stream := message(8)
	stream = append(stream, putChannelData(make([]byte, 100), 0x4001, []byte("odd"))...)
	stream = append(stream, message(0)...)
	for piece := 1; piece <= len(stream); piece++ {
		c := newClient(&Server{config: Config{Slow: time.Hour, Idle: time.Hour}}, &script{data: bytes.Clone(stream), piece: piece})
		b := make([]byte, 2000)
		for _, want := range []int{28, 20} {
			if n, err := c.Read(b); n != want || err != nil {
				t.Fatalf("in pieces of %d: %d bytes, %v; want %d", piece, n, err, want)
			}
		}
		if _, err := c.Read(b); err != io.EOF {
			t.Fatalf("in pieces of %d: the end gave %v", piece, err)
		}
	}
}

func TestWhatIsNoFrameEndsTheConnection(t *testing.T) {
	for name, data := range map[string][]byte{
		"HTTP":               []byte("GET / HTTP/1.1\r\n\r\n"),
		"a wrong cookie":     append([]byte{0, 1, 0, 8, 1, 2, 3, 4}, make([]byte, 24)...),
		"odd length":         {0, 1, 0, 9, 0x21, 0x12, 0xA4, 0x42},
		"too long a message": message(4096),
		"too long data":      {0x40, 0, 0xFF, 0xFF, 1, 2, 3},
		"a reserved channel": {0x50, 0, 0, 4, 1, 2, 3, 4},
	} {
		c := newClient(&Server{config: Config{Slow: time.Hour, Idle: time.Hour}}, &script{data: data, piece: 7})
		if n, err := c.Read(make([]byte, 2000)); n != 0 || err == nil || err == io.EOF {
			t.Errorf("%s: %d bytes, %v", name, n, err)
		}
	}
}

// FuzzFrames reads any bytes as a client's stream and as a response.
func FuzzFrames(f *testing.F) {
	f.Add(message(8), uint8(3))
	f.Add(putChannelData(make([]byte, 100), 0x4001, []byte("data")), uint8(1))
	f.Add([]byte{0x01, 0x13, 0, 8, 0x21, 0x12, 0xA4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0, 9, 0, 4, 0, 0, 4, 0}, uint8(9))
	f.Fuzz(func(t *testing.T, data []byte, piece uint8) {
		c := newClient(&Server{config: Config{Slow: time.Hour, Idle: time.Hour}}, &script{data: bytes.Clone(data), piece: int(piece) + 1})
		b := make([]byte, maxFrame+1)
		for {
			n, err := c.Read(b)
			if err != nil {
				break
			}
			if n < stunHeader || n > maxFrame {
				t.Fatalf("a message of %d bytes", n)
			}
		}
		sayWhy(data, true)
	})
}

// sink takes what is sent and counts it.
type sink struct {
	script
	sent int
}

func (s *sink) Write(b []byte) (int, error) { s.sent += len(b); return len(b), nil }

// TestRelayedMediaAllocatesNothing is the way of a packet in both directions,
// but for TLS and the socket.
func TestRelayedMediaAllocatesNothing(t *testing.T) {
	s := &Server{config: Config{Slow: time.Hour, Idle: time.Hour}, metrics: newCollector()}
	conn := &sink{}
	c := newClient(s, conn)
	a := &allocation{server: s, client: c}
	p := &peer{allocation: a}
	p.channel.Store(0x4001)
	a.peers.Store(&[]*peer{p})
	data := make([]byte, 1200)
	if n := testing.AllocsPerRun(1000, func() { p.down(data) }); n > 0 {
		t.Errorf("%v allocations for a packet down", n)
	}
	frame := putChannelData(make([]byte, 1300), 0x4002, data)
	c.relay.Store(a)
	if n := testing.AllocsPerRun(1000, func() {
		conn.data, conn.piece = frame, len(frame)
		_, _ = c.Read(nil)
	}); n > 0 {
		t.Errorf("%v allocations for a packet up", n)
	}
	if conn.sent == 0 || s.metrics.down.Load() == 0 {
		t.Error("nothing was sent")
	}
}
