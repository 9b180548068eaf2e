package shard

import "time"

// listenOften and listenSeldom are how often a shard without peers looks for
// what did not wake it, reports to other shards' peers: often while it hears
// anything at all.
const listenOften, listenSeldom = 25 * time.Millisecond, time.Second

// await blocks until something came or is due.
func (s *Shard) await(timer *time.Timer) {
	until := s.due()
	s.mu.Lock()
	idle := len(s.inbox) == 0 && s.interlude.at == len(s.batch) && !s.stopped
	s.asleep = idle
	s.mu.Unlock()
	if !idle {
		until = longAgo()
	}
	if s.port != nil {
		if idle && !until.IsZero() && s.bell.Set(until) {
			until = time.Time{} // the bell ends it
		}
		now, err := s.port.Wait(until)
		s.mu.Lock()
		s.asleep = false // what is taken now needs nobody to be woken
		s.mu.Unlock()
		if err == nil {
			s.take(now)
			return
		}
		s.port = nil // it is closed: what is left comes in the inbox
		return
	}
	if !idle {
		return
	}
	if !until.IsZero() {
		timer.Reset(time.Until(until))
	}
	select {
	case <-s.wake:
	case <-timer.C:
	}
}

// longAgo is for waits that only look.
func longAgo() time.Time { return time.Unix(0, 1) }

// take has what has come to the port put into inboxes.
func (s *Shard) take(now time.Time) {
	s.backlog = 0
	some, all := s.port.Take(now)
	if some {
		s.heard = now
	}
	if all {
		s.emptied = now
	} else if !s.emptied.IsZero() {
		s.backlog = now.Sub(s.emptied)
	}
}

// due is when the shard has something to do by itself; zero for never.
func (s *Shard) due() (at time.Time) {
	if s.rota.count > 0 {
		// Packets wake the shard more often than ticks need: then no timer has to,
		// and it is not set anew for each of them.
		if s.alarm.Before(s.looked.Add(tickEvery)) {
			s.alarm = s.looked.Add(tickEvery * 3 / 2)
		}
		at = s.alarm
	} else if s.port != nil {
		at = s.looked.Add(listenSeldom)
		if s.looked.Sub(s.heard) < listenSeldom {
			at = s.looked.Add(listenOften)
		}
	}
	if len(s.probing)+len(s.missing) > 0 {
		at = earlier(at, s.paced.Add(paceEvery))
	}
	for i := range s.runs {
		at = earlier(at, s.runs[i].waits())
	}
	if s.holding > 0 {
		for _, c := range s.choirs {
			if len(c.held) > 0 {
				at = earlier(at, c.due)
			}
		}
	}
	return at
}

// earlier is the first of two times, of which zero means never.
func earlier(a, b time.Time) time.Time {
	if b.IsZero() || !a.IsZero() && a.Before(b) {
		return a
	}
	return b
}
