// Package player is the clients of a benchmark, in another process: it sends datagrams
// at their times and answers connectivity checks.
//
// A benchmark that sends by itself pays for it: not only the calls, whose time
// could be taken off, but the work that a thread which sleeps and wakes makes
// for Go's scheduler and its monitor thread. That was a fifth of what the fan-out
// to two hundred seemed to cost. Here the process is started again and told what
// to send by which of its sockets, so that all the processor time it uses
// meanwhile is that of what is measured.
package player

import (
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strconv"
	"time"

	"github.com/pion/stun/v4"
)

// variable says, in the environment of a player, how many sockets it got.
const variable = "PALABRE_BENCH_PLAYER"

// hurry is how far a late datagram may have later ones hurry.
const hurry = 5 * time.Millisecond

// Socket is a client's.
type Socket struct {
	Conn *net.UDPConn
	To   netip.AddrPort
	// Password is the client's of ICE: with one, connectivity checks are answered (RFC 8445 section 7.3).
	Password string
}

// Datagram is what to send, when from the beginning on, and by which socket.
type Datagram struct {
	At     time.Duration
	Socket int
	Bytes  []byte
}

// order is what a player is told: where to and with which passwords, first, then in
// turns what to play, and to play it.
type order struct {
	To        []netip.AddrPort // by socket
	Passwords []string
	Load      []Datagram
	Linger    time.Duration
}

// reply is what it answers.
type reply struct{ Err string }

// Player is a process that sends. It is for one goroutine.
type Player struct {
	process *exec.Cmd
	orders  io.Closer
	out     *gob.Encoder
	in      *gob.Decoder
}

// Start starts this program again, which must call [Main] before anything
// else, to be these clients. The caller may close its own sockets then.
func Start(sockets []Socket) (*Player, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("start a player: %w", err)
	}
	p := &Player{process: exec.Command(program)}
	p.process.Env = append(os.Environ(), variable+"="+strconv.Itoa(len(sockets)))
	p.process.Stderr = os.Stderr
	var first order
	for _, s := range sockets {
		file, err := s.Conn.File()
		if err != nil {
			return nil, fmt.Errorf("hand a socket to a player: %w", err)
		}
		defer file.Close()
		first.To, first.Passwords = append(first.To, s.To), append(first.Passwords, s.Password)
		p.process.ExtraFiles = append(p.process.ExtraFiles, file)
	}
	orders, err := p.process.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start a player: %w", err)
	}
	replies, err := p.process.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start a player: %w", err)
	}
	if err := p.process.Start(); err != nil {
		return nil, fmt.Errorf("start a player: %w", err)
	}
	p.orders, p.out, p.in = orders, gob.NewEncoder(orders), gob.NewDecoder(replies)
	if err := p.tell(first); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return p, nil
}

// Load has the player remember what to play.
func (p *Player) Load(all []Datagram) error { return p.tell(order{Load: all}) }

// Play has it send what was loaded, and waits until it has and then has lingered.
func (p *Player) Play(linger time.Duration) error { return p.tell(order{Linger: linger}) }

func (p *Player) tell(o order) error {
	if err := p.out.Encode(o); err != nil {
		return fmt.Errorf("tell a player what to do: %w", err)
	}
	var r reply
	if err := p.in.Decode(&r); err != nil {
		return fmt.Errorf("wait for a player: %w", err)
	}
	if r.Err != "" {
		return fmt.Errorf("a player failed: %s", r.Err)
	}
	return nil
}

// Close ends the process.
func (p *Player) Close() error {
	err := p.orders.Close()
	if ended := p.process.Wait(); ended != nil {
		err = errors.Join(err, fmt.Errorf("end a player: %w", ended))
	}
	return err
}

// Main plays where this process is a player, until that is closed, and says
// whether it was one: then there is nothing else to do.
func Main() bool {
	count, err := strconv.Atoi(os.Getenv(variable))
	if err != nil {
		return false
	}
	if err := perform(count, os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "player:", err)
		os.Exit(1)
	}
	return true
}

// stage is what a player has: sockets, where they send, what it is to play.
type stage struct {
	sockets []*net.UDPConn
	to      []netip.AddrPort
	loaded  []Datagram
}

func perform(count int, orders io.Reader, replies io.Writer) error {
	s := stage{}
	for i := range count {
		const first = 3 // after the standard streams, see exec.Cmd.ExtraFiles
		file := os.NewFile(uintptr(first+i), "socket")
		conn, err := net.FilePacketConn(file)
		if err != nil {
			return fmt.Errorf("take a socket over: %w", err)
		}
		_ = file.Close() // conn has one of its own
		udp, ok := conn.(*net.UDPConn)
		if !ok {
			return fmt.Errorf("socket %d is a %T", i, conn)
		}
		s.sockets = append(s.sockets, udp)
	}
	in, out := gob.NewDecoder(orders), gob.NewEncoder(replies)
	for {
		var o order
		if err := in.Decode(&o); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("read an order: %w", err)
		}
		var r reply
		if err := s.follow(o); err != nil {
			r.Err = err.Error()
		}
		if err := out.Encode(r); err != nil {
			return fmt.Errorf("answer: %w", err)
		}
	}
}

func (s *stage) follow(o order) error {
	switch {
	case o.To != nil:
		s.to = o.To
		for i, password := range o.Passwords {
			if password != "" {
				go answer(s.sockets[i], password)
			}
		}
	case o.Load != nil:
		s.loaded = o.Load
	default:
		err := s.play()
		rest(o.Linger)
		return err
	}
	return nil
}

// play sends each datagram when it is due, or as soon as it can after that:
// where the machine stood still what follows is put off, it does not pile up.
func (s *stage) play() error {
	began := time.Now()
	for _, d := range s.loaded {
		switch ahead := d.At - time.Since(began); {
		case ahead > 0:
			rest(ahead)
		case ahead < -hurry:
			began = began.Add(-ahead)
		}
		if _, err := s.sockets[d.Socket].WriteToUDPAddrPort(d.Bytes, s.to[d.Socket]); err != nil {
			return fmt.Errorf("send: %w", err)
		}
	}
	return nil
}

// answer answers connectivity checks for as long as the process runs.
func answer(conn *net.UDPConn, password string) {
	b := make([]byte, 2048)
	for {
		n, from, err := conn.ReadFromUDPAddrPort(b)
		if err != nil {
			return
		}
		m := &stun.Message{Raw: b[:n]}
		if !stun.IsMessage(m.Raw) || m.Decode() != nil || m.Type != stun.BindingRequest {
			continue
		}
		if reply, err := Reply(m, from, password); err == nil {
			_, _ = conn.WriteToUDPAddrPort(reply, from) // it is asked again
		}
	}
}

// Reply is the answer to a connectivity check from an address, by who has the password.
func Reply(check *stun.Message, from netip.AddrPort, password string) ([]byte, error) {
	reply, err := stun.Build(check, stun.BindingSuccess, &stun.XORMappedAddress{IP: from.Addr().AsSlice(), Port: int(from.Port())},
		stun.NewShortTermIntegrity(password), stun.Fingerprint)
	if err != nil {
		return nil, fmt.Errorf("answer a connectivity check: %w", err)
	}
	return reply.Raw, nil
}
