// Package prefetch asks the processor for memory that is about to be used.
//
// What is fetched early is fetched at the same time: a processor waits for
// memory that it needs now, one miss behind the other, but not for what it was
// asked to fetch. That pays where much is touched once in a while, such as the
// state of hundreds of viewers thirty times a second, and nowhere else. To be
// asked changes nothing but time, so nothing here can fail; on processors other
// than amd64 and arm64 it does nothing.
package prefetch

import "unsafe"

// Value asks for what p points to.
func Value[T any](p *T) { Range(unsafe.Pointer(p), unsafe.Sizeof(*p)) }

// Part asks for the bytes of what p points to from one offset to another
// (unsafe.Offsetof). The address of a field would do as well, but to take it is to
// read there first, whether there is anything.
func Part[T any](p *T, from, to uintptr) {
	if p != nil {
		Range(unsafe.Add(unsafe.Pointer(p), from), to-from)
	}
}

// Range asks for the n bytes behind p. Any address will do; one that is no
// memory is ignored.
func Range(p unsafe.Pointer, n uintptr) {
	if n > 0 {
		lines(p, n)
	}
}
