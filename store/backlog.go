package store

import (
	"reflect"
	"slices"

	"palabre/rooms"
)

const (
	// fullFacts and fullBytes are what may wait before commands that add facts
	// are refused. People still come and go: beyond mostFacts and mostBytes
	// facts are left out.
	fullFacts = 20_000
	mostFacts = 25_000
	fullBytes = 32 << 20
	mostBytes = 40 << 20
	// factBytes is what a fact takes beside its texts.
	factBytes = 256
	// depth is how deep the size of a fact is looked into.
	depth = 6
)

// entry is what one call of Keep brought.
type entry struct {
	facts []rooms.Fact
	kept  func()
	size  int
	order uint64
	told  bool
	// why is the reason it was left out; empty for what stays.
	why string
}

// kind names the entry in the log.
func (e *entry) kind() string {
	if len(e.facts) == 0 {
		return ""
	}
	return e.facts[0].Data.Kind()
}

// sighting gives the meeting of an entry that says no more than that it is still on.
func (e *entry) sighting() (meeting string, ok bool) {
	if len(e.facts) != 1 {
		return "", false
	}
	_, ok = e.facts[0].Data.(rooms.MeetingSeen)
	return e.facts[0].Meeting, ok
}

// backlog is the facts that wait to be written, in order and bounded:
//   - that a meeting is still on is said by the newest such fact alone, so that
//     an older one that still waits is left out;
//   - when the backlog is full, the oldest such fact of any meeting goes first,
//     and when there is none the fact that comes is left out.
//
// Somebody else guards it.
type backlog struct {
	entries []*entry
	facts   int
	bytes   int
	rooms   map[string]int    // facts by room
	seen    map[string]*entry // the waiting fact that says a meeting is on
	count   uint64
}

func newBacklog() backlog {
	return backlog{rooms: map[string]int{}, seen: map[string]*entry{}}
}

// full says that only what cannot be refused should come.
func (b *backlog) full() bool { return b.facts >= fullFacts || b.bytes >= fullBytes }

// add takes an entry and gives those that are left out for it.
func (b *backlog) add(e *entry) (out []*entry) {
	for _, fact := range e.facts {
		e.size += factBytes + weigh(reflect.ValueOf(fact.Data), depth)
	}
	b.count++
	e.order = b.count
	meeting, sighting := e.sighting()
	if older := b.seen[meeting]; sighting && older != nil {
		out = append(out, b.leaveOut(older, "superseded"))
	}
	for b.facts+len(e.facts) > mostFacts || b.bytes+e.size > mostBytes {
		oldest := b.oldestSighting()
		if oldest == nil || sighting {
			e.why = "full"
			return append(out, e)
		}
		out = append(out, b.leaveOut(oldest, "full"))
	}
	b.entries = append(b.entries, e)
	b.account(e, 1)
	if sighting {
		b.seen[meeting] = e
	}
	return out
}

func (b *backlog) account(e *entry, sign int) {
	b.bytes += sign * e.size
	b.facts += sign * len(e.facts)
	for _, fact := range e.facts {
		if b.rooms[fact.Room] += sign; b.rooms[fact.Room] == 0 {
			delete(b.rooms, fact.Room)
		}
	}
}

func (b *backlog) oldestSighting() *entry {
	var oldest *entry
	for _, e := range b.seen {
		if oldest == nil || e.order < oldest.order {
			oldest = e
		}
	}
	return oldest
}

// leaveOut takes an entry away that is not being written.
func (b *backlog) leaveOut(e *entry, why string) *entry {
	at, _ := slices.BinarySearchFunc(b.entries, e.order, func(other *entry, order uint64) int {
		return int(other.order) - int(order)
	})
	b.entries = slices.Delete(b.entries, at, at+1)
	b.forget(e)
	e.why = why
	return e
}

// head gives up to so many facts to be written; they can no longer be left out.
func (b *backlog) head(most int) []*entry {
	n, facts := 0, 0
	for n < len(b.entries) && (n == 0 || facts+len(b.entries[n].facts) <= most) {
		facts += len(b.entries[n].facts)
		n++
	}
	for _, e := range b.entries[:n] {
		if meeting, ok := e.sighting(); ok && b.seen[meeting] == e {
			delete(b.seen, meeting)
		}
	}
	return slices.Clone(b.entries[:n])
}

// remove takes away so many from the head.
func (b *backlog) remove(n int) {
	for _, e := range b.entries[:n] {
		b.forget(e)
	}
	b.entries = slices.Delete(b.entries, 0, n)
}

func (b *backlog) forget(e *entry) {
	b.account(e, -1)
	if meeting, ok := e.sighting(); ok && b.seen[meeting] == e {
		delete(b.seen, meeting)
	}
}

// weigh estimates what a value takes in memory beside its own frame: its texts,
// lists and maps.
func weigh(v reflect.Value, depth int) (size int) {
	if depth == 0 {
		return 0
	}
	switch v.Kind() {
	case reflect.String:
		return v.Len()
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			return int(v.Elem().Type().Size()) + weigh(v.Elem(), depth-1)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			size += weigh(v.Field(i), depth-1)
		}
	case reflect.Slice:
		size = v.Cap() * int(v.Type().Elem().Size())
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return size
		}
		for i := range v.Len() {
			size += weigh(v.Index(i), depth-1)
		}
	case reflect.Map:
		for key, value := range v.Seq2() {
			size += int(key.Type().Size()+value.Type().Size()) + weigh(key, depth-1) + weigh(value, depth-1)
		}
	}
	return size
}
