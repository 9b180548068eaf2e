//go:build amd64 || arm64

package udp

import (
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// maxWait is how long one flush may wait for room in the socket's buffer:
// longer than the burst of a key frame takes to drain, shorter than anybody hears.
const maxWait = 5 * time.Millisecond

// run is what one message carries: count datagrams of a route, from slot first on.
type run struct {
	route        *Route
	first, count int32
}

// tally is what one flush did; the counters are shared and cost more to touch.
type tally struct{ datagrams, messages, calls, segmented, dropped, waits, fallbacks int }

func (t *tally) report(c *Counters) {
	c.Datagrams.Add(uint64(t.datagrams))
	c.Messages.Add(uint64(t.messages))
	c.Calls.Add(uint64(t.calls))
	if t.segmented > 0 {
		c.Segmented.Add(uint64(t.segmented))
	}
	if t.dropped+t.waits+t.fallbacks > 0 {
		c.Dropped.Add(uint64(t.dropped))
		c.Waits.Add(uint64(t.waits))
		c.Fallbacks.Add(uint64(t.fallbacks))
	}
}

// flushTo makes messages of what waits, route by route, and sends them.
func (o *Outbox) flushTo(fd uintptr) {
	for _, r := range o.routes {
		if !o.addressed(r) {
			o.drop(r)
			continue
		}
		for at := r.first; at != none; {
			if o.count == maxMessages {
				o.sendAll(fd)
			}
			at = o.build(r, at)
		}
	}
	o.sendAll(fd)
}

// addressed says whether there is a way to r's destination from this socket.
func (o *Outbox) addressed(r *Route) bool {
	if r.nameSize == 0 {
		r.nameSize = putName(&r.name, r.to, o.socket.six, scopeOf(r.to.Addr().Zone()))
	}
	return r.nameSize > 0
}

func (o *Outbox) drop(r *Route) {
	for at := r.first; at != none; at = o.slots[at].next {
		o.tally.dropped++
	}
}

// build makes the next message: the longest run from slot at on of datagrams of
// one size, of which the last may be shorter. It returns the slot after it.
func (o *Outbox) build(r *Route, at int32) int32 {
	first, size := at, o.slots[at].size
	count, bytes, end := int32(0), int32(0), int32(none)
	from := len(o.vectors)
	for at != none {
		s := &o.slots[at]
		if count > 0 && (s.size > size || bytes+s.size > maxRun) {
			break
		}
		if s.offset == end {
			vector := &o.vectors[len(o.vectors)-1]
			vector.SetLen(int(vector.Len) + int(s.size))
		} else {
			o.vectors = append(o.vectors, unix.Iovec{Base: &o.arena[s.offset], Len: uint64(s.size)})
		}
		count, bytes, end, at = count+1, bytes+s.size, s.offset+s.size, s.next
		if s.size < size || count == maxSegments || r.alone || !o.segments {
			break
		}
	}
	header := &o.messages[o.count].header
	header.Name, header.Namelen = &r.name[0], r.nameSize
	header.Iov = &o.vectors[from]
	header.SetIovlen(len(o.vectors) - from)
	header.Control = nil
	header.SetControllen(0)
	if count > 1 {
		control := &o.controls[o.count]
		setSegment(control, int(size))
		header.Control = &control[0]
		header.SetControllen(segmentControl)
	}
	o.runs[o.count] = run{r, first, count}
	o.count++
	return at
}

// sendAll sends the messages built so far.
func (o *Outbox) sendAll(fd uintptr) {
	for sent := 0; sent < o.count; {
		n, errno := o.call(fd, o.messages[sent:o.count])
		switch {
		case errno == 0:
			for _, r := range o.runs[sent : sent+n] {
				o.sent(int(r.count))
			}
			sent += n
		case errno == unix.EAGAIN: // for longer than we wait: too much for the network
			for _, r := range o.runs[sent:o.count] {
				o.tally.dropped += int(r.count)
			}
			sent = o.count
		case o.runs[sent].count > 1 && refusesSegments(errno):
			o.split(fd, o.runs[sent])
			sent++
		default: // this destination cannot be reached; others can
			o.tally.dropped += int(o.runs[sent].count)
			sent++
		}
	}
	for i := range o.count { // what was sent must not keep viewers who left
		o.messages[i].header.Name, o.runs[i].route = nil, nil
	}
	o.count, o.vectors = 0, o.vectors[:0]
}

// call is one system call, repeated when interrupted and, while this flush has
// patience left, when the socket's buffer is full.
func (o *Outbox) call(fd uintptr, messages []message) (int, syscall.Errno) {
	for {
		n, errno := o.send(fd, messages)
		o.tally.calls++
		switch {
		case errno == unix.EAGAIN && o.patience > 0:
			o.tally.waits++
			o.patience -= max(o.wait(fd, o.patience), maxWait/maxWaits)
		case errno != unix.EINTR:
			return n, errno
		}
	}
}

// maxWaits bounds how often one flush waits, should the system say at once
// that there is room and then that there is none.
const maxWaits = 50

func (o *Outbox) sent(datagrams int) {
	o.tally.messages++
	o.tally.datagrams += datagrams
	if datagrams > 1 {
		o.tally.segmented += datagrams
	}
}

// refusesSegments tells errors that blame the segments from those that blame the
// destination: EIO is a device without checksums of its own, EINVAL and EMSGSIZE
// a path narrower than a segment, EOPNOTSUPP a kernel or sandbox without them.
func refusesSegments(errno syscall.Errno) bool {
	return errno == unix.EIO || errno == unix.EINVAL || errno == unix.EMSGSIZE || errno == unix.EOPNOTSUPP
}

// split sends the datagrams of a run one by one; from now on all of its route do.
func (o *Outbox) split(fd uintptr, refused run) {
	if !refused.route.alone { // it may have had several runs in this call
		refused.route.alone = true
		o.tally.fallbacks++
	}
	at := refused.first
	for range refused.count {
		s := &o.slots[at]
		o.lone.Base = &o.arena[s.offset]
		o.lone.SetLen(int(s.size))
		header := &o.single[0].header
		header.Name, header.Namelen = &refused.route.name[0], refused.route.nameSize
		header.Iov = &o.lone
		header.SetIovlen(1)
		if _, errno := o.call(fd, o.single[:]); errno == 0 {
			o.sent(1)
		} else {
			o.tally.dropped++
		}
		at = s.next
	}
	o.single[0].header.Name = nil
}

// waitWritable waits until the socket takes datagrams again, in whole
// milliseconds, and returns for how long.
func waitWritable(fd uintptr, most time.Duration) time.Duration {
	began := time.Now()
	poll := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}
	// An error shows in the next send.
	_, _ = unix.Poll(poll, max(1, int(most.Milliseconds())))
	return time.Since(began)
}
