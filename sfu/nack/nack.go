// Package nack finds out what a publisher's packets lost on the way, and when
// to ask for them (again). It knows no clock: time comes as an argument.
package nack

import (
	"slices"
	"time"
)

const (
	// MaxTries is how often a packet is asked for before it is given up, every
	// time but the first twice in short order.
	MaxTries = 10
	// MaxAge is how long a packet is missed at most: a second later nobody can use it.
	MaxAge = time.Second
	// MaxMissing bounds the list. With more missing it is not a loss but a
	// break: only a key frame helps.
	MaxMissing = 256

	// minGap and maxGap bound the time between two requests for one packet:
	// not less than a path takes, not so long that the receiver's buffer runs dry.
	minGap = 20 * time.Millisecond
	maxGap = 400 * time.Millisecond
	// unknownRTT is assumed until a round trip was measured.
	unknownRTT = 100 * time.Millisecond
	// stale is how long a packet before a key frame is worth waiting for.
	stale = 250 * time.Millisecond
	// reorder is how long a gap may be mere reordering, not loss, at least; on a
	// path that was seen to reorder by more, that much, up to mostReorder.
	reorder, mostReorder = 5 * time.Millisecond, 40 * time.Millisecond
	// echo is how soon a request is repeated, from the second for a packet on:
	// a path that lost one request or its answer may lose the next. It costs a
	// few bytes; a publisher that answered the first ignores the second.
	echo = 10 * time.Millisecond
)

// missing is one packet we wait for.
type missing struct {
	sequence uint64
	since    time.Duration // when we noticed
	next     time.Duration // when to ask (again)
	tries    uint8
	echo     bool // next only repeats the last request
}

// ask notes that the packet is asked for now.
func (m *missing) ask(now, rtt time.Duration) {
	switch {
	case m.echo:
		m.echo, m.next = false, now+pause(rtt, m.tries)-echo
		return
	case m.tries > 0:
		m.echo, m.next = true, now+echo
	default:
		m.next = now + pause(rtt, 1)
	}
	m.tries++
}

// List is what is missing of one stream. The zero value is ready. It is not
// safe for concurrent use: the owner of the stream has it.
type List struct {
	entries []missing // ascending by sequence
	highest uint64
	lost    uint64
	rtt     time.Duration // as last told
	late    time.Duration // by how much packets were overtaken lately
	started bool
	broken  bool
}

// Seen notes that a packet came, first time or sent again, and says whether it
// was one we missed.
func (l *List) Seen(sequence uint64, now time.Duration) (recovered bool) {
	if !l.started {
		l.started, l.highest = true, sequence
		return false
	}
	if sequence <= l.highest {
		return l.found(sequence, now)
	}
	gap := sequence - l.highest - 1
	if gap+uint64(len(l.entries)) > MaxMissing {
		l.giveUp(gap)
	} else {
		next := now + min(max(l.late, reorder), mostReorder)
		for s := l.highest + 1; s < sequence; s++ {
			l.entries = append(l.entries, missing{sequence: s, since: now, next: next})
		}
	}
	l.highest = sequence
	return false
}

func (l *List) found(sequence uint64, now time.Duration) bool {
	i, ok := slices.BinarySearchFunc(l.entries, sequence, func(m missing, s uint64) int {
		switch {
		case m.sequence < s:
			return -1
		case m.sequence > s:
			return 1
		}
		return 0
	})
	if ok {
		l.late -= l.late / 8
		if late := now - l.entries[i].since; late < l.rtt { // too soon for an answer
			l.late = max(l.late, late)
		}
		l.entries = slices.Delete(l.entries, i, i+1)
	}
	return ok
}

// giveUp forgets everything missing, and gap packets more.
func (l *List) giveUp(gap uint64) {
	l.lost += gap + uint64(len(l.entries))
	l.entries = l.entries[:0]
	l.broken = true
}

// KeyFrame notes that a key frame starts at sequence: nobody needs what has
// been missing for a while before it. What was lost just now may still be shown in time.
func (l *List) KeyFrame(sequence uint64, now time.Duration) {
	l.entries = slices.DeleteFunc(l.entries, func(m missing) bool {
		return m.sequence < sequence && now-m.since > stale
	})
	l.broken = false
}

// Due appends to dst the sequence numbers to ask for now, in order. rtt is the
// round trip to the publisher, 0 when it is not known yet.
func (l *List) Due(now, rtt time.Duration, dst []uint16) []uint16 {
	if rtt <= 0 {
		rtt = unknownRTT
	}
	l.rtt = rtt
	kept := l.entries[:0]
	for _, m := range l.entries {
		if m.next <= now {
			if !m.echo && (m.tries >= MaxTries || now-m.since > MaxAge) {
				l.lost++
				l.broken = true
				continue
			}
			m.ask(now, rtt)
			dst = append(dst, uint16(m.sequence))
		}
		kept = append(kept, m)
	}
	l.entries = kept
	return dst
}

// pause is how long to wait for an answer to the try-th request: a round trip
// and some, longer every time, because a path that lost the answer is a busy one.
func pause(rtt time.Duration, try uint8) time.Duration {
	wait := rtt + rtt/4*time.Duration(try)
	return min(max(wait, minGap), maxGap)
}

// Missing is how many packets are waited for.
func (l *List) Missing() int { return len(l.entries) }

// Broken says that something was given up since the last key frame: a video
// stream cannot be decoded until the next.
func (l *List) Broken() bool { return l.broken }

// Reset forgets everything but the count of lost packets, for a stream that starts anew.
func (l *List) Reset() { *l = List{entries: l.entries[:0], lost: l.lost} }
