package cheap

import (
	"slices"
	"testing"
	"time"

	"github.com/pion/rtcp"
)

// TestSampleStandsForAll drops a quarter of the packets, of the sample too.
func TestSampleStandsForAll(t *testing.T) {
	f := connected(t, false)
	f.send(pictureSSRC, 65535, "before")
	until(t, "the packet before", func() bool { return f.pictures.count() == 1 })
	if err := f.subscriber.Sample(16); err != nil {
		t.Fatal(err)
	}
	want := []uint16{65535}
	for n := range uint16(16 * 64) {
		if n/16%4 == 1 {
			continue
		}
		f.send(pictureSSRC, n, "picture")
		if n%16 == 0 {
			want = append(want, n)
		}
	}
	until(t, "the sample", func() bool { return f.pictures.count() == len(want) })
	if !slices.Equal(f.pictures.numbers, want) || f.pictures.steps != 1+16*48 {
		t.Errorf("%v came, standing for %d", f.pictures.numbers, f.pictures.steps)
	}
	f.subscriber.attend(time.Now().Add(2 * reportEvery))
	b := control[*rtcp.ReceiverReport](f).Reports[0]
	if b.TotalLost != 256 || b.FractionLost != 64 {
		t.Errorf("reported %+v, a quarter of 1024 was lost", b)
	}
}
