package main

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"palabre/internal/simnet"
)

const (
	serverAddress, clientAddress = "10.88.0.1", "10.88.0.2"
	// ethernet is the header of a frame, in bytes; its last two say what it carries.
	ethernet = 14
	// maxFrame is more than an interface with the usual MTU sends.
	maxFrame = 2048
)

// lab is the two namespaces and the cable between them.
type lab struct {
	server, client *namespace
	up, down       *wire
	running        sync.WaitGroup
}

func newLab() (*lab, error) {
	server, err := newNamespace(serverAddress)
	if err != nil {
		return nil, err
	}
	client, err := newNamespace(clientAddress)
	if err != nil {
		server.close()
		return nil, err
	}
	l := &lab{server: server, client: client, up: newWire(1, client.tap, server.tap), down: newWire(2, server.tap, client.tap)}
	l.running.Go(l.up.carry)
	l.running.Go(l.down.carry)
	return l, nil
}

func (l *lab) close() {
	l.server.close()
	l.client.close()
	l.up.stop()
	l.down.stop()
	l.running.Wait()
}

// shape is a [simnet.Shape] in the words of commands: percent, kbit/s, bytes, milliseconds.
type shape struct {
	Kbits     int     `json:"kbits"`
	Queue     int     `json:"queue"`
	Loss      float64 `json:"loss"`
	Burst     float64 `json:"burst"`
	Delay     float64 `json:"delay"`
	Jitter    float64 `json:"jitter"`
	Reorder   float64 `json:"reorder"`
	Duplicate float64 `json:"duplicate"`
	MTU       int     `json:"mtu"`
	Dead      bool    `json:"dead"`
}

func (s *shape) real() simnet.Shape {
	ms := func(n float64) time.Duration { return time.Duration(n * float64(time.Millisecond)) }
	return simnet.Shape{
		Rate: s.Kbits * 1000, Queue: s.Queue, Loss: s.Loss / 100, Burst: s.Burst, Delay: ms(s.Delay), Jitter: ms(s.Jitter),
		Reorder: s.Reorder / 100, Duplicate: s.Duplicate / 100, MTU: s.MTU, Dead: s.Dead,
	}
}

// command is one line of the input.
type command struct {
	Up            *shape  `json:"up"`
	Down          *shape  `json:"down"`
	Blocked       *string `json:"blocked"`
	ClientAddress *string `json:"clientAddress"`
}

// answer is what a command is answered with.
type answer struct {
	Up    *counted `json:"up,omitempty"`
	Down  *counted `json:"down,omitempty"`
	Error string   `json:"error,omitempty"`
}

type counted struct {
	Delivered  int `json:"delivered"`
	Bytes      int `json:"bytes"`
	Lost       int `json:"lost"`
	Overflowed int `json:"overflowed"`
	TooBig     int `json:"tooBig"`
	Swallowed  int `json:"swallowed"`
	Blocked    int `json:"blocked"`
}

func (l *lab) obey(line []byte) answer {
	if err := l.apply(line); err != nil {
		return answer{Error: err.Error()}
	}
	return answer{Up: l.up.count(), Down: l.down.count()}
}

func (l *lab) apply(line []byte) error {
	var c command
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(&c); err != nil {
		return fmt.Errorf("read the command: %w", err)
	}
	if c.Blocked != nil {
		protocol, ok := map[string]int32{"": 0, "udp": unix.IPPROTO_UDP, "tcp": unix.IPPROTO_TCP}[*c.Blocked]
		if !ok {
			return fmt.Errorf("cannot block %q: it is udp, tcp or nothing", *c.Blocked)
		}
		l.up.blocked.Store(protocol)
		l.down.blocked.Store(protocol)
	}
	if c.Up != nil {
		l.up.link.Set(c.Up.real())
	}
	if c.Down != nil {
		l.down.link.Set(c.Down.real())
	}
	if c.ClientAddress != nil {
		return l.client.do(func() error { return setAddress(*c.ClientAddress) })
	}
	return nil
}

// wire carries frames one way.
type wire struct {
	from, to *os.File
	link     *simnet.Link[[]byte]
	start    time.Time
	blocked  atomic.Int32 // IP protocol
	dropped  atomic.Int64 // for that

	mu    sync.Mutex // keeps arrivals in order
	timer *time.Timer
}

func newWire(seed uint64, from, to *os.File) *wire {
	w := &wire{from: from, to: to, link: simnet.NewLink[[]byte](seed, simnet.Shape{}), start: time.Now()}
	w.timer = time.AfterFunc(time.Hour, w.drain)
	return w
}

// carry reads frames until the interface is gone.
func (w *wire) carry() {
	buffer := make([]byte, maxFrame)
	for {
		n, err := w.from.Read(buffer)
		if errors.Is(err, os.ErrClosed) {
			return
		}
		if err != nil || n < ethernet {
			continue
		}
		frame := bytes.Clone(buffer[:n])
		if b := w.blocked.Load(); b != 0 && protocol(frame) == b {
			w.dropped.Add(1)
			continue
		}
		w.link.Send(frame, n-ethernet, time.Since(w.start))
		w.drain()
	}
}

// protocol is what an IPv4 frame carries, 0 for others.
func protocol(frame []byte) int32 {
	const atProtocol = ethernet + 9
	if len(frame) <= atProtocol || binary.BigEndian.Uint16(frame[ethernet-2:]) != unix.ETH_P_IP {
		return 0
	}
	return int32(frame[atProtocol])
}

// drain writes what has arrived and sets the timer for the rest.
func (w *wire) drain() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for {
		now := time.Since(w.start)
		frame, _, ok := w.link.Receive(now)
		if !ok {
			if at, more := w.link.Next(); more {
				w.timer.Reset(at - now)
			}
			return
		}
		_, _ = w.to.Write(frame) // an interface that is gone receives nothing
	}
}

func (w *wire) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.timer.Stop()
}

func (w *wire) count() *counted {
	c := w.link.Counts()
	return &counted{
		Delivered: c.Fates[simnet.Delivered], Bytes: c.Bytes, Lost: c.Fates[simnet.Lost], Overflowed: c.Fates[simnet.Overflowed],
		TooBig: c.Fates[simnet.TooBig], Swallowed: c.Fates[simnet.Swallowed], Blocked: int(w.dropped.Load()),
	}
}
