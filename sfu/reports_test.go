package sfu

import (
	"slices"
	"sync"
	"testing"
)

// diary is a Report that writes down who spoke and when it was connected.
type diary struct {
	mu      sync.Mutex
	entries []string
	hold    chan struct{} // the first call waits for it
}

func (d *diary) write(s string) {
	if d.hold != nil {
		<-d.hold
	}
	d.mu.Lock()
	d.entries = append(d.entries, s)
	d.mu.Unlock()
}

func (d *diary) Connected()                        { d.write("connected") }
func (d *diary) Disconnected()                     { d.write("disconnected") }
func (d *diary) Failed(reason string)              { d.write("failed: " + reason) }
func (d *diary) Seated([]Seat)                     { d.write("seated") }
func (d *diary) Layers(s Source, _ []LayerWish)    { d.write("layers " + string(s)) }
func (d *diary) Quality(int, int)                  { d.write("quality") }
func (d *diary) Message([]byte)                    { d.write("message") }
func (d *diary) Writable()                         { d.write("writable") }
func (d *diary) Speakers(_ []string, floor string) { d.write("floor: " + floor) }

func TestReportsKeepOrderAndTheNewestOfAKind(t *testing.T) {
	d := &diary{hold: make(chan struct{})}
	r := newReports(d)
	told := make(chan struct{})
	r.add("", func(to Report) { to.Connected() })
	for _, who := range []string{"alice", "bob", "carol"} {
		r.add("speakers", func(to Report) { to.Speakers(nil, who) })
	}
	r.add("", func(to Report) { to.Disconnected() })
	r.add("last", func(Report) { close(told) })
	close(d.hold)
	<-told
	r.close()
	d.mu.Lock()
	defer d.mu.Unlock()
	if i := slices.Index(d.entries, "floor: carol"); i < 0 || d.entries[len(d.entries)-1] != "disconnected" {
		t.Errorf("told %v, want the newest floor before the disconnection", d.entries)
	}
	if d.entries[0] != "connected" {
		t.Errorf("told %v, want what came first to be told first", d.entries)
	}
}

func TestReportsAreBounded(t *testing.T) {
	d := &diary{hold: make(chan struct{})}
	r := newReports(d)
	for range 10 * maxNews {
		r.add("", func(to Report) { to.Connected() })
	}
	r.mu.Lock()
	waiting := len(r.queue)
	r.mu.Unlock()
	if waiting > maxNews {
		t.Errorf("%d reports wait, want at most %d", waiting, maxNews)
	}
	close(d.hold)
	r.close()
	r.add("", func(to Report) { to.Failed("after the end") })
	d.mu.Lock()
	defer d.mu.Unlock()
	if slices.Contains(d.entries, "failed: after the end") {
		t.Error("something was told after close")
	}
}
