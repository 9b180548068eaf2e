package signaling

import (
	"sync"
	"time"
)

// pulse looks after the connections of a server: who is silent is asked whether
// they are still there, and given up when they do not answer. One timer serves
// all, and runs while there is anybody: a timer of each connection, and those of
// its deadlines, would wake the process that much more often.
type pulse struct {
	mu      sync.Mutex
	conns   map[*conn]struct{}
	beating bool
}

// beats is how often everybody is looked after between two pings of one.
const beats = 10

// add looks after a connection from now on.
func (p *pulse) add(s *Server, c *conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.conns == nil {
		p.conns = map[*conn]struct{}{}
	}
	p.conns[c] = struct{}{}
	switch {
	case s.ctx.Err() != nil:
		c.wake() // to be closed
	case !p.beating:
		p.beating = true
		s.work.Add(1) // the connection is work, so that Close waits still
		go s.beat()
	}
}

func (p *pulse) remove(c *conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.conns, c)
}

// each calls do for every connection, which must not block, and says whether
// there is any. If not, the pulse stops.
func (p *pulse) each(do func(*conn)) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		do(c)
	}
	p.beating = len(p.conns) > 0
	return p.beating
}

// beat looks after everybody until nobody is left or the server closes.
func (s *Server) beat() {
	defer s.work.Done()
	period := max(s.cfg.Timing.Ping/beats, time.Millisecond)
	ticker := time.NewTicker(period)
	defer ticker.Stop()
	for {
		select {
		case <-s.ctx.Done():
			s.pulse.each((*conn).wake) // to be closed
			return
		case <-ticker.C:
		}
		now := s.now()
		if !s.pulse.each(func(c *conn) { c.attend(now, period) }) {
			return
		}
	}
}

// now is the server's clock.
func (s *Server) now() time.Duration { return time.Since(s.began) }

// attend gives up a client that will not have been heard for too long by the
// next look, and has one asked that said nothing, or was told nothing, for a
// while: what is on the way may cut a connection that is silent either way.
func (c *conn) attend(now, period time.Duration) {
	heard, told := time.Duration(c.heard.Load()), time.Duration(c.told.Load())
	switch {
	case now+period-heard > c.timing.Dead:
		_ = c.ws.SetReadDeadline(time.Unix(1, 0)) // wakes the reader
	case now-max(c.pinged, min(heard, told)) >= c.timing.Ping:
		c.pinged = now
		c.ping()
	}
}
