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

// Span asks for everything from what first points to up to and with what last
// points to, such as neighbouring fields of a struct.
func Span[A, B any](first *A, last *B) {
	from, to := uintptr(unsafe.Pointer(first)), uintptr(unsafe.Pointer(last))+unsafe.Sizeof(*last)
	if first != nil && to > from {
		Range(unsafe.Pointer(first), to-from)
	}
}

// Range asks for the n bytes behind p. Any address will do; one that is no
// memory is ignored.
func Range(p unsafe.Pointer, n uintptr) {
	if n > 0 {
		lines(p, n)
	}
}
