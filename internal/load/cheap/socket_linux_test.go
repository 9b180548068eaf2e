package cheap

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"palabre/client/clienttest"
)

// TestArrivalIsWhenItCame lets a packet wait in the socket for 50 ms.
func TestArrivalIsWhenItCame(t *testing.T) {
	f, batch := unwatched(t, false), newBatch()
	last := func() time.Time { return f.pictures.arrivals[len(f.pictures.arrivals)-1] }
	number := uint16(0)
	until(t, "the kernel to begin with stamps", func() bool { // it does so when it has time
		f.send(pictureSSRC, number, "first")
		number++
		sent := time.Now()
		f.subscriber.look(batch)
		return last().Before(sent)
	})
	before := time.Now()
	f.send(pictureSSRC, number, "picture")
	after := time.Now()
	<-time.After(50 * time.Millisecond)
	f.subscriber.look(batch)
	if came := last(); came.Before(before) || came.After(after) {
		t.Errorf("stamped %v after it was sent, which took %v", came.Sub(before), after.Sub(before))
	}
}

func TestArrivalLiesBetweenTwoLooks(t *testing.T) {
	now := time.Now()
	empty := now.Add(-10 * time.Millisecond)
	for name, c := range map[string]struct {
		stamp int64
		want  time.Time
	}{
		"as stamped":                    {now.UnixNano() - int64(4*time.Millisecond), now.Add(-4 * time.Millisecond)},
		"no stamp":                      {0, now},
		"the wall clock was put back":   {now.Add(time.Hour).UnixNano(), now},
		"the wall clock was put onward": {now.Add(-time.Hour).UnixNano(), empty},
	} {
		if got := arrival(c.stamp, empty, now); !got.Equal(c.want) || got.Sub(now) != c.want.Sub(now) {
			t.Errorf("%s: %v before it was read, want %v", name, now.Sub(got), now.Sub(c.want))
		}
	}
}

// TestOverflowIsCounted leaves a small socket unread for too long.
func TestOverflowIsCounted(t *testing.T) {
	f, batch := unwatched(t, false), newBatch()
	if err := unix.SetsockoptInt(f.subscriber.socket.fd, unix.SOL_SOCKET, unix.SO_RCVBUF, 1); err != nil {
		t.Fatal(err)
	}
	const sent = 200
	for n := range uint16(sent) {
		if n%100 == 0 { // what is sent next tells of those before
			f.subscriber.look(batch)
		}
		f.send(pictureSSRC, n, "picture")
	}
	f.subscriber.look(batch)
	f.send(pictureSSRC, sent, "the last one")
	f.subscriber.look(batch)
	got, lost := f.pictures.count(), int(f.subscriber.Overflow())
	if lost < sent/2 || got+lost != sent+1 {
		t.Errorf("%d of %d came and %d overflowed", got, sent+1, lost)
	}
}

// TestWhatIsSampledDoesNotOverflow has the kernel throw packets away on demand.
func TestWhatIsSampledDoesNotOverflow(t *testing.T) {
	f, batch := unwatched(t, false), newBatch()
	if err := f.subscriber.Sample(16); err != nil {
		t.Fatal(err)
	}
	for n := range uint16(160) {
		f.send(pictureSSRC, n, "picture")
	}
	f.subscriber.look(batch)
	if got, lost := f.pictures.count(), f.subscriber.Overflow(); got != 10 || lost != 0 {
		t.Errorf("%d came and %d overflowed", got, lost)
	}
}

// TestNobodyIsWokenForAMember looks for its socket in all epoll instances.
func TestNobodyIsWokenForAMember(t *testing.T) {
	crowd, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(crowd.Close)
	s, err := crowd.openSocket("udp4")
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	running.Go(func() { _ = s.wait(func([]datagram) {}) })
	t.Cleanup(func() { s.close(); running.Wait() })
	var inode uint64
	err = s.control(func(fd int) error {
		var stat unix.Stat_t
		defer func() { inode = stat.Ino }()
		return unix.Fstat(fd, &stat)
	})
	if err != nil {
		t.Fatal(err)
	}
	if !polled(t, inode) {
		t.Fatal("nobody waits for who joins")
	}
	if err := s.detach(&sync.Mutex{}); err != nil {
		t.Fatal(err)
	}
	if polled(t, inode) {
		t.Error("somebody is woken for a member")
	}
}

// polled says whether one of this process's epoll instances holds a socket
// (proc_pid_fdinfo(5)).
func polled(t *testing.T, inode uint64) bool {
	t.Helper()
	files, err := filepath.Glob("/proc/self/fdinfo/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		raw, _ := os.ReadFile(file) // it may have been closed
		for line := range strings.Lines(string(raw)) {
			_, rest, found := strings.Cut(line, "ino:")
			digits, _, _ := strings.Cut(rest, " ")
			if have, err := strconv.ParseUint(digits, 16, 64); strings.HasPrefix(line, "tfd:") && found && err == nil && have == inode {
				return true
			}
		}
	}
	return false
}

// TestCloseWhileDatagramsCome lets half of a crowd leave and the rest be ended
// under a flood, and counts the descriptors.
func TestCloseWhileDatagramsCome(t *testing.T) {
	before := descriptors(t)
	server := clienttest.NewServer()
	crowd := crowdAt(t, server)
	var members []*Subscriber
	for i := range 6 {
		s, _, err := crowd.Join(within(t), fmt.Sprint("Somebody ", i), silence)
		if err != nil {
			t.Fatal(err)
		}
		members = append(members, s)
	}
	stop := flood(t, members)
	for _, s := range members[:3] {
		if err := s.Leave(within(t)); err != nil && !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
	}
	crowd.Close()
	stop()
	for _, s := range members {
		if s.socket.fd >= 0 {
			t.Error("a socket is still open")
		}
	}
	server.Close()
	until(t, "all descriptors to be given back", func() bool { return descriptors(t) <= before })
}

// flood sends checks, media and rubbish to members until it is stopped.
func flood(t *testing.T, members []*Subscriber) (stop func()) {
	t.Helper()
	var ports []netip.AddrPort
	for _, s := range members {
		port := s.socket.conn.LocalAddr().(*net.UDPAddr).AddrPort().Port()
		ports = append(ports, netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), port))
	}
	socket, err := net.ListenUDP("udp4", nil)
	if err != nil {
		t.Fatal(err)
	}
	var sending sync.WaitGroup
	sending.Go(func() {
		for n := 0; ; n++ {
			datagram := make([]byte, 100)
			datagram[0] = []byte{0, 22, 0x80, 0x90, 255}[n%5]
			_, err := socket.WriteToUDPAddrPort(datagram, ports[n%len(ports)])
			if errors.Is(err, net.ErrClosed) {
				return
			}
		}
	})
	return func() { _ = socket.Close(); sending.Wait() }
}

func descriptors(t *testing.T) int {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}
