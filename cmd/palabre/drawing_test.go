package main

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"palabre/client"
	"palabre/rooms/drawing"
	"palabre/rooms/drawing/drawingtest"
	"palabre/signaling/protocol"
)

// hand is somebody with a data channel, and the drawing as they know it.
type hand struct {
	*person
	mu       sync.Mutex
	view     drawingtest.View
	err      error
	messages int
}

// comesIn is enter without sound and pictures.
func comesIn(t *testing.T, c client.Config) *person {
	t.Helper()
	p := open(t, c)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := p.Join(ctx); err != nil {
		t.Fatalf("%s joins: %v", c.Name, err)
	}
	return p
}

// rule is who may draw, as they were told last.
func (h *hand) rule() protocol.DrawingRule {
	h.person.mu.Lock()
	defer h.person.mu.Unlock()
	for _, e := range slices.Backward(h.events) {
		if told, ok := e.(client.DrawingsChanged); ok && len(told.Canvases) > 0 {
			return told.Canvases[0].Rule
		}
	}
	return ""
}

// draws opens somebody's data channel and waits until they have the whole drawing.
func draws(t *testing.T, p *person) *hand {
	t.Helper()
	h := &hand{person: p}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	hello := func() { _ = p.SendDrawing(drawingtest.Message(drawing.Hello{})) }
	if err := p.Draw(ctx, hello, h.hear); err != nil {
		t.Fatal(err)
	}
	until(t, "the whole drawing", func() bool { return h.sees(func(v *drawingtest.View) bool { return v.Complete }) })
	return h
}

func (h *hand) hear(message []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.messages++
	if err := h.view.Apply(message); err != nil && h.err == nil {
		h.err = err
	}
}

func (h *hand) sees(what func(*drawingtest.View) bool) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return what(&h.view)
}

// marks are what they see, oldest first.
func (h *hand) marks(t *testing.T) []drawing.Mark {
	t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.err != nil {
		t.Errorf("%s could not read the drawing: %v", h.ID(), h.err)
	}
	return slices.Clone(h.view.Marks)
}

// canvas is the number of somebody's share.
func (h *hand) canvas(sharer string) uint32 {
	h.mu.Lock()
	defer h.mu.Unlock()
	for number, whose := range h.view.Sharers {
		if whose == sharer {
			return number
		}
	}
	return 0
}

func (h *hand) draw(t *testing.T, records ...drawing.Record) {
	t.Helper()
	if err := h.SendDrawing(drawingtest.Message(records...)); err != nil {
		t.Fatal(err)
	}
}

// line is part of a pen's.
func line(canvas, mark uint32, last bool, points ...drawing.Point) drawing.Draw {
	return drawing.Draw{Canvas: canvas, Mark: mark, Tool: drawing.Pen, Last: last, Points: points}
}

func spot(n int) drawing.Point { return drawing.Point{X: uint16(n * 7), Y: uint16(n * 13)} }

// sharing is a meeting in which Ana shares her screen and Ben and Cleo may draw.
func sharing(t *testing.T, flags ...string) (s *server, ana, ben, cleo *hand, canvas uint32) {
	t.Helper()
	s = serve(t, flags...)
	screen := s.config("garden", "Ana")
	screen.Send = append(screen.Send, client.Send{Source: protocol.SourceScreen})
	ana, ben, cleo = draws(t, comesIn(t, screen)), draws(t, comesIn(t, s.config("garden", "Ben"))), draws(t, comesIn(t, s.config("garden", "Cleo")))
	until(t, "the canvas of Ana's share", func() bool { return ben.canvas(ana.ID()) != 0 && cleo.canvas(ana.ID()) != 0 })
	return s, ana, ben, cleo, ben.canvas(ana.ID())
}

// bothPaths runs a test with media on the fast path and on Pion's.
func bothPaths(t *testing.T, test func(t *testing.T, flags ...string)) {
	for _, path := range []string{"auto", "pion"} {
		t.Run(path, func(t *testing.T) { test(t, "--media-path", path) })
	}
}

func TestEverybodySeesTheSameDrawingInTheSameOrder(t *testing.T) {
	bothPaths(t, func(t *testing.T, flags ...string) {
		s, ana, ben, cleo, canvas := sharing(t, flags...)
		const marks = 12
		var drawers sync.WaitGroup
		for _, h := range []*hand{ben, cleo} {
			drawers.Go(func() {
				for mark := range uint32(marks) {
					h.draw(t, line(canvas, mark+1, false, spot(int(mark)), spot(int(mark)+1)))
					h.draw(t, line(canvas, mark+1, true, spot(rand.IntN(1000))))
				}
			})
		}
		drawers.Wait()
		complete := func(h *hand) func() bool {
			return func() bool {
				marks := h.marks(t)
				return len(marks) == 2*12 && !slices.ContainsFunc(marks, func(m drawing.Mark) bool { return !m.Last })
			}
		}
		for _, h := range []*hand{ana, ben, cleo} {
			until(t, "every mark", complete(h))
		}
		late := draws(t, comesIn(t, s.config("garden", "Late")))
		for name, h := range map[string]*hand{"Ben": ben, "Cleo": cleo, "who came late": late} {
			if diff := cmp.Diff(ana.marks(t), h.marks(t)); diff != "" {
				t.Errorf("%s sees another drawing than Ana:\n%s", name, diff)
			}
		}
		ben.draw(t, drawing.Undo{Canvas: canvas})
		until(t, "Ben's undo", func() bool { return len(late.marks(t)) == 2*marks-1 && len(ana.marks(t)) == 2*marks-1 })
		own := func(m drawing.Mark) bool {
			return m.Author == ben.view.Me.Author && m.Draw.Mark == marks
		}
		if slices.ContainsFunc(ana.marks(t), own) {
			t.Error("Ben's newest mark is still there")
		}
	})
}

func TestWhoMayNotDrawIsToldSo(t *testing.T) {
	_, ana, ben, cleo, canvas := sharing(t)
	if err := ana.AllowDrawing(ana.ID(), protocol.DrawNamed, ben.ID()); err != nil {
		t.Fatal(err)
	}
	until(t, "the rule", func() bool { return cleo.rule() == protocol.DrawNamed && ben.rule() == protocol.DrawNamed })
	cleo.draw(t, line(canvas, 1, true, spot(1)), line(canvas, 1, true, spot(2)))
	ben.draw(t, line(canvas, 1, true, spot(3)))
	until(t, "Cleo's refusal", func() bool { return cleo.sees(func(v *drawingtest.View) bool { return len(v.Refused) > 0 }) })
	until(t, "Ben's mark", func() bool { return len(cleo.marks(t)) == 1 })
	want := drawing.Refused{Canvas: canvas, Mark: 1, Why: drawing.NotAllowed}
	if !cleo.sees(func(v *drawingtest.View) bool { return slices.Equal(v.Refused, []drawing.Refused{want}) }) {
		t.Errorf("Cleo was told %v", cleo.view.Refused)
	}
	if err := cleo.ClearDrawing(ana.ID()); err != nil {
		t.Fatal(err)
	}
	if err := ana.ClearDrawing(ana.ID()); err != nil {
		t.Fatal(err)
	}
	until(t, "the empty canvas", func() bool { return len(ben.marks(t)) == 0 && len(cleo.marks(t)) == 0 })
	if err := ana.SetMedia(protocol.Media{Microphone: true, Camera: true}); err != nil {
		t.Fatal(err)
	}
	until(t, "the canvas to end with the share", func() bool { return ben.canvas(ana.ID()) == 0 })
}

// TestAFloodHoldsUpItsOwnerAlone: who draws a thousand messages at once has them
// taken bit by bit, and others draw on meanwhile.
func TestAFloodHoldsUpItsOwnerAlone(t *testing.T) {
	_, ana, ben, cleo, canvas := sharing(t)
	flood := make([]drawing.Point, 250)
	for mark := range uint32(300) {
		ben.draw(t, line(canvas, mark+1, true, flood...))
	}
	cleo.draw(t, line(canvas, 1, true, spot(1)))
	until(t, "Cleo's mark", func() bool {
		return slices.ContainsFunc(ana.marks(t), func(m drawing.Mark) bool { return m.Author == cleo.view.Me.Author })
	})
	if n := len(ana.marks(t)); n > 250 {
		t.Errorf("%d of 300 large messages were taken by then", n)
	}
}
