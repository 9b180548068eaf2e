package load

import (
	"context"
	"runtime"
	"testing"
	"time"

	"palabre/client/clienttest"
	"palabre/internal/load/cheap"
	"palabre/signaling/protocol"
)

func TestCheapAndFullSubscribersSeeTheSame(t *testing.T) {
	report, _ := run1(t, func(o *Options) { o.Subscribers, o.Cheap = 4, 3 })
	if err := report.Verdict(0); err != nil {
		t.Error(err)
	}
	if report.Cheap != 3 || report.Subscribers != 4 || report.Streams.Expected != 4 || report.Streams.Missing != 0 {
		t.Errorf("%d cheap of %d, pictures %+v", report.Cheap, report.Subscribers, report.Streams)
	}
	if report.Join.FirstKeyFrame.Count != 4 || report.Join.Connected.Count != 4 {
		t.Errorf("join times: %+v", report.Join)
	}
	// Three of four open a sixteenth.
	if n := report.VideoLatency.Count; n == 0 || n > report.Received.Video/2 {
		t.Errorf("latency of %d of %d packets", n, report.Received.Video)
	}
}

func TestSampledSubscribersCountAll(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the kernel samples on Linux alone")
	}
	report, _ := run1(t, func(o *Options) {
		o.Subscribers, o.Cheap, o.Sample, o.Duration = 2, 1, 4, 2*time.Second
	})
	if err := report.Verdict(0); err != nil {
		t.Error(err)
	}
	// The full client got half; the other half is told from the sample.
	full := float64(report.VideoLatency.Count)
	if all := float64(report.Received.Video); all < full*1.3 || all > full*2 {
		t.Errorf("%v pictures' packets were counted for %v opened", all, full)
	}
}

// TestCheapSubscribersCountLossRight has a server that says how many packets it took.
func TestCheapSubscribersCountLossRight(t *testing.T) {
	server := clienttest.NewServer()
	t.Cleanup(server.Close)
	o := options(server.URL)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	r := &run{options: o, clock: newClock(), failures: map[string]int{}}
	r.options.Cheap = 1
	if err := r.newCrowd(); err != nil {
		t.Fatal(err)
	}
	sending, silence := context.WithCancel(ctx)
	defer r.disperse()
	defer silence()
	if err := r.addPublisher(ctx, sending, 0); err != nil {
		t.Fatal(err)
	}
	if err := r.addCheap(ctx, 0); err != nil {
		t.Fatal(err)
	}
	v := r.viewers[0]
	wait(ctx, t, "a picture", func() bool { return v.pictures() == 1 })
	server.LoseMedia(10)
	wait(ctx, t, "some loss", func() bool { return server.Skipped() > 30 })
	server.LoseMedia(0)
	lost := func() (n int64) {
		v.each(func(_ int, l *line) { n += int64(l.sequence.lostBefore(r.clock.now() + 1)) })
		return n
	}
	// The publisher's own seat is empty, so all that was taken was this subscriber's.
	wait(ctx, t, "the loss to be noticed", func() bool { return lost() == server.Skipped() })
}

func wait(ctx context.Context, t *testing.T, what string, ok func() bool) {
	t.Helper()
	for !ok() {
		if ctx.Err() != nil {
			t.Fatalf("waited for %s", what)
		}
		pause(ctx, 5*time.Millisecond)
	}
}

func TestSequenceOfASampleStandsForAll(t *testing.T) {
	s := sequence{}
	for n := range uint16(100) {
		s.note(1, n, 0)
	}
	s.restart(16)
	for n := 65536 - 64; n < 65536+64; n += 16 {
		if n != 65536 {
			s.note(1, uint16(n), 0)
		}
	}
	if lost := s.lostBefore(1); lost != 16 || s.weight() != 16 {
		t.Errorf("%d lost, each stands for %d; want 16 and 16", lost, s.weight())
	}
}

func TestWorkloadsAreRuns(t *testing.T) {
	given := Options{URL: "http://localhost", Room: "garden", Duration: time.Second, Layout: protocol.LayoutGrid, Cheap: -1}
	for name := range workloads() {
		o, err := Workload(name, given)
		if err == nil {
			err = o.Validate()
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Workload("w9", given); err == nil {
		t.Error("an unknown workload passed")
	}
	given.Cheap, given.Sample = 7, 1
	if o, _ := Workload("W4", given); o.cheap() != 7 || o.sample() != 1 || o.Subscribers != 200 {
		t.Errorf("what was given does not go before the workload's: %+v", o)
	}
}

func TestWholePacketsKeepTheBitrate(t *testing.T) {
	v := newVP8(1280, 720, comparedBitrate, 1)
	v.whole = true
	var sum int
	var parts [][]byte
	for range 30 * frameRate {
		parts = v.frame(false, parts)
		for _, p := range parts {
			if sum += len(p); len(p) != maxPayload {
				t.Fatalf("a packet of %d bytes", len(p))
			}
		}
	}
	if bits := sum * 8 / 30; bits < comparedBitrate*99/100 || bits > comparedBitrate*101/100 {
		t.Errorf("%d bit/s, want %d", bits, comparedBitrate)
	}
	if key := v.frame(true, parts); len(key) != 28 || !beginsKeyFrame(key[0]) {
		t.Errorf("a key frame of %d packets", len(key))
	}
}

func TestManySubscribersAreCheap(t *testing.T) {
	for _, c := range []struct{ subscribers, asked, cheap int }{{50, -1, 0}, {51, -1, 51}, {51, 0, 0}, {10, 4, 4}, {10, 40, 10}} {
		o := Options{Subscribers: c.subscribers, Cheap: c.asked}
		if o.cheap() != c.cheap {
			t.Errorf("%+v: %d cheap", c, o.cheap())
		}
	}
}

func TestStormIsOverInASecond(t *testing.T) {
	o := Options{Storm: true, JoinInterval: time.Hour}
	if got := o.joinInterval(200) * 200; got != time.Second {
		t.Errorf("200 join in %v", got)
	}
}

var _ cheap.Line = (*watched)(nil)
