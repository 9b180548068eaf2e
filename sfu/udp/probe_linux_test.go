//go:build amd64 || arm64

package udp

import "testing"

// Every Linux we build for has segments and coalescing on loopback; a kernel
// older than 5.0 would fail here and be served by the slower way.
func TestProbeProvesSegmentsOnLoopback(t *testing.T) {
	segments, coalesce, err := Probe()
	if err != nil || !segments || !coalesce {
		t.Fatalf("probe: segments %v, coalesce %v, error %v", segments, coalesce, err)
	}
}
