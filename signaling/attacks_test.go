package signaling_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"palabre/internal/catalogue"
	"palabre/rooms"
	"palabre/signaling"
	"palabre/signaling/protocol"
)

// percentile gives the p-th percentile of durations.
func percentile(p int, list []time.Duration) time.Duration {
	if len(list) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(list))
	return sorted[min(len(sorted)-1, len(sorted)*p/100)]
}

// raw opens a TCP connection to the server, and writes to it.
func (h *house) raw(text string) net.Conn {
	h.t.Helper()
	c, err := net.Dial("tcp", h.Listener.Addr().String())
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { _ = c.Close() })
	if _, err := io.WriteString(c, text); err != nil {
		h.t.Fatal(err)
	}
	return c
}

const upgrade = "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
	"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: palabre.v1\r\n\r\n"

// upgraded is a WebSocket at the level of its bytes.
func (h *house) upgraded() net.Conn {
	h.t.Helper()
	c := h.raw(upgrade)
	var head []byte
	for one := make([]byte, 1); !bytes.HasSuffix(head, []byte("\r\n\r\n")); head = append(head, one[0]) {
		if _, err := c.Read(one); err != nil {
			h.t.Fatalf("upgrading: %v after %q", err, head)
		}
	}
	return c
}

func TestW01_Slowloris(t *testing.T) {
	h := newHouse(t)
	const each = 700
	kinds := []string{
		"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ", // headers that never end
		"POST /api/v1/rooms HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{", // a body that never ends
		upgrade, // a WebSocket that never says hello
	}
	plain := patientServer(t)
	var wait sync.WaitGroup
	var mu sync.Mutex
	ends := map[string][]time.Duration{} // of the house's connections, and of the plain server's
	idle := func(whose string, c net.Conn, answered bool) {
		start := time.Now()
		wait.Go(func() {
			_ = c.SetReadDeadline(start.Add(2 * patience))
			if answered { // its time runs from the server's answer
				_, _ = c.Read(make([]byte, 1))
				start = time.Now()
			}
			_, _ = io.Copy(io.Discard, c)
			mu.Lock()
			defer mu.Unlock()
			ends[whose] = append(ends[whose], time.Since(start))
		})
	}
	for _, text := range kinds {
		for n := range each {
			idle("house", h.raw(text), text == upgrade)
			if n%10 == 0 {
				c, err := net.Dial("tcp", plain)
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = c.Close() })
				idle("plain", c, false)
			}
		}
	}
	var joins []time.Duration
	for range 40 {
		start := time.Now()
		c, _, _ := h.enter(protocol.Hello{Room: "r"}, "Ana")
		joins = append(joins, time.Since(start))
		c.send(protocol.TypeLeave, nil)
		c.closed()
	}
	wait.Wait()
	p95, last := percentile(95, joins), slices.Max(ends["house"])
	// The deadline of a hello is 10 s itself; a second is for closing so many at
	// once, and what the machine is late with is late of the plain server too.
	late := max(0, slices.Max(ends["plain"])-plainIdle)
	catalogue.Report(t, catalogue.Item{
		ID:       "W1",
		Injected: fmt.Sprintf("%d idle connections: unfinished headers, unfinished bodies, WebSockets without hello", 3*each),
		Measured: fmt.Sprintf("join p95 %d ms, last idle one closed after %.2f s, where a plain server closes its own %.2f s late", p95.Milliseconds(), last.Seconds(), late.Seconds()),
		Bar:      "join p95 <= 1.5 s, idle closed <= 10 s (+1 s, and what a plain server is late)",
		Pass:     p95 <= 1500*time.Millisecond && last <= 11*time.Second+late && len(ends["house"]) == 3*each,
	})
}

// plainIdle is how long a patientServer waits.
const plainIdle = 10 * time.Second

// patientServer closes connections that say nothing, and does nothing else: what
// it is late with, the machine is late with.
func patientServer(t *testing.T) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var work sync.WaitGroup
	t.Cleanup(func() { _ = l.Close(); work.Wait() })
	work.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			work.Go(func() {
				_ = c.SetReadDeadline(time.Now().Add(plainIdle))
				_, _ = io.Copy(io.Discard, c)
				_ = c.Close()
			})
		}
	})
	return l.Addr().String()
}

// frameHeader writes the header of a masked frame whose mask changes nothing.
func frameHeader(first byte, length uint64) []byte {
	h := binary.BigEndian.AppendUint64([]byte{first, 0x80 | 127}, length)
	return append(h, 0, 0, 0, 0)
}

// wireClose reads a raw WebSocket to its end and gives the close code it found.
func wireClose(c net.Conn) int {
	_ = c.SetReadDeadline(time.Now().Add(patience))
	text, _ := io.ReadAll(c)
	for len(text) >= 2 {
		size, skip := int(text[1]), 2
		if size == 126 && len(text) >= 4 {
			size, skip = int(binary.BigEndian.Uint16(text[2:])), 4
		}
		if len(text) < skip+size {
			break
		}
		if text[0] == 0x88 && size >= 2 {
			return int(binary.BigEndian.Uint16(text[skip:]))
		}
		text = text[skip+size:]
	}
	return websocket.CloseAbnormalClosure
}

func TestW02_HostileFrames(t *testing.T) {
	h := newHouse(t, func(c *signaling.Config, _ *rooms.Config) { c.Timing.Dead = 15 * time.Second })
	faults := map[string]int{}
	hello := `{"type":"hello","data":{"room":"r"}}`
	begun := string(append([]byte{0x81, 0x80 | 36, 0, 0, 0, 0}, hello...))
	// One-byte fragments, never the last: 16 KiB of them end a stranger, 256 KiB a session.
	fragment := []byte{0x00, 0x81, 0, 0, 0, 0, 'x'}
	fragments := func(n int) string {
		return string([]byte{0x01, 0x81, 0, 0, 0, 0, '{'}) + strings.Repeat(string(fragment), n)
	}
	for name, c := range map[string]struct {
		text string
		want int
	}{
		"fragments before hello":       {fragments(16 << 10), websocket.CloseMessageTooBig},
		"fragments in a session":       {begun + fragments(256<<10), websocket.CloseMessageTooBig},
		"10 MiB frame before hello":    {string(frameHeader(0x81, 10<<20)), websocket.CloseMessageTooBig},
		"10 MiB frame in a session":    {begun + string(frameHeader(0x81, 10<<20)), websocket.CloseMessageTooBig},
		"a frame of 2^63 bytes":        {string(frameHeader(0x81, 1<<63)), websocket.CloseMessageTooBig},
		"a compressed bomb":            {string(frameHeader(0xC1, 1000)) + strings.Repeat("\xff", 1000), websocket.CloseProtocolError},
		"a binary frame":               {begun + "\x82\x81\x00\x00\x00\x00x", websocket.CloseUnsupportedData},
		"a control frame in two parts": {begun + "\x09\x80\x00\x00\x00\x00", websocket.CloseProtocolError},
		"pings without end":            {begun + strings.Repeat("\x89\x80\x00\x00\x00\x00", 500), websocket.ClosePolicyViolation},
	} {
		conn := h.upgraded()
		go func() { _, _ = io.WriteString(conn, c.text) }() // the server may close before it is all written
		if got := wireClose(conn); got != c.want {
			t.Errorf("%s: close code %d, want %d", name, got, c.want)
			faults[name] = got
		}
	}
	perConn := heapPerUnfinished(t, h, begun)
	catalogue.Report(t, catalogue.Item{
		ID:       "W2",
		Injected: "1-byte fragments without end, 10 MiB and 2^63-byte frames, compression, binary and ping floods; 250 kB unfinished on each of 200 connections",
		Measured: fmt.Sprintf("%d of 9 closed with another code than meant, heap +%d KiB/conn", len(faults), perConn>>10),
		Bar:      "close 1009 (1002, 1003, 1008 where meant), heap <= 128 KiB/conn",
		Pass:     len(faults) == 0 && perConn <= 128<<10,
	})
}

// heapPerUnfinished gives what the heap grows by for each session with a large message that does not end.
func heapPerUnfinished(t *testing.T, h *house, begin string) int {
	t.Helper()
	const conns = 200
	heap := func() int {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int(m.HeapAlloc)
	}
	before := heap()
	part := append(frameHeader(0x01, 250_000), bytes.Repeat([]byte("x"), 249_999)...)
	for range conns {
		c := h.upgraded()
		go func() { _, _ = c.Write(append([]byte(begin), part...)) }()
	}
	// What is on its way between two readings is garbage soon: the median counts,
	// of when all have said what they say.
	var held []int
	deadline := time.NewTimer(4 * time.Second) // less than it takes to cut them off
	defer deadline.Stop()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			held = append(held, heap())
		case <-deadline.C:
			held = held[len(held)/2:]
			slices.Sort(held)
			return max(0, held[len(held)/2]-before) / conns
		}
	}
}

func TestW03_SlowConsumer(t *testing.T) {
	h := newHouse(t)
	var wait sync.WaitGroup
	stop := make(chan struct{})
	// Two rooms alike, but that in one somebody stops reading: what the other
	// needs at the same time is what the machine itself costs.
	late := map[string][]time.Duration{}
	var mu sync.Mutex
	lazy, w, _ := h.enter(protocol.Hello{Room: "slow"}, "Lazy") // never read again
	if tcp, ok := lazy.NetConn().(*net.TCPConn); ok {
		_ = tcp.SetReadBuffer(4 << 10) // the kernel reads on for a program that does not
	}
	start := time.Now()
	away := []byte(`{"id":"` + w.Participant + `"`)
	var closed time.Duration
	for _, room := range []string{"slow", "control"} {
		for i := range 2 {
			talker, _, _ := h.enter(protocol.Hello{Room: room}, fmt.Sprint("Talker ", i))
			wait.Go(func() { talk(talker, stop) })
			wait.Go(func() { listen(talker, func([]byte) {}) })
		}
		watcher, _, _ := h.enter(protocol.Hello{Room: room}, "Watcher")
		wait.Go(func() {
			list := listen(watcher, func(text []byte) {
				if room == "slow" && closed == 0 && bytes.Contains(text, away) && bytes.Contains(text, []byte(`"away":true`)) {
					closed = time.Since(start)
					close(stop)
				}
			})
			mu.Lock()
			defer mu.Unlock()
			late[room] = list
		})
	}
	select {
	case <-stop:
	case <-time.After(2 * patience):
		t.Error("nobody was cut off")
		close(stop)
	}
	_ = h.rooms.Close()
	wait.Wait()
	is, was := percentile(99, late["slow"]), percentile(99, late["control"])
	usual := percentile(90, late["slow"]) <= 2*percentile(90, late["control"])+5*time.Millisecond
	catalogue.Report(t, catalogue.Item{
		ID:       "W3",
		Injected: "one of 4 stops reading while two others send 36 lines of 4 kB a second",
		Measured: fmt.Sprintf("event p99 %.1f ms, in a room beside it without a slow one %.1f ms; the slow one closed after %.1f s", ms(is), ms(was), closed.Seconds()),
		Bar:      "+<= 10 ms (on a busy machine twice the other room's, or p90 within 5 ms of that), closed <= 10 s (and the other room's p99)",
		Pass:     (is <= max(was+10*time.Millisecond, 2*was) || usual) && closed > 0 && closed <= 10*time.Second+was,
	})
}

// listen reads until the connection ends; it gives how late the lines of talk
// came. It looks at the bytes only: a test that parses would measure itself.
func listen(c *client, see func([]byte)) (list []time.Duration) {
	for {
		_ = c.SetReadDeadline(time.Now().Add(patience))
		_, text, err := c.ReadMessage()
		if err != nil {
			return list
		}
		var sent int64
		if _, rest, ok := bytes.Cut(text, []byte(`"text":"`)); ok {
			if _, err := fmt.Sscanf(string(rest[:min(len(rest), 32)]), "%d ", &sent); err == nil {
				list = append(list, time.Since(time.Unix(0, sent)))
			}
		}
		see(text)
	}
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// talk sends long lines that say when they were sent, just below the rate limit.
func talk(c *client, stop <-chan struct{}) {
	tick := time.NewTicker(time.Second / 18)
	defer tick.Stop()
	line := strings.Repeat("a", protocol.MaxChat-40)
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
			text := fmt.Sprintf(`{"type":"chat","data":{"text":"%d %s"}}`, time.Now().UnixNano(), line)
			if c.WriteMessage(websocket.TextMessage, []byte(text)) != nil {
				return
			}
		}
	}
}

func TestW04_MessageFlood(t *testing.T) {
	h := newHouse(t)
	const floods, probes = 3, 3
	var wait sync.WaitGroup
	var mu sync.Mutex
	trips := map[string][]time.Duration{} // by room; what "control" needs is what the machine costs
	for i := range probes {
		for _, room := range []string{"r", "control"} {
			c, _, _ := h.enter(protocol.Hello{Room: room}, fmt.Sprintf("Probe %d", i))
			wait.Go(func() {
				list := probe(c)
				mu.Lock()
				defer mu.Unlock()
				trips[room] = append(trips[room], list...)
			})
		}
	}
	var limited, right atomic.Int32
	for i := range floods {
		c, _, _ := h.enter(protocol.Hello{Room: "r"}, fmt.Sprintf("Flood %d", i))
		wait.Go(func() { flood(c) })
		wait.Go(func() {
			told := false
			for {
				f, err := c.next()
				if err != nil {
					if told && closeCode(err) == websocket.ClosePolicyViolation {
						right.Add(1)
					}
					return
				}
				if f.Type == protocol.TypeError && has(`"rate-limited"`)(string(f.Data)) && !told {
					told = true
					limited.Add(1)
				}
			}
		})
	}
	wait.Wait()
	p99, idle := percentile(99, trips["r"]), percentile(99, trips["control"])
	// The 99th percentile is the second worst of all: where the machine stood
	// still for a moment, it says nothing of the room.
	usual := percentile(90, trips["r"]) <= 2*percentile(90, trips["control"])+5*time.Millisecond
	catalogue.Report(t, catalogue.Item{
		ID:       "W4",
		Injected: fmt.Sprintf("%d clients send 1 000 messages a second", floods),
		Measured: fmt.Sprintf("%d told rate-limited, %d closed with 1008; %d commands of others through the room p99 %.1f ms, in a room beside it %.1f ms", limited.Load(), right.Load(), len(trips["r"]), ms(p99), ms(idle)),
		Bar:      "all throttled, then closed 1008; room p99 <= 20 ms (on a busy machine twice the other room's, or p90 within 5 ms of that)",
		Pass:     limited.Load() == floods && right.Load() == floods && (p99 <= max(20*time.Millisecond, 2*idle) || usual),
	})
}

// flood sends a thousand messages a second until it is cut off.
func flood(c *client) {
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for range 3000 {
		<-tick.C
		if c.WriteMessage(websocket.TextMessage, []byte(`{"type":"hand","data":{"raised":true}}`)) != nil {
			return
		}
	}
}

// probe measures how long commands take through the room and back.
func probe(c *client) (trips []time.Duration) {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for i := range 60 {
		<-tick.C
		start := time.Now()
		re := c.send(protocol.TypeHand, protocol.Hand{Raised: i%2 == 0})
		for f := c.frame(protocol.TypeParticipant); f.Re != re; f = c.frame(protocol.TypeParticipant) {
		}
		trips = append(trips, time.Since(start))
	}
	return trips
}
