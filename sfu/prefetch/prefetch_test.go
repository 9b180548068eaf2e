package prefetch_test

import (
	"testing"
	"unsafe"

	"palabre/sfu/prefetch"
)

// TestNothingChanges asks for memory of all sizes and alignments, up to the end
// of an allocation and beyond, and for none at all.
func TestNothingChanges(t *testing.T) {
	memory := make([]byte, 4096)
	for i := range memory {
		memory[i] = byte(i)
	}
	for first := range 130 {
		for _, n := range []uintptr{0, 1, 63, 64, 65, 1000, 1 << 16} {
			prefetch.Range(unsafe.Pointer(&memory[first]), n)
			prefetch.Range(unsafe.Pointer(&memory[len(memory)-1-first]), n)
		}
	}
	prefetch.Part((*[4096]byte)(memory), 100, 4096)
	prefetch.Part((*[200]byte)(nil), 100, 200)
	prefetch.Range(nil, 64)
	prefetch.Value((*[200]byte)(nil))
	prefetch.Value(&struct{}{})
	for i := range memory {
		if memory[i] != byte(i) {
			t.Fatalf("byte %d is %d now", i, memory[i])
		}
	}
}
