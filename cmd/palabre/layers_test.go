package main

import (
	"testing"

	"palabre/client"
	"palabre/signaling/protocol"
)

// TestPublishersLearnHowTheyAreShown has somebody show a person, hide them and
// show them again: that person's client is told, by the layer.
func TestPublishersLearnHowTheyAreShown(t *testing.T) {
	s := serve(t)
	watcher := s.config("garden", "Ana")
	watcher.Send = nil
	ana, bob := enter(t, watcher), enter(t, s.config("garden", "Bob"))
	layer := bob.Line(protocol.SourceCamera).Layers()[0]
	show := func(width, height int) {
		t.Helper()
		err := ana.Show(protocol.Layout{Mode: protocol.LayoutTiles, Tiles: []protocol.Tile{
			{Participant: bob.ID(), Source: protocol.SourceCamera, Width: width, Height: height},
		}})
		if err != nil {
			t.Fatal(err)
		}
	}
	told := func() int { return len(happened[client.LayersWanted](bob)) }
	show(640, 480)
	ana.seesAndHears(bob)
	until(t, "the size shown", func() bool { return layer.Wish().MaxWidth == 640 })
	if !layer.Wanted() {
		t.Error("what is shown is not wanted")
	}
	before := told()
	show(640, 0)
	until(t, "the camera to be unwanted", func() bool { return !layer.Wanted() })
	show(128, 96)
	until(t, "the camera to be wanted again", func() bool { return layer.Wanted() && layer.Wish().MaxWidth == 128 })
	if n := told() - before; n > 4 {
		t.Errorf("Bob was told %d times of two changes", n)
	}
}
