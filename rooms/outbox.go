package rooms

import (
	"sync"
	"time"
)

const (
	// maxPending and maxPendingBytes bound what waits for a connected reader.
	// Beyond them the reader is slow and is detached.
	maxPending      = 256
	maxPendingBytes = 1 << 20
	// maxKept and maxKeptBytes bound all that is kept for somebody who comes
	// back: what waits and what may have been lost on the way. Beyond them
	// the oldest goes, and with it the way to resume without a fresh start.
	maxKept      = 512
	maxKeptBytes = 2 << 20
	// heardAfter is how long after a reader took an event its client has it,
	// or the connection is known to be dead: a client that hears nothing for 12 s
	// comes back, and one that says nothing for 25 s is let go. What was heard
	// need not be kept.
	heardAfter = 30 * time.Second
)

// outbox is the event stream of one session. The room writes, the newest
// reader takes; neither ever waits for the other.
type outbox struct {
	mu sync.Mutex
	// mute outboxes number events but keep only the end: nobody reads them.
	mute bool
	// log holds what is kept, oldest first; log[:sent] was taken by the reader.
	log          []entry
	sent         int
	keptBytes    int
	pendingBytes int
	// last is the Seq of the newest event.
	last uint64
	// speakers is the newest of the events of which only the newest matters;
	// told says whether the reader has it.
	speakers *Speakers
	told     bool
	// quality is what the reader has not been told yet, of each person the newest.
	quality Quality
	reader  *reader
	// holed: something the reader has not had is no longer kept.
	holed bool
	ended bool
	began time.Time
}

// entry is an event that is kept, in 32 bytes: a crowd that joins keeps as many
// as there are people for each of them. Its number is its place.
type entry struct {
	re    Ref
	data  Data
	bytes uint32
	// taken is when the reader took it, in seconds after the outbox began, and one more; zero until then.
	taken uint32
}

// reader is one connection's hold on an outbox.
type reader struct {
	ready chan struct{}
	// notify is called instead of ready where it is not nil.
	notify func()
	// spare is what may wait beyond the bounds because it waited when the reader came.
	spare, spareBytes int
	// why is set when the reader no longer is the outbox's.
	why error
}

func newOutbox(mute bool) (*outbox, *reader) {
	o := &outbox{mute: mute, began: time.Now(), reader: &reader{ready: make(chan struct{}, 1)}}
	return o, o.reader
}

// push appends an event. It says whether that was too much for the reader,
// who then has lost the session.
func (o *outbox) push(re Ref, data Data) (slow bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.ended || o.mute {
		return false
	}
	switch news := data.(type) {
	case Speakers:
		o.speakers, o.told = &news, false
		o.wake()
		return false
	case Quality:
		o.quality = o.quality.merge(news)
		o.wake()
		return false
	case Left:
		o.quality = o.quality.without(news.Participant)
	}
	o.last++
	if o.holed {
		return false
	}
	bytes := data.size()
	o.forget()
	o.log = append(o.log, entry{re: re, data: data, bytes: uint32(bytes)})
	o.keptBytes += bytes
	o.pendingBytes += bytes
	o.trim()
	if o.overfull() {
		o.release(ErrSlow)
		return true
	}
	o.wake()
	return false
}

// overfull says whether more waits than the reader may leave waiting.
func (o *outbox) overfull() bool {
	r := o.reader
	if r == nil {
		return false
	}
	return o.holed || len(o.log)-o.sent > maxPending+r.spare || o.pendingBytes > maxPendingBytes+r.spareBytes
}

// trim lets go of the oldest events beyond the bounds. Once an event that was
// not taken would have to go, the stream has a hole and nothing of it is of use.
func (o *outbox) trim() {
	for len(o.log) > maxKept || o.keptBytes > maxKeptBytes {
		if o.sent == 0 {
			o.log, o.keptBytes, o.pendingBytes, o.holed = nil, 0, 0, true
			return
		}
		o.dropOldest()
	}
}

// forget lets go of what the client has surely heard.
func (o *outbox) forget() {
	if o.reader == nil || o.sent == 0 {
		return
	}
	heard := time.Since(o.began) - heardAfter
	for o.sent > 0 && time.Duration(o.log[0].taken)*time.Second < heard {
		o.dropOldest()
	}
}

// first is the number of the oldest event that is kept.
func (o *outbox) first() uint64 { return o.last - uint64(len(o.log)) + 1 }

// dropOldest lets go of the oldest event, which has been taken.
func (o *outbox) dropOldest() {
	o.keptBytes -= int(o.log[0].bytes)
	o.log[0] = entry{}
	o.log = o.log[1:]
	o.sent--
}

// take gives the reader up to limit events.
func (o *outbox) take(r *reader, limit int) ([]Event, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.reader != r {
		return nil, r.why
	}
	o.forget()
	events := o.next(max(limit, 1))
	if o.speakers != nil && !o.told && len(events) < max(limit, 1) {
		events = append(events, Event{Data: *o.speakers})
		o.told = true
	}
	if len(o.quality.People) > 0 && len(events) < max(limit, 1) {
		events = append(events, Event{Data: o.quality})
		o.quality = Quality{}
	}
	if len(events) == 0 && o.ended {
		return nil, ErrEnded
	}
	if o.sent < len(o.log) || o.ended || o.speakers != nil && !o.told || len(o.quality.People) > 0 {
		o.wake()
	}
	return events, nil
}

// next marks up to limit events as taken. The one that shows a newcomer
// everybody is not kept after that, nor what came before it: it is large, and who
// lost it on the way comes in anew and is shown everybody again.
func (o *outbox) next(limit int) (events []Event) {
	now, seen := uint32(time.Since(o.began)/time.Second)+1, 0
	for range min(len(o.log)-o.sent, limit) {
		e := &o.log[o.sent]
		e.taken = now
		events = append(events, Event{Seq: o.first() + uint64(o.sent), Re: e.re, Data: e.data})
		o.pendingBytes -= int(e.bytes)
		o.sent++
		if _, everybody := e.data.(Joined); everybody {
			seen = o.sent
		}
	}
	for range seen {
		o.dropOldest()
	}
	return events
}

// attach gives the outbox to a new reader that has had everything up to
// lastSeq. complete is false when what comes next is no longer kept, or never was there.
func (o *outbox) attach(lastSeq uint64) (r *reader, complete bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.holed || lastSeq > o.last || lastSeq+1 < o.first() {
		return nil, false
	}
	o.sent = len(o.log)
	for o.sent > 0 && o.first() <= lastSeq {
		o.dropOldest()
	}
	o.sent, o.pendingBytes, o.told = 0, o.keptBytes, false
	for i := range o.log {
		o.log[i].taken = 0
	}
	o.release(ErrTaken)
	o.reader = &reader{ready: make(chan struct{}, 1), spare: len(o.log), spareBytes: o.keptBytes}
	o.wake()
	return o.reader, true
}

// detach takes the outbox from a reader and says whether it had it.
func (o *outbox) detach(r *reader, why error) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.reader != r || r == nil {
		return false
	}
	o.release(why)
	return true
}

// release lets the reader go; o.mu is held.
func (o *outbox) release(why error) {
	if o.reader == nil {
		return
	}
	o.wake()
	o.reader.why = why
	o.reader = nil
}

// end makes what is in the outbox the last of it.
func (o *outbox) end() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.ended = true
	o.wake()
}

// notify has f called from now on when there is something to take, and at once.
func (o *outbox) notify(r *reader, f func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	r.notify = f
	f()
}

// reading gives nil while the reader has the outbox, and else why not.
func (o *outbox) reading(r *reader) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case o.reader != r:
		return r.why
	case o.ended:
		return ErrEnded
	}
	return nil
}

// attached says whether anybody reads.
func (o *outbox) attached() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.reader != nil
}

// wake tells the reader to look; o.mu is held.
func (o *outbox) wake() {
	if o.reader == nil {
		return
	}
	if o.reader.notify != nil {
		o.reader.notify()
		return
	}
	select {
	case o.reader.ready <- struct{}{}:
	default: // it has been told already
	}
}
