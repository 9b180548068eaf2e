package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// asLabnet in the environment makes the test binary labnet itself.
const asLabnet = "LABNET_TEST_MAIN"

func TestMain(m *testing.M) {
	if os.Getenv(asLabnet) != "" {
		main()
		return
	}
	goleak.VerifyTestMain(m)
}

const wait = 10 * time.Second

func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(wait); !ok(); {
		if time.Now().After(deadline) {
			t.Fatalf("waited %v for %s", wait, what)
		}
		<-time.NewTimer(5 * time.Millisecond).C
	}
}

// bench is a lab with an echo on UDP and TCP in the server's namespace.
type bench struct {
	*lab
	t       *testing.T
	service *net.UDPAddr
	tcp     string
}

func newBench(t *testing.T) *bench {
	t.Helper()
	l, err := newLab()
	if errors.Is(err, errUnable) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.close)
	var udp net.PacketConn
	var tcp net.Listener
	err = l.server.do(func() (err error) {
		if udp, err = net.ListenPacket("udp4", serverAddress+":0"); err == nil {
			tcp, err = net.Listen("tcp4", serverAddress+":0")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	echoing := make(chan struct{})
	go func() {
		defer close(echoing)
		b := make([]byte, 1500)
		for {
			n, from, err := udp.ReadFrom(b)
			if err != nil {
				return
			}
			_, _ = udp.WriteTo(append(b[:n:n], from.String()...), from)
		}
	}()
	t.Cleanup(func() { _, _ = udp.Close(), tcp.Close(); <-echoing })
	service, ok := udp.LocalAddr().(*net.UDPAddr)
	if !ok {
		t.Fatalf("the echo listens on a %T", udp.LocalAddr())
	}
	return &bench{l, t, service, tcp.Addr().String()}
}

// dial opens a socket in the client's namespace.
func (b *bench) dial() net.Conn {
	b.t.Helper()
	var c net.Conn
	err := b.client.do(func() (err error) { c, err = net.DialUDP("udp4", nil, b.service); return err })
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { _ = c.Close() })
	return c
}

// say obeys a command that must be good, and gives the counts.
func (b *bench) say(command string) answer {
	b.t.Helper()
	a := b.obey([]byte(command))
	if a.Error != "" {
		b.t.Fatalf("%s: %s", command, a.Error)
	}
	return a
}

// echo sends a datagram and gives what comes back, within a while.
func (b *bench) echo(c net.Conn, patience time.Duration) string {
	b.t.Helper()
	if _, err := c.Write([]byte("hello ")); err != nil {
		b.t.Fatal(err)
	}
	_ = c.SetReadDeadline(time.Now().Add(patience))
	answer := make([]byte, 1500)
	n, err := c.Read(answer)
	if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		b.t.Fatal(err)
	}
	return string(answer[:n])
}

func TestDelay(t *testing.T) {
	b := newBench(t)
	c := b.dial()
	if got := b.echo(c, wait); !strings.HasPrefix(got, "hello "+clientAddress) {
		t.Fatalf("the echo gives %q", got)
	}
	b.say(`{"up":{"delay":20},"down":{"delay":30}}`)
	start := time.Now()
	if got := b.echo(c, wait); got == "" || time.Since(start) < 50*time.Millisecond {
		t.Errorf("%q came back after %v", got, time.Since(start))
	}
}

func TestLossOneWay(t *testing.T) {
	b := newBench(t)
	c := b.dial()
	b.echo(c, wait) // and the machines know each other
	const n = 400
	before := b.say(`{"up":{"loss":50}}`)
	for range n {
		if _, err := c.Write([]byte("one of many")); err != nil {
			t.Fatal(err)
		}
	}
	var after answer
	until(t, "all to be decided about", func() bool {
		after = b.say(`{}`)
		return after.Up.Lost+after.Up.Delivered-before.Up.Delivered >= n
	})
	if lost := after.Up.Lost; lost < n*4/10 || lost > n*6/10 || after.Down.Lost != 0 {
		t.Errorf("of %d lost: %+v, %+v", n, *after.Up, *after.Down)
	}
}

func TestDeadAndAlive(t *testing.T) {
	b := newBench(t)
	c := b.dial()
	b.echo(c, wait)
	b.say(`{"down":{"dead":true}}`)
	if got := b.echo(c, 200*time.Millisecond); got != "" {
		t.Errorf("%q came over a dead cable", got)
	}
	until(t, "the loss to be counted", func() bool { return b.say(`{}`).Down.Swallowed > 0 })
	b.say(`{"down":{}}`)
	until(t, "an echo", func() bool { return b.echo(c, time.Second) != "" })
}

func TestBlockedUDPLeavesTCP(t *testing.T) {
	b := newBench(t)
	c := b.dial()
	b.echo(c, wait)
	b.say(`{"blocked":"udp"}`)
	if got := b.echo(c, 200*time.Millisecond); got != "" {
		t.Errorf("%q came through", got)
	}
	if a := b.say(`{}`); a.Up.Blocked == 0 || a.Up.Swallowed != 0 {
		t.Errorf("counted %+v", *a.Up)
	}
	if err := b.client.do(func() error {
		tcp, err := net.DialTimeout("tcp4", b.tcp, wait)
		if err == nil {
			err = tcp.Close()
		}
		return err
	}); err != nil {
		t.Error(err)
	}
	b.say(`{"blocked":""}`)
	until(t, "an echo", func() bool { return b.echo(c, time.Second) != "" })
}

func TestClientMoves(t *testing.T) {
	b := newBench(t)
	b.echo(b.dial(), wait)
	b.say(`{"clientAddress":"10.88.0.7"}`)
	if got := b.echo(b.dial(), wait); !strings.HasPrefix(got, "hello 10.88.0.7:") {
		t.Errorf("the echo gives %q", got)
	}
}

func TestBadCommands(t *testing.T) {
	b := newBench(t)
	for _, bad := range []string{"", "{", `{"sideways":{}}`, `{"blocked":"everything"}`, `{"clientAddress":"home"}`, `{"up":{"loss":"much"}}`} {
		if a := b.obey([]byte(bad)); a.Error == "" || a.Up != nil {
			t.Errorf("%s: answered %+v", bad, a)
		}
	}
}

// TestCommand runs labnet itself, and a command in each namespace.
func TestCommand(t *testing.T) {
	newBench(t) // or skip
	labnet := func(args ...string) *exec.Cmd {
		c := exec.CommandContext(t.Context(), os.Args[0], args...)
		c.Env = append(os.Environ(), asLabnet+"=1")
		return c
	}
	c := labnet()
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	first, err := lines.ReadBytes('\n')
	var g greeting
	if err == nil {
		err = json.Unmarshal(first, &g)
	}
	if err != nil {
		t.Fatalf("%v: %s", err, first)
	}
	for _, where := range []string{g.Server, g.Client} {
		got, err := labnet("exec", where, "cat", "/proc/net/dev").CombinedOutput()
		if names := strings.Count(string(got), ":"); err != nil || names != 2 || !strings.Contains(string(got), card+":") {
			t.Errorf("%v: interfaces\n%s", err, got)
		}
	}
	if _, err := in.Write([]byte("{\"up\":{\"kbits\":300}}\n")); err != nil {
		t.Fatal(err)
	}
	if answer, err := lines.ReadBytes('\n'); err != nil || !bytes.HasPrefix(answer, []byte(`{"up":{"delivered":`)) {
		t.Errorf("answered %s, %v", answer, err)
	}
	if err := errors.Join(in.Close(), c.Wait()); err != nil {
		t.Error(err)
	}
	if got, err := labnet("exec", g.Client, "true").CombinedOutput(); err == nil || !strings.Contains(string(got), "is its labnet still running?") {
		t.Errorf("after the end: %v, %s", err, got)
	}
}
