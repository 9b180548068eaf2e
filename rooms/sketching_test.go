package rooms

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"palabre/rooms/drawing"
	"palabre/rooms/drawing/drawingtest"
)

// hand is a caller with a data channel, and the drawing as they know it.
type hand struct {
	*caller
	peer *fakePeer
	view drawingtest.View
	read int
}

// hand has somebody negotiate media and say hello.
func (h *house) hand(c *caller) *hand {
	h.t.Helper()
	if _, err := c.Negotiate(bg, Offer{SDP: "one"}); err != nil {
		h.t.Fatal(err)
	}
	made := &hand{caller: c, peer: h.media.of(h.t, c.id())}
	made.say(drawing.Hello{})
	return made
}

// say sends records and waits until the room has told of them.
func (h *hand) say(records ...drawing.Record) {
	h.t.Helper()
	h.peer.report.Message(drawingtest.Message(records...))
	settle()
}

func settle() {
	time.Sleep(2 * relayEvery) // of the bubble's time
	synctest.Wait()
}

// marks are what they were told of, oldest first.
func (h *hand) marks() []drawing.Mark {
	h.t.Helper()
	h.peer.media.mu.Lock()
	sent := slices.Clone(h.peer.sent[h.read:])
	h.read = len(h.peer.sent)
	h.peer.media.mu.Unlock()
	for _, message := range sent {
		if err := h.view.Apply(message); err != nil {
			h.t.Error(err)
		}
	}
	return h.view.Marks
}

func (h *hand) line(full bool) {
	h.peer.media.mu.Lock()
	defer h.peer.media.mu.Unlock()
	h.peer.full = full
}

func pen(canvas, mark uint32, last bool, x uint16) drawing.Draw {
	return drawing.Draw{Canvas: canvas, Mark: mark, Tool: drawing.Pen, Last: last, Points: []drawing.Point{{X: x, Y: x}}}
}

// atShare is a room in which Ana shares her screen, and everybody has a data channel.
func atShare(t *testing.T, change func(*Config), test func(t *testing.T, h *house, ana, ben, viewer *hand)) {
	t.Helper()
	inHouse(t, change, func(t *testing.T, h *house) {
		ana, ben, viewer := h.hand(h.person(Member, "Ana")), h.hand(h.person(Guest, "Ben")), h.hand(h.person(Viewer, "Vera"))
		ok(t, ana.SetSending(bg, 0, Sending{Screen: true}))
		settle()
		test(t, h, ana, ben, viewer)
	})
}

func TestWhoMayDrawWhere(t *testing.T) {
	atShare(t, nil, func(t *testing.T, h *house, ana, ben, viewer *hand) {
		host := h.person(Host, "Hana")
		steps := []struct {
			what string
			do   func() error
			may  map[*hand]bool
		}{
			{"at first", func() error { return nil }, map[*hand]bool{ana: true, ben: true, viewer: false}},
			{"nobody", func() error { return ana.AllowDrawing(bg, 1, ana.id(), DrawNobody, nil) }, map[*hand]bool{ana: true, ben: false, viewer: false}},
			{"a viewer named", func() error { return host.AllowDrawing(bg, 1, ana.id(), DrawNamed, []string{viewer.id()}) }, map[*hand]bool{ana: true, ben: false, viewer: false}},
			{"Ben named", func() error { return ana.AllowDrawing(bg, 1, ana.id(), DrawNamed, []string{ben.id()}) }, map[*hand]bool{ana: true, ben: true, viewer: false}},
		}
		mark := uint32(0)
		for _, step := range steps {
			ok(t, step.do())
			for _, who := range []*hand{ana, ben, viewer} {
				mark++
				before := len(ana.marks())
				who.say(pen(1, mark, true, 1))
				if drawn := len(ana.marks()) > before; drawn != step.may[who] {
					t.Errorf("%s: %s draws: %v", step.what, who.id(), drawn)
				}
			}
		}
		wantCode(t, ben.AllowDrawing(bg, 1, ana.id(), DrawEveryone, nil), CodeForbidden)
		wantCode(t, ben.ClearDrawing(bg, 1, ana.id()), CodeForbidden)
		wantCode(t, ana.AllowDrawing(bg, 1, ben.id(), DrawEveryone, nil), CodeNotFound)
		ok(t, host.ClearDrawing(bg, 1, ana.id()))
		settle()
		if marks := viewer.marks(); len(marks) != 0 {
			t.Errorf("after clearing there are %v", marks)
		}
	})
}

func TestASlowReaderIsToldTheWholeAgain(t *testing.T) {
	atShare(t, nil, func(t *testing.T, _ *house, ana, ben, viewer *hand) {
		viewer.marks()
		viewer.line(true)
		for mark := range uint32(50) {
			ben.say(pen(1, mark+1, false, 1), pen(1, mark+1, true, 2))
		}
		ben.say(drawing.Undo{Canvas: 1})
		if n := len(viewer.marks()); n != 0 {
			t.Fatalf("%d marks passed a full line", n)
		}
		viewer.line(false)
		ben.say(pen(1, 51, true, 3))
		if n := len(viewer.marks()); n != 0 {
			t.Errorf("%d marks came before there was said to be room", n)
		}
		viewer.peer.report.Writable()
		settle()
		if diff := cmp.Diff(ana.marks(), viewer.marks()); diff != "" || len(viewer.view.Marks) != 50 {
			t.Errorf("who was slow sees another drawing:\n%s", diff)
		}
		if n := viewer.read; n > 6 {
			t.Errorf("the slow one was told in %d messages", n)
		}
	})
}

func TestMessagesOfOneTurnGoTogether(t *testing.T) {
	atShare(t, nil, func(t *testing.T, _ *house, ana, ben, viewer *hand) {
		ana.marks()
		before := ana.read
		for mark := range uint32(30) {
			ben.peer.report.Message(drawingtest.Message(pen(1, mark+1, true, 1)))
		}
		settle()
		if marks := ana.marks(); len(marks) != 30 || ana.read-before > 2 {
			t.Errorf("%d marks in %d messages", len(marks), ana.read-before)
		}
		for range 10 * maxInk { // more than ever comes: whoever sent it is told what is
			viewer.peer.report.Message(drawingtest.Message(drawing.Undo{Canvas: 1}))
		}
		settle()
		viewer.marks()
		if !viewer.view.Complete {
			t.Error("who sent too much has no whole drawing")
		}
	})
}

func TestDrawingsAreToldAndKept(t *testing.T) {
	memory := &fakeMemory{}
	atShare(t, withMemory(memory), func(t *testing.T, h *house, ana, ben, _ *hand) {
		if d := told[Drawings](ben.pull()); len(d) == 0 || !slices.ContainsFunc(d[len(d)-1].Canvases, func(c DrawingCanvas) bool { return c.Participant == ana.id() && c.Rule == DrawEveryone }) {
			t.Errorf("Ben was told %+v", d)
		}
		late := h.mustOpen(Request{Role: Member})
		ok(t, late.Join(bg, 1, "Late", Sending{}))
		if d := told[Drawings](late.pull()); len(d) != 1 {
			t.Errorf("who comes late is told %+v", d)
		}
		ben.say(pen(1, 1, false, 1), pen(1, 1, true, 2), pen(1, 2, false, 5))
		ben.say(drawing.Undo{Canvas: 1}, pen(1, 3, false, 5))
		ok(t, ana.ClearDrawing(bg, 0, ana.id()))
		ben.say(pen(1, 4, false, 7))
		ok(t, ana.SetSending(bg, 0, Sending{}))
		settle()
		var kinds []string
		memory.set(func() {
			for _, fact := range memory.facts {
				if kind := fact.Data.Kind(); strings.HasPrefix(kind, "drawing.") {
					kinds = append(kinds, kind)
				}
			}
		})
		want := []string{"drawing.stroke", "drawing.erased", "drawing.cleared", "drawing.stroke"}
		if diff := cmp.Diff(want, kinds); diff != "" {
			t.Errorf("kept otherwise:\n%s", diff)
		}
		if d := told[Drawings](ben.pull()); len(d) == 0 || len(d[len(d)-1].Canvases) != 0 {
			t.Errorf("after the share Ben is told %+v", d)
		}
	})
}
