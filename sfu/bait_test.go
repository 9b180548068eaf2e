package sfu_test

import (
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// bait listens where a hostile offer says its candidates are.
type bait struct {
	port           int
	packets, conns atomic.Int64
	udp            net.PacketConn
	tcp            net.Listener
	done           sync.WaitGroup
}

func newBait() (*bait, error) {
	b := &bait{}
	if err := b.listen(); err != nil {
		return nil, err
	}
	b.done.Go(func() {
		for buffer := make([]byte, 1500); ; {
			if _, _, err := b.udp.ReadFrom(buffer); err != nil {
				return
			}
			b.packets.Add(1)
		}
	})
	b.done.Go(func() {
		for {
			c, err := b.tcp.Accept()
			if err != nil {
				return
			}
			b.conns.Add(1)
			_ = c.Close()
		}
	})
	return b, nil
}

// listen finds a port that nobody has of both protocols.
func (b *bait) listen() (err error) {
	for range 20 {
		if b.udp, err = net.ListenPacket("udp4", "127.0.0.1:0"); err != nil {
			return err
		}
		b.port = b.udp.LocalAddr().(*net.UDPAddr).Port
		if b.tcp, err = net.Listen("tcp4", b.udp.LocalAddr().String()); err == nil {
			return nil
		}
		_ = b.udp.Close()
	}
	return err
}

func (b *bait) wait(d time.Duration) { <-time.NewTimer(d).C }

func (b *bait) close() {
	_ = b.udp.Close()
	_ = b.tcp.Close()
	b.done.Wait()
}
