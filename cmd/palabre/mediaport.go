package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"strconv"

	"palabre/sfu/udp"
)

// mediaPort is the media port, opened: as many sockets as there are cores
// where the system shares a port among them, else one; and its TCP twin.
type mediaPort struct {
	sockets []*udp.Socket
	udp     *net.UDPConn // the first socket
	tcp     net.Listener // nil without ICE-TCP
}

// portTries is how often the system is asked for a port number that is free for UDP and TCP.
const portTries = 10

// listenMedia opens the media port, for TCP on the same number as for UDP,
// also when the system chose it.
func (s settings) listenMedia(ctx context.Context) (*mediaPort, error) {
	host, asked, err := net.SplitHostPort(s.UDP)
	if err != nil {
		return nil, fmt.Errorf("open the media port: %w: choose another --udp", err)
	}
	for try := 1; ; try++ {
		port, err := s.listenUDP(ctx)
		if err != nil {
			return nil, fmt.Errorf("open the media port: %w: choose another --udp", err)
		}
		if !s.ICETCP {
			return port, nil
		}
		number := port.udp.LocalAddr().(*net.UDPAddr).Port
		port.tcp, err = new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort(host, strconv.Itoa(number)))
		if err == nil {
			return port, nil
		}
		_ = port.close() // nothing has come through it
		if asked != "0" || try == portTries {
			return nil, fmt.Errorf("open the media port for TCP: %w: choose another --udp, or --no-ice-tcp", err)
		}
	}
}

// listenUDP opens the sockets, at the address that a first one found to be free.
func (s settings) listenUDP(ctx context.Context) (*mediaPort, error) {
	first, err := new(net.ListenConfig).ListenPacket(ctx, "udp", s.UDP)
	if err != nil {
		return nil, err
	}
	conn, ok := first.(*net.UDPConn)
	if !ok {
		return nil, errors.Join(fmt.Errorf("a UDP port is a %T", first), first.Close())
	}
	if s.MediaPath == "pion" || udp.Supported() != nil {
		return &mediaPort{udp: conn}, nil
	}
	addr := conn.LocalAddr().(*net.UDPAddr).AddrPort()
	if err := conn.Close(); err != nil {
		return nil, err
	}
	sockets, err := udp.Listen(netip.AddrPortFrom(addr.Addr(), addr.Port()), runtime.GOMAXPROCS(0))
	if err != nil {
		return nil, err
	}
	return &mediaPort{sockets: sockets, udp: sockets[0].Conn()}, nil
}

// udpBuffer is what the kernel is asked to hold for the media port, in bytes:
// 160 ms of 200 Mbit/s, while the reader is busy.
const udpBuffer = 4 << 20

// widen asks for large buffers. Sockets that share the port have them: asked
// once more like this, the system would take back what it gave beyond its bound.
func (p *mediaPort) widen() error {
	if len(p.sockets) > 0 {
		return nil
	}
	return errors.Join(p.udp.SetReadBuffer(udpBuffer), p.udp.SetWriteBuffer(udpBuffer))
}

func (p *mediaPort) close() (err error) {
	if len(p.sockets) == 0 {
		err = ignoreClosed(p.udp.Close)()
	}
	for _, s := range p.sockets {
		err = errors.Join(err, ignoreClosed(s.Close)())
	}
	if p.tcp != nil {
		err = errors.Join(err, ignoreClosed(p.tcp.Close)())
	}
	return err
}
