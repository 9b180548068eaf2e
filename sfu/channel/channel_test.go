package channel_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/datachannel"
	"github.com/pion/logging"
	"github.com/pion/sctp"
	"github.com/pion/transport/v4/packetio"
	"go.uber.org/goleak"

	"palabre/sfu/channel"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long tests wait for what must happen.
const patience = 20 * time.Second

// quiet is a log nobody reads.
var quiet = &logging.DefaultLoggerFactory{DefaultLogLevel: logging.LogLevelDisabled}

// near is the server's side, and what it was told.
type near struct {
	*channel.Channel
	mu       sync.Mutex
	messages []string
	hold     chan struct{} // messages wait for it
	writable atomic.Int64
	client   atomic.Pointer[far] // whom packets go to
}

func (n *near) Message(data []byte) {
	if n.hold != nil {
		<-n.hold
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.messages = append(n.messages, string(data))
}

func (n *near) Writable() { n.writable.Add(1) }

func (n *near) got() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.messages)
}

// far is the client's DTLS connection.
type far struct {
	in      *packetio.Buffer
	to      *channel.Channel
	stalled atomic.Bool // nothing reaches the client
	closed  atomic.Bool
}

func (f *far) Read(b []byte) (int, error) { return f.in.Read(b) }
func (f *far) Write(b []byte) (int, error) {
	if f.closed.Load() {
		return 0, net.ErrClosed
	}
	f.to.Take(b)
	return len(b), nil
}

func (f *far) Close() error {
	f.closed.Store(true)
	return f.in.Close()
}
func (f *far) LocalAddr() net.Addr                { return nil }
func (f *far) RemoteAddr() net.Addr               { return nil }
func (f *far) SetDeadline(t time.Time) error      { return f.in.SetReadDeadline(t) }
func (f *far) SetReadDeadline(t time.Time) error  { return f.in.SetReadDeadline(t) }
func (f *far) SetWriteDeadline(t time.Time) error { return nil }

// lines is a channel of the server's, and the way to it.
func lines(t testing.TB) (*near, *far) {
	t.Helper()
	n := &near{}
	n.Channel = channel.New(channel.Config{
		Label: "test", Events: n, Logger: slog.New(slog.DiscardHandler),
		Write: func(packet []byte) error {
			f := n.client.Load()
			if f.stalled.Load() {
				return nil
			}
			_, err := f.in.Write(packet)
			return err
		},
	})
	t.Cleanup(n.Close)
	return n, n.line()
}

// line is the way to the server of a client that begins anew: an association
// that has ended may close its own a little later.
func (n *near) line() *far {
	f := &far{in: packetio.NewBuffer(), to: n.Channel}
	n.client.Store(f)
	return f
}

// associate is a client that begins an association.
func associate(t testing.TB, f *far, change ...func(*sctp.Config)) *sctp.Association {
	t.Helper()
	config := sctp.Config{NetConn: f, LoggerFactory: quiet, EnableZeroChecksum: true}
	for _, c := range change {
		c(&config)
	}
	a, err := sctp.ClientWithOptions(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	return a
}

func dial(t testing.TB, a *sctp.Association, id uint16, label string) *datachannel.DataChannel {
	t.Helper()
	d, err := datachannel.Dial(a, id, &datachannel.Config{Label: label, LoggerFactory: quiet})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func until(t testing.TB, what string, done func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for !done() {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
		runtime.Gosched()
		<-time.After(time.Millisecond)
	}
}

func TestMessagesGoBothWaysInOrder(t *testing.T) {
	for name, zero := range map[string]bool{"with checksums": false, "with zero checksums": true} {
		t.Run(name, func(t *testing.T) {
			n, f := lines(t)
			d := dial(t, associate(t, f, func(c *sctp.Config) { c.EnableZeroChecksum = zero }), 0, "test")
			for i := range 50 {
				if _, err := d.Write(fmt.Appendf(nil, "up %d", i)); err != nil {
					t.Fatal(err)
				}
			}
			until(t, "what the client sends", func() bool { return n.got() == 50 })
			for i, message := range n.messages {
				if message != fmt.Sprintf("up %d", i) {
					t.Fatalf("message %d is %q", i, message)
				}
			}
			buffer := make([]byte, channel.MaxOutgoing)
			for i := range 20 {
				if !n.Send([]byte(strings.Repeat(fmt.Sprint(i%10), channel.MaxOutgoing/8))) {
					t.Fatalf("message %d was not taken", i)
				}
			}
			for i := range 20 {
				size, err := d.Read(buffer)
				if err != nil || size != channel.MaxOutgoing/8 || buffer[0] != byte('0'+i%10) {
					t.Fatalf("message %d: %d bytes of %q, %v", i, size, buffer[0], err)
				}
			}
		})
	}
}

func TestNothingRunsBeforeTheClientAsks(t *testing.T) {
	before := runtime.NumGoroutine()
	n, _ := lines(t)
	n.Take([]byte("too short"))
	n.Take(make([]byte, 40)) // no INIT
	// Those of tests before may still be ending.
	if more := runtime.NumGoroutine() - before; n.Open() || n.Send([]byte("x")) || more > 0 {
		t.Errorf("open %v, %d goroutines more", n.Open(), more)
	}
}

func TestAFullLineRefusesAndSaysWhenThereIsRoom(t *testing.T) {
	n, f := lines(t)
	d := dial(t, associate(t, f), 0, "test")
	until(t, "the channel", n.Open)
	f.stalled.Store(true)
	message, taken := make([]byte, 8<<10), 0
	for n.Send(message) {
		if taken++; taken > 100 {
			t.Fatal("a line nobody reads takes everything")
		}
	}
	f.stalled.Store(false)
	buffer := make([]byte, channel.MaxOutgoing)
	for range taken {
		if _, err := d.Read(buffer); err != nil {
			t.Fatal(err)
		}
	}
	until(t, "room", func() bool { return n.writable.Load() == 1 })
	if !n.Send(message) {
		t.Error("there is room, and still nothing is taken")
	}
}

func TestAFloodWaitsWithTheClient(t *testing.T) {
	n, f := lines(t)
	n.hold = make(chan struct{})
	a := associate(t, f)
	d := dial(t, a, 0, "test")
	for range 200 {
		if _, err := d.Write(make([]byte, 2<<10)); err != nil {
			t.Fatal(err)
		}
	}
	until(t, "the server to take what it will", func() bool { return d.BufferedAmount() < 400<<10 })
	<-time.After(50 * time.Millisecond) // more would have come by then
	if left := d.BufferedAmount(); left < 300<<10 {
		t.Errorf("only %d of 400 KiB wait with the client", left>>10)
	}
	close(n.hold)
	until(t, "more of it", func() bool { return n.got() > 20 })
}

func TestWhatIsNoChannelOfOursIsClosed(t *testing.T) {
	for name, attack := range map[string]func(t *testing.T, a *sctp.Association){
		"another label": func(t *testing.T, a *sctp.Association) { dial(t, a, 0, "other") },
		"out of order": func(t *testing.T, a *sctp.Association) {
			_, err := datachannel.Dial(a, 0, &datachannel.Config{Label: "test", ChannelType: datachannel.ChannelTypeReliableUnordered, LoggerFactory: quiet})
			if err != nil {
				t.Fatal(err)
			}
		},
		"a message before it is opened": func(t *testing.T, a *sctp.Association) {
			s, err := a.OpenStream(4, sctp.PayloadTypeWebRTCBinary)
			if err != nil {
				t.Fatal(err)
			}
			_, _ = s.Write([]byte("hello"))
		},
		"an opening that is none": func(t *testing.T, a *sctp.Association) {
			s, err := a.OpenStream(4, sctp.PayloadTypeWebRTCDCEP)
			if err != nil {
				t.Fatal(err)
			}
			_, _ = s.Write([]byte{3, 0xff})
		},
	} {
		t.Run(name, func(t *testing.T) {
			n, f := lines(t)
			a := associate(t, f)
			attack(t, a)
			d := dial(t, a, 8, "test") // and ours is still let in
			if _, err := d.Write([]byte("x")); err != nil {
				t.Fatal(err)
			}
			until(t, "the message of the right channel", func() bool { return n.got() == 1 })
		})
	}
}

func TestAMessageTooLargeEndsTheChannelAlone(t *testing.T) {
	n, f := lines(t)
	a := associate(t, f)
	d := dial(t, a, 0, "test")
	until(t, "the channel", n.Open)
	if _, err := d.Write(make([]byte, channel.MaxIncoming+1)); err != nil {
		t.Fatal(err)
	}
	until(t, "the end of the channel", func() bool { return !n.Open() })
	if _, err := dial(t, a, 2, "test").Write([]byte("again")); err != nil {
		t.Fatal(err)
	}
	until(t, "a message over a new one", func() bool { return n.got() == 1 })
}

func TestTheNewestOfTwoChannelsCounts(t *testing.T) {
	n, f := lines(t)
	a := associate(t, f)
	dial(t, a, 0, "test")
	until(t, "the first", n.Open)
	second := dial(t, a, 2, "test")
	if _, err := second.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	until(t, "a message over the second", func() bool { return n.got() == 1 })
	if !n.Send([]byte("to the second")) {
		t.Fatal("nothing is taken")
	}
	buffer := make([]byte, 64)
	if size, err := second.Read(buffer); err != nil || string(buffer[:size]) != "to the second" {
		t.Errorf("%q, %v", buffer[:size], err)
	}
}

func TestManyStreamsEndTheAssociation(t *testing.T) {
	n, f := lines(t)
	a := associate(t, f)
	for id := range uint16(200) {
		s, err := a.OpenStream(id, sctp.PayloadTypeWebRTCBinary)
		if errors.Is(err, sctp.ErrAssociationClosed) {
			break
		}
		if err == nil {
			_, _ = s.Write([]byte("x"))
		}
	}
	_, err := a.AcceptStream() // only ever ends
	if err == nil || n.Open() {
		t.Error("a client that opens two hundred streams goes on")
	}
}

func TestAnAssociationMayBeginAnewButNotForEver(t *testing.T) {
	n, f := lines(t)
	for i := range 3 {
		a := associate(t, f)
		d := dial(t, a, 0, "test")
		if _, err := d.Write([]byte("x")); err != nil {
			t.Fatal(err)
		}
		until(t, "a message", func() bool { return n.got() == i+1 })
		a.Abort("again")
		until(t, "the end", func() bool { return !n.Open() })
		f = n.line()
	}
}

// FuzzTake: whatever comes over DTLS, before an association and within one,
// nothing of ours breaks, and a client in order is served after it.
func FuzzTake(f *testing.F) {
	f.Add(make([]byte, 40), true)
	f.Add([]byte{0x13, 0x88, 0x13, 0x88, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 20, 0, 0, 0, 1, 0, 1, 0, 0, 0, 10, 0, 10, 0, 0, 0, 1}, false)
	for _, kind := range []byte{0, 3, 4, 5, 6, 7, 9, 10, 11, 14, 130, 192} {
		f.Add([]byte{0x13, 0x88, 0x13, 0x88, 0, 0, 0, 0, 0, 0, 0, 0, kind, 3, 0, 24, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 51, 1, 2, 3, 4, 5, 6, 7, 8}, true)
	}
	f.Fuzz(func(t *testing.T, packet []byte, within bool) {
		n, line := lines(t)
		if !within {
			n.Take(packet)
			return
		}
		tag := [4]byte{}
		a := associate(t, line, func(c *sctp.Config) { c.NetConn = &spy{far: line, tag: &tag} })
		d := dial(t, a, 0, "test")
		until(t, "the channel", n.Open)
		if packet = bytes.Clone(packet); len(packet) > 8 {
			copy(packet[4:8], tag[:]) // as only the client could
			if packet[len(packet)-1]%2 == 0 && len(packet) >= 12 {
				clear(packet[8:12])
			}
		}
		n.Take(packet)
		_, _ = d.Write([]byte("x")) // a packet of the client's may well end its association
	})
}

// spy notes the server's tag, which is on everything after the first packet.
type spy struct {
	*far
	mu  sync.Mutex
	tag *[4]byte
}

func (s *spy) Write(b []byte) (int, error) {
	s.mu.Lock()
	if len(b) >= 8 {
		copy(s.tag[:], b[4:8])
	}
	s.mu.Unlock()
	return s.far.Write(b)
}

// TestWhatAChannelCosts holds the server's side to five goroutines, and both
// sides of a channel together to 128 KiB of memory, stacks included.
func TestWhatAChannelCosts(t *testing.T) {
	const channels, clientGoroutines = 50, 3
	held := func() int64 {
		runtime.GC()
		runtime.GC() // what pools let go of by the first
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc + m.StackInuse)
	}
	goroutines, memory := runtime.NumGoroutine(), held()
	for range channels {
		n, f := lines(t)
		d := dial(t, associate(t, f), 0, "test")
		if _, err := d.Write([]byte("x")); err != nil {
			t.Fatal(err)
		}
		until(t, "the channel", func() bool { return n.got() == 1 })
	}
	each := float64(held()-memory) / channels
	// Some run for a moment only, while a channel begins.
	until(t, fmt.Sprintf("%d channels to take no more than %d goroutines each", channels, 5+clientGoroutines), func() bool {
		return runtime.NumGoroutine()-goroutines <= channels*(5+clientGoroutines)
	})
	t.Logf("%.0f KiB a channel, both sides", each/1024)
	if each > 128<<10 {
		t.Errorf("a channel takes %.0f KiB on both sides", each/1024)
	}
}
