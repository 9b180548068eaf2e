package storetest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Proxy stands between a store and a PostgreSQL server of a test, and makes
// every question wait.
type Proxy struct {
	listener net.Listener
	server   *Server
	delay    atomic.Int64
	held     atomic.Pointer[chan struct{}]
	ctx      context.Context
	end      context.CancelFunc
	working  sync.WaitGroup
}

// NewProxy starts one on a free port. Close it after use.
func (s *Server) NewProxy(ctx context.Context) (*Proxy, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for a proxy: %w", err)
	}
	p := &Proxy{listener: listener, server: s}
	p.ctx, p.end = context.WithCancel(context.WithoutCancel(ctx))
	p.working.Go(p.accept)
	return p, nil
}

// URL is that of a database through the proxy.
func (p *Proxy) URL(database string) string {
	return fmt.Sprintf("postgres://postgres@%s/%s?sslmode=disable", p.listener.Addr(), database)
}

// Delay has every question wait for so long from now on.
func (p *Proxy) Delay(d time.Duration) { p.delay.Store(int64(d)) }

// Hold lets no question through until release, as a machine that hangs.
func (p *Proxy) Hold() (release func()) {
	gate := make(chan struct{})
	p.held.Store(&gate)
	return sync.OnceFunc(func() { p.held.Store(nil); close(gate) })
}

// Close ends it and all connections through it.
func (p *Proxy) Close() error {
	p.end()
	err := p.listener.Close()
	p.working.Wait()
	return err
}

func (p *Proxy) accept() {
	for {
		conn, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.working.Go(func() { p.carry(conn) })
	}
}

func (p *Proxy) carry(client net.Conn) {
	server, err := new(net.Dialer).DialContext(p.ctx, "unix", p.server.Socket())
	if err != nil {
		_ = client.Close()
		return
	}
	end := sync.OnceFunc(func() { _, _ = client.Close(), server.Close() })
	defer context.AfterFunc(p.ctx, end)()
	var both sync.WaitGroup
	both.Go(func() { defer end(); p.questions(client, server) })
	both.Go(func() { defer end(); _, _ = io.Copy(client, server) })
	both.Wait()
}

// questions passes on what the client asks, late.
func (p *Proxy) questions(client io.Reader, server io.Writer) {
	buffer := make([]byte, 64<<10)
	for {
		n, err := client.Read(buffer)
		if n > 0 {
			err = errors.Join(err, p.pass(server, buffer[:n]))
		}
		if err != nil {
			return
		}
	}
}

func (p *Proxy) pass(server io.Writer, question []byte) error {
	if gate := p.held.Load(); gate != nil {
		select {
		case <-*gate:
		case <-p.ctx.Done():
			return p.ctx.Err()
		}
	}
	if delay := time.Duration(p.delay.Load()); delay > 0 {
		timer := time.NewTimer(delay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-p.ctx.Done():
			return p.ctx.Err()
		}
	}
	_, err := server.Write(question)
	return err
}
