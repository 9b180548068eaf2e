package main

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
)

// nat stands between clients and a server's media port: the server sees each
// client at an address of the nat, which may change at any time.
type nat struct {
	t      *testing.T
	behind string
	front  net.PacketConn // nil where UDP is blocked
	tcp    net.Listener
	work   sync.WaitGroup
	// up and down drop what goes that way, but for those who are spared.
	up, down atomic.Bool

	mu     sync.Mutex
	spared map[string]bool
	ways   map[string]net.Conn // by the client's address
	made   int                 // ways so far
	conns  map[net.Conn]bool   // TCP, both sides
}

// publicIP is where clients of a nat find the server, which listens on 127.0.0.1.
const publicIP = "127.0.0.2"

// behindNAT starts a server whose media port is reached through a nat.
func behindNAT(t *testing.T, udp bool) (*server, *nat) {
	t.Helper()
	n := &nat{t: t, ways: map[string]net.Conn{}, conns: map[net.Conn]bool{}}
	until(t, "a port that is free everywhere", func() bool { return n.listen(udp) })
	s := serve(t, "--udp", n.behind, "--node-ip", publicIP)
	if udp {
		n.work.Go(n.forward)
	}
	n.work.Go(n.accept)
	t.Cleanup(n.close)
	return s, n
}

// listen opens a port at the public address that is free at the server's too.
func (n *nat) listen(udp bool) bool {
	tcp, err := net.Listen("tcp", net.JoinHostPort(publicIP, "0"))
	if err != nil {
		return false
	}
	_, port, _ := net.SplitHostPort(tcp.Addr().String())
	opened := []io.Closer{tcp}
	n.behind = net.JoinHostPort("127.0.0.1", port)
	one, errTCP := net.Listen("tcp", n.behind)
	two, errUDP := net.ListenPacket("udp", n.behind)
	if errTCP == nil {
		_ = one.Close()
	}
	if errUDP == nil {
		_ = two.Close()
	}
	var front net.PacketConn
	var errFront error
	if udp {
		front, errFront = net.ListenPacket("udp", net.JoinHostPort(publicIP, port))
		if errFront == nil {
			opened = append(opened, front)
		}
	}
	if errors.Join(errTCP, errUDP, errFront) != nil {
		for _, c := range opened {
			_ = c.Close()
		}
		return false
	}
	n.tcp, n.front = tcp, front
	return true
}

// forward takes datagrams of clients to the server.
func (n *nat) forward() {
	buffer := make([]byte, 2048)
	for {
		size, from, err := n.front.ReadFrom(buffer)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue
		}
		n.mu.Lock()
		if n.up.Load() && !n.spared[from.String()] {
			n.mu.Unlock()
			continue
		}
		way := n.ways[from.String()]
		if way == nil {
			way, err = new(net.Dialer).DialContext(context.Background(), "udp", n.behind)
			if err != nil {
				n.mu.Unlock()
				continue
			}
			n.ways[from.String()] = way
			n.made++
			n.work.Go(func() { n.back(way, from) })
		}
		n.mu.Unlock()
		_, _ = way.Write(buffer[:size])
	}
}

// back takes datagrams of the server to one client.
func (n *nat) back(way net.Conn, to net.Addr) {
	buffer := make([]byte, 2048)
	for {
		size, err := way.Read(buffer)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		n.mu.Lock()
		drop := n.down.Load() && !n.spared[to.String()]
		n.mu.Unlock()
		if err == nil && !drop {
			_, _ = n.front.WriteTo(buffer[:size], to)
		}
	}
}

// rebind gives every client another address on the server's side.
func (n *nat) rebind() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for from, way := range n.ways {
		_ = way.Close()
		delete(n.ways, from)
	}
}

// spare keeps the way open of everybody who has one now.
func (n *nat) spare() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.spared = map[string]bool{}
	for from := range n.ways {
		n.spared[from] = true
	}
}

// sockets says how many addresses the server has seen clients at.
func (n *nat) sockets() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.made
}

func (n *nat) accept() {
	for {
		client, err := n.tcp.Accept()
		if err != nil {
			return
		}
		server, err := new(net.Dialer).DialContext(context.Background(), "tcp", n.behind)
		if err != nil {
			_ = client.Close()
			continue
		}
		n.mu.Lock()
		n.conns[client], n.conns[server] = true, true
		n.mu.Unlock()
		pipe := func(to, from net.Conn) {
			_, _ = io.Copy(to, from)
			_, _ = to.Close(), from.Close()
		}
		n.work.Go(func() { pipe(client, server) })
		n.work.Go(func() { pipe(server, client) })
	}
}

// overTCP says how many clients came over TCP so far.
func (n *nat) overTCP() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.conns) / 2
}

func (n *nat) close() {
	if n.front != nil {
		_ = n.front.Close()
	}
	_ = n.tcp.Close()
	n.rebind()
	n.mu.Lock()
	for conn := range n.conns {
		_ = conn.Close()
	}
	n.mu.Unlock()
	n.work.Wait()
}

// cable is a TCP way to a server's HTTP port that can be cut.
type cable struct {
	url   string
	tcp   net.Listener
	work  sync.WaitGroup
	mu    sync.Mutex
	conns []net.Conn
	out   chan struct{} // closed when the cable is in again; nil while it is
}

func newCable(t *testing.T, s *server) *cable {
	t.Helper()
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cable{tcp: tcp, url: "http://" + tcp.Addr().String()}
	c.work.Go(func() {
		for {
			near, err := tcp.Accept()
			if err != nil {
				return
			}
			far, err := new(net.Dialer).DialContext(context.Background(), "tcp", "127.0.0.1:"+s.port())
			if err != nil {
				_ = near.Close()
				continue
			}
			c.mu.Lock()
			c.conns = append(c.conns, near, far)
			c.mu.Unlock()
			c.work.Go(func() { c.carry(near, far) })
			c.work.Go(func() { c.carry(far, near) })
		}
	})
	t.Cleanup(func() {
		_ = tcp.Close()
		c.plug()
		c.cut()
		c.work.Wait()
	})
	return c
}

// carry copies one direction, except while the cable is out.
func (c *cable) carry(to, from net.Conn) {
	defer func() { _ = to.Close() }()
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		c.mu.Lock()
		out := c.out
		c.mu.Unlock()
		if out != nil {
			<-out
		}
		if n > 0 {
			if _, err := to.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// pull holds everything back until plug; connections stay open, as they do
// when nobody says that the cable is out.
func (c *cable) pull() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.out = make(chan struct{})
}

func (c *cable) plug() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.out != nil {
		close(c.out)
		c.out = nil
	}
}

// cut resets every connection; new ones are let through.
func (c *cable) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, conn := range c.conns {
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
		_ = conn.Close()
	}
	c.conns = nil
}
