package cache_test

import (
	"encoding/binary"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"palabre/sfu/cache"
	"palabre/sfu/codec"
	"palabre/sfu/rtp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// put puts packet n with its number as its content, and lets go of it.
func put(r *cache.Ring, pool *cache.Pool, n uint64, at time.Duration, key bool) bool {
	p := pool.Get(8)
	binary.BigEndian.PutUint64(p.Bytes(), n)
	p.Sequence, p.Arrival = n, at
	p.Frame = codec.Frame{KeyFrame: key, Start: key}
	kept := r.Put(p)
	p.Release()
	return kept
}

// holds says whether the ring has packet n, with the right content.
func holds(t testing.TB, r *cache.Ring, n uint64) bool {
	t.Helper()
	p := r.Get(n)
	if p == nil {
		return false
	}
	defer p.Release()
	if got := binary.BigEndian.Uint64(p.Bytes()); got != n || p.Sequence != n {
		t.Fatalf("packet %d holds %d (%d)", n, got, p.Sequence)
	}
	return true
}

func TestRingKeepsWhatIsNewest(t *testing.T) {
	r, pool := cache.NewRing(16, cache.StartAge, cache.StartBytes), cache.NewPool()
	if _, ok := r.Newest(); ok || holds(t, r, 0) {
		t.Error("an empty ring has something")
	}
	for n := uint64(100); n < 140; n++ {
		if n != 130 && !put(r, pool, n, 0, false) {
			t.Errorf("packet %d was refused", n)
		}
	}
	for n := uint64(90); n < 150; n++ {
		if want := n >= 124 && n < 140 && n != 130; holds(t, r, n) != want {
			t.Errorf("packet %d is here: %v, want %v", n, !want, want)
		}
	}
	if !put(r, pool, 130, 0, false) || !holds(t, r, 130) {
		t.Error("a late packet was refused")
	}
	if put(r, pool, 130, 0, false) || put(r, pool, 100, 0, false) {
		t.Error("a duplicate or one too old was taken")
	}
	if newest, ok := r.Newest(); !ok || newest != 139 {
		t.Errorf("newest is %d, %v", newest, ok)
	}
	r.Clear()
	if holds(t, r, 139) || !put(r, pool, 7, 0, false) {
		t.Error("a cleared ring is not empty")
	}
}

func TestRingForgetsAfterASecond(t *testing.T) {
	r, pool := cache.NewRing(1024, cache.StartAge, cache.StartBytes), cache.NewPool()
	for n := range uint64(300) {
		put(r, pool, 1000+n, time.Duration(n)*10*time.Millisecond, false)
	}
	for n := range uint64(300) {
		if want := n >= 199; holds(t, r, 1000+n) != want {
			t.Errorf("packet %d is here: %v", n, !want)
		}
	}
	r.Expire(time.Hour)
	for n := range uint64(300) {
		if want := n >= 300-cache.MinPackets; holds(t, r, 1000+n) != want {
			t.Errorf("packet %d is here after an hour of silence: %v", n, !want)
		}
	}
}

func TestAPacketLostBeforeASilenceIsTakenLate(t *testing.T) {
	r, pool := cache.NewRing(64, cache.StartAge, cache.StartBytes), cache.NewPool()
	put(r, pool, 10, 0, true)
	put(r, pool, 12, 3*time.Second, false)
	if !put(r, pool, 11, 3100*time.Millisecond, false) || !holds(t, r, 11) {
		t.Error("it was refused")
	}
	for n := range uint64(cache.MinPackets) {
		put(r, pool, 13+n, 5*time.Second, false)
	}
	if holds(t, r, 11) || holds(t, r, 12) {
		t.Error("it is never forgotten")
	}
}

func TestCachedStart(t *testing.T) {
	tests := []struct {
		name  string
		keys  []uint64
		last  uint64
		lost  uint64
		now   time.Duration
		first uint64
		count int
	}{
		{"from the last key frame", []uint64{10, 40}, 60, 0, 600 * time.Millisecond, 40, 21},
		{"without what is missing", []uint64{40}, 60, 50, 600 * time.Millisecond, 40, 20},
		{"the key frame alone", []uint64{40}, 40, 0, 600 * time.Millisecond, 40, 1},
		{"no key frame yet", nil, 60, 0, 600 * time.Millisecond, 0, 0},
		{"the key frame lost its start", []uint64{40}, 60, 40, 600 * time.Millisecond, 0, 0},
		{"longer than packets are kept otherwise", []uint64{10}, 200, 0, 2 * time.Second, 10, 191},
		{"too old", []uint64{10}, 20, 0, 2200 * time.Millisecond, 0, 0},
		{"too old while it goes on", []uint64{10}, 250, 0, 2500 * time.Millisecond, 0, 0},
		{"more than the cache holds", []uint64{10}, 2000, 0, 2 * time.Second, 0, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r, pool := cache.NewRing(256, cache.StartAge, cache.StartBytes), cache.NewPool()
			for n := uint64(1); n <= test.last; n++ {
				key := false
				for _, k := range test.keys {
					key = key || k == n
				}
				if n != test.lost {
					put(r, pool, n, time.Duration(n)*10*time.Millisecond, key)
				}
			}
			got := r.SinceKeyFrame(test.now, nil)
			if len(got) != test.count || test.count > 0 && got[0].Sequence != test.first {
				t.Fatalf("%d packets, want %d from %d", len(got), test.count, test.first)
			}
			for i, p := range got {
				if i > 0 && p.Sequence <= got[i-1].Sequence {
					t.Error("not in order")
				}
				p.Release()
			}
		})
	}
}

func TestCachedStartIsBoundedInBytes(t *testing.T) {
	pool := cache.NewPool()
	one := len(pool.Copy([]byte("01234567")).Bytes())
	r := cache.NewRing(64, cache.StartAge, 10*one)
	for n := uint64(1); n <= 12; n++ {
		put(r, pool, n, 0, n == 1)
		got := r.SinceKeyFrame(0, nil)
		if want := n <= 10; (len(got) == int(n)) != want || !want && len(got) > 0 {
			t.Errorf("%d packets after %d", len(got), n)
		}
		for _, p := range got {
			p.Release()
		}
	}
	put(r, pool, 13, 0, true)
	if got := r.SinceKeyFrame(0, nil); len(got) != 1 {
		t.Errorf("%d packets from the next key frame", len(got))
	}
}

func TestRecent(t *testing.T) {
	r, pool := cache.NewRing(cache.AudioPackets, 0, 0), cache.NewPool()
	if got := r.Recent(0, nil); len(got) != 0 {
		t.Errorf("%d packets in an empty ring", len(got))
	}
	for n := uint64(0); n < 50; n++ {
		put(r, pool, n, time.Duration(n)*20*time.Millisecond, true)
	}
	for since, want := range map[time.Duration]int{900 * time.Millisecond: 5, 980 * time.Millisecond: 1, time.Second: 0, 0: cache.MinPackets / 2} {
		got := r.Recent(since, nil)
		if len(got) != want || want > 0 && got[want-1].Sequence != 49 {
			t.Errorf("since %v: %d packets, want %d", since, len(got), want)
		}
		for _, p := range got {
			p.Release()
		}
	}
}

func TestALateKeyFrameIsNotTheLast(t *testing.T) {
	r, pool := cache.NewRing(64, cache.StartAge, cache.StartBytes), cache.NewPool()
	put(r, pool, 10, 0, false)
	put(r, pool, 20, 0, true)
	put(r, pool, 15, 0, true)
	got := r.SinceKeyFrame(0, nil)
	if len(got) != 1 || got[0].Sequence != 20 {
		t.Errorf("starts with %d packets", len(got))
	}
}

func TestPoolRefusesWhatIsTooLarge(t *testing.T) {
	pool := cache.NewPool()
	if pool.Get(rtp.MaxPacket+1) != nil || pool.Get(-1) != nil || pool.Copy(make([]byte, rtp.MaxPacket+1)) != nil {
		t.Error("a packet larger than packets can be")
	}
	for _, size := range []int{0, 1, 384, 385, rtp.MaxPacket} {
		if p := pool.Get(size); p == nil || len(p.Bytes()) != size {
			t.Errorf("no packet of %d bytes", size)
		}
	}
}

// TestReadersNeverSeeAnotherPacket has readers on other shards ask for packets
// while the ring turns over and memory is used again.
func TestReadersNeverSeeAnotherPacket(t *testing.T) {
	r, pool := cache.NewRing(32, cache.StartAge, cache.StartBytes), cache.NewPool()
	var readers sync.WaitGroup
	stop := make(chan struct{})
	for range 3 {
		readers.Go(func() {
			for n := uint64(0); ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				newest, _ := r.Newest()
				holds(t, r, newest-n%40)
				for _, p := range r.SinceKeyFrame(0, nil) {
					p.Release()
				}
			}
		})
	}
	for n := uint64(1); n < 20_000; n++ {
		put(r, pool, n, 0, n%10 == 0)
	}
	close(stop)
	readers.Wait()
}

// TestAPacketHeldStaysAsItIs holds packets while the ring forgets them.
func TestAPacketHeldStaysAsItIs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r, pool := cache.NewRing(8, cache.StartAge, cache.StartBytes), cache.NewPool()
		held := map[uint64]*cache.Packet{}
		for n := uint64(1); n < 200; n++ {
			put(r, pool, n, 0, false)
			switch rapid.IntRange(0, 4).Draw(t, "act") {
			case 0:
				if p := r.Get(n); p != nil {
					held[n] = p
				}
			case 1:
				for k, p := range held {
					p.Release()
					delete(held, k)
					break
				}
			}
			for k, p := range held {
				if binary.BigEndian.Uint64(p.Bytes()) != k || p.Sequence != k {
					t.Fatalf("packet %d became %d", k, p.Sequence)
				}
			}
		}
	})
}

func TestPuttingDoesNotAllocate(t *testing.T) {
	r, pool := cache.NewRing(64, cache.StartAge, cache.StartBytes), cache.NewPool()
	n := uint64(0)
	round := func() {
		put(r, pool, n, time.Duration(n)*time.Millisecond, false)
		if p := r.Get(n); p != nil {
			p.Release()
		}
		n++
	}
	for range 1000 {
		round()
	}
	if allocs := testing.AllocsPerRun(1000, round); allocs != 0 {
		t.Errorf("%v allocations a packet", allocs)
	}
}

func BenchmarkPut(b *testing.B) {
	r, pool := cache.NewRing(cache.VideoPackets, cache.StartAge, cache.StartBytes), cache.NewPool()
	n := uint64(0)
	b.ReportAllocs()
	for b.Loop() {
		put(r, pool, n, time.Duration(n)*time.Millisecond, false)
		n++
	}
}
