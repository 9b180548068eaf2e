//go:build amd64 || arm64

package prefetch

import "unsafe"

// lines asks for the cache lines, of 64 bytes, that hold the n bytes from p on.
//
//go:noescape
func lines(p unsafe.Pointer, n uintptr)
