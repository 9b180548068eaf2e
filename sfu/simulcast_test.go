package sfu_test

import (
	"encoding/binary"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/rtp"

	"palabre/sfu"
)

// studio sends three layers that can be switched off and on, each with its
// name at the end of every payload and a key frame every 200 ms.
type studio struct {
	*source
	on map[string]*atomic.Bool
}

func newStudio(t *testing.T, c *client, silent ...string) *studio {
	st := &studio{source: &source{stop: make(chan struct{})}, on: map[string]*atomic.Bool{}}
	for rid, track := range c.camera {
		on := &atomic.Bool{}
		on.Store(!slices.Contains(silent, rid))
		st.on[rid] = on
		st.done.Go(func() {
			tick := time.NewTicker(frame)
			defer tick.Stop()
			for n, sent := uint16(0), uint16(0); ; n++ {
				select {
				case <-st.stop:
					return
				case <-tick.C:
				}
				if !on.Load() {
					continue
				}
				payload := append(vp8(n%10 == 0, true, sent&0x7FFF, 200), rid...)
				binary.LittleEndian.PutUint16(payload[10:], map[string]uint16{"q": 320, "h": 640, "f": 1280}[rid])
				binary.LittleEndian.PutUint16(payload[12:], map[string]uint16{"q": 180, "h": 360, "f": 720}[rid])
				_ = track.WriteRTP(&rtp.Packet{
					Header:  rtp.Header{Version: 2, SequenceNumber: sent, Timestamp: uint32(n) * 1800, Marker: true},
					Payload: payload,
				})
				sent++
			}
		})
	}
	t.Cleanup(st.end)
	return st
}

// layer is which layer a viewer got last, and how many packets it has.
func (c *client) layer() (rid string, packets int) {
	all := c.video(0)
	if len(all) == 0 {
		return "", 0
	}
	last := all[len(all)-1].Payload
	return string(last[len(last)-1:]), len(all)
}

func (l *listener) wanted(source sfu.Source) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	rids := make([]string, 0, 3)
	for _, wish := range l.layers[source] {
		rids = append(rids, wish.RID)
	}
	return rids
}

func tile(width, height int) sfu.Layout {
	return sfu.Layout{Mode: sfu.LayoutTiles, Tiles: []sfu.Tile{{Participant: "publisher", Source: sfu.Camera, Width: width, Height: height}}}
}

// watching is a publisher of three layers and a viewer with a large tile of it.
func watching(h *venue, silent ...string) (viewer, publisher *client, st *studio) {
	viewer = h.join("viewer", shape{seats: 1})
	publisher = h.join("publisher", shape{camera: true, rids: []string{"q", "h", "f"}})
	viewer.peer.SetLayout(tile(1280, 720))
	return viewer, publisher, newStudio(h.T, publisher, silent...)
}

func sees(t testing.TB, viewer *client, rid string) time.Duration {
	t.Helper()
	start := time.Now()
	until(t, "the viewer to get layer "+rid, func() bool { got, _ := viewer.layer(); return got == rid })
	return time.Since(start)
}

func TestVanishedLayerIsReplaced(t *testing.T) {
	venues(t, func(h *venue) {
		viewer, _, st := watching(h)
		sees(h, viewer, "f")
		for _, step := range []struct{ gone, next string }{{"f", "h"}, {"h", "q"}} {
			st.on[step.gone].Store(false)
			h.between("a picture came after layer "+step.gone+" ended", sees(h, viewer, step.next), 0, time.Second)
		}
		st.on["f"].Store(true)
		sees(h, viewer, "f")
		contiguous(h.T, viewer.video(0))
	})
}

// TestMissingLayerDoesNotEndTheOthers has a publisher that cannot send its
// better layers yet, for want of bandwidth: all that may come is wanted.
func TestMissingLayerDoesNotEndTheOthers(t *testing.T) {
	venues(t, func(h *venue) {
		viewer, publisher, st := watching(h, "f", "h")
		sees(h, viewer, "q")
		<-time.NewTimer(2500 * time.Millisecond).C
		if rids := publisher.heard.wanted(sfu.Camera); !slices.Equal(rids, []string{"q", "h", "f"}) {
			h.Errorf("layers %v are wanted", rids)
		}
		for _, rid := range []string{"h", "f"} {
			st.on[rid].Store(true)
			sees(h, viewer, rid)
		}
		until(h, "the layer between to be released", func() bool {
			return slices.Equal(publisher.heard.wanted(sfu.Camera), []string{"q", "f"})
		})
	})
}

func TestUnusedLayersAreReleased(t *testing.T) {
	venues(t, func(h *venue) {
		viewer, publisher, _ := watching(h)
		sees(h, viewer, "f")
		viewer.peer.SetLayout(tile(160, 90))
		sees(h, viewer, "q")
		start := time.Now()
		until(h, "the best layer to be released", func() bool { return slices.Equal(publisher.heard.wanted(sfu.Camera), []string{"q"}) })
		h.between("released", time.Since(start), 1500*time.Millisecond, 3*time.Second)
		viewer.peer.SetLayout(tile(1280, 720))
		start = time.Now()
		until(h, "the best layer to be wanted again", func() bool { return slices.Contains(publisher.heard.wanted(sfu.Camera), "f") })
		h.between("wanted again", time.Since(start), 0, 200*time.Millisecond)
	})
}

func TestHiddenTileCostsNothingAndComesBack(t *testing.T) {
	venues(t, func(h *venue) {
		viewer, publisher, _ := watching(h)
		sees(h, viewer, "f")
		viewer.peer.SetLayout(tile(0, 0))
		until(h, "nothing to be wanted", func() bool { return len(publisher.heard.wanted(sfu.Camera)) == 0 })
		if seat, _ := viewer.heard.seat("publisher"); seat.Video || seat.Paused != "hidden" {
			h.Errorf("the viewer was told %+v", seat)
		}
		before := int(settled(h, "what was on its way", func() uint64 { _, n := viewer.layer(); return uint64(n) }))
		<-time.NewTimer(200 * time.Millisecond).C
		if _, now := viewer.layer(); now != before {
			h.Errorf("%d packets came for a hidden tile", now-before)
		}
		viewer.peer.SetLayout(tile(1280, 720))
		start := time.Now()
		until(h, "the picture to come back", func() bool { _, now := viewer.layer(); return now > before })
		h.between("back", time.Since(start), 0, 500*time.Millisecond)
		sees(h, viewer, "f")
		contiguous(h.T, viewer.video(0))
	})
}
