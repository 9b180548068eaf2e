package drawing_test

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"palabre/rooms/drawing"
	"palabre/rooms/drawing/drawingtest"
)

// told is a record as the vectors write it, which the page's tests read too.
type told struct {
	Kind        string   `json:"kind"`
	Canvas      uint32   `json:"canvas,omitempty"`
	Author      uint16   `json:"author,omitempty"`
	Mark        uint32   `json:"mark,omitempty"`
	Newest      uint32   `json:"newest,omitempty"`
	Tool        string   `json:"tool,omitempty"`
	Last        bool     `json:"last,omitempty"`
	Points      [][2]int `json:"points,omitempty"`
	Text        string   `json:"text,omitempty"`
	Colour      uint8    `json:"colour,omitempty"`
	Participant string   `json:"participant,omitempty"`
	Name        string   `json:"name,omitempty"`
	Why         string   `json:"why,omitempty"`
}

func tell(record drawing.Record) told {
	drawn := func(kind string, author uint16, d drawing.Draw) told {
		t := told{Kind: kind, Canvas: d.Canvas, Author: author, Mark: d.Mark, Tool: d.Tool.String(), Last: d.Last, Text: d.Text}
		for _, p := range d.Points {
			t.Points = append(t.Points, [2]int{int(p.X), int(p.Y)})
		}
		return t
	}
	switch r := record.(type) {
	case drawing.Hello:
		return told{Kind: "hello"}
	case drawing.Draw:
		return drawn("draw", 0, r)
	case drawing.Undo:
		return told{Kind: "undo", Canvas: r.Canvas}
	case drawing.Erase:
		return told{Kind: "erase", Canvas: r.Canvas, Author: r.Author, Mark: r.Mark}
	case drawing.Forget:
		return told{Kind: "forget"}
	case drawing.Whole:
		return told{Kind: "whole"}
	case drawing.You:
		return told{Kind: "you", Author: r.Author, Newest: r.Newest}
	case drawing.Author:
		return told{Kind: "author", Author: r.Number, Colour: r.Colour, Participant: r.Participant, Name: r.Name}
	case drawing.Canvas:
		return told{Kind: "canvas", Canvas: r.Canvas, Participant: r.Sharer}
	case drawing.Ended:
		return told{Kind: "ended", Canvas: r.Canvas}
	case drawing.Mark:
		return drawn("mark", r.Author, r.Draw)
	case drawing.Erased:
		return told{Kind: "erased", Canvas: r.Canvas, Author: r.Author, Mark: r.Mark}
	case drawing.Cleared:
		return told{Kind: "cleared", Canvas: r.Canvas}
	case drawing.Refused:
		return told{Kind: "refused", Canvas: r.Canvas, Mark: r.Mark, Why: map[drawing.Refusal]string{drawing.NotAllowed: "forbidden", drawing.Full: "full", drawing.Busy: "busy"}[r.Why]}
	}
	return told{}
}

// samples are one message of every kind of record.
func samples() map[string][]drawing.Record {
	line := []drawing.Point{{X: 0, Y: 0}, {X: 256, Y: 513}, {X: 65535, Y: 65535}}
	return map[string][]drawing.Record{
		"hello":  {drawing.Hello{}},
		"pen":    {drawing.Draw{Canvas: 7, Mark: 70000, Tool: drawing.Pen, Points: line}},
		"finish": {drawing.Draw{Canvas: 7, Mark: 70000, Tool: drawing.Pen, Last: true}},
		"text":   {drawing.Draw{Canvas: 1, Mark: 2, Tool: drawing.Text, Last: true, Points: line[1:2], Text: "où ? ✓"}},
		"stamp":  {drawing.Draw{Canvas: 1, Mark: 3, Tool: drawing.Stamp, Last: true, Points: line[:1], Text: "check"}},
		"undo and erase": {
			drawing.Undo{Canvas: 1}, drawing.Erase{Canvas: 4294967295, Author: 65535, Mark: 9},
		},
		"a whole drawing": {
			drawing.Forget{}, drawing.You{Author: 3, Newest: 12}, drawing.Author{Number: 3, Colour: 7, Participant: "0f9c", Name: "Zoë"},
			drawing.Canvas{Canvas: 7, Sharer: "0f9c"},
			drawing.Mark{Author: 3, Draw: drawing.Draw{Canvas: 7, Mark: 12, Tool: drawing.Arrow, Points: line[:2], Last: true}}, drawing.Whole{},
		},
		"news": {
			drawing.Mark{Author: 3, Draw: drawing.Draw{Canvas: 7, Mark: 13, Tool: drawing.Laser, Points: line[1:]}},
			drawing.Erased{Canvas: 7, Author: 3, Mark: 12}, drawing.Cleared{Canvas: 7}, drawing.Ended{Canvas: 7},
			drawing.Refused{Canvas: 7, Mark: 14, Why: drawing.Full},
		},
	}
}

// TestTheVectorsAreWhatIsWritten holds the bytes against a file that the page's tests read, too.
func TestTheVectorsAreWhatIsWritten(t *testing.T) {
	type vector struct {
		Name    string `json:"name"`
		Hex     string `json:"hex"`
		Records []told `json:"records"`
	}
	raw, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors []vector
	if err := json.Unmarshal(raw, &vectors); err != nil {
		t.Fatal(err)
	}
	all := samples()
	if len(vectors) != len(all) {
		t.Errorf("%d vectors of %d", len(vectors), len(all))
	}
	for _, v := range vectors {
		records := all[v.Name]
		if got := hex.EncodeToString(drawingtest.Message(records...)); got != v.Hex {
			t.Errorf("%s is written %s", v.Name, got)
		}
		message, err := hex.DecodeString(v.Hex)
		if err != nil {
			t.Fatal(err)
		}
		read, err := drawing.Parse(message)
		if err != nil {
			t.Errorf("%s: %v", v.Name, err)
		}
		var list []told
		for _, record := range read {
			list = append(list, tell(record))
		}
		if diff := cmp.Diff(v.Records, list); diff != "" {
			t.Errorf("%s reads otherwise:\n%s", v.Name, diff)
		}
	}
}

func TestNothingElseIsRead(t *testing.T) {
	for name, message := range map[string][]byte{
		"nothing": {}, "another version": {2, 1}, "an unknown record": {1, 99}, "half a number": {1, 3, 0, 0},
		"an unknown tool": {1, 2, 0, 0, 0, 1, 0, 0, 0, 1, 9, 0, 0, 0}, "an unknown flag": {1, 2, 0, 0, 0, 1, 0, 0, 0, 1, 1, 2, 0, 0},
		"fewer points than it says": {1, 2, 0, 0, 0, 1, 0, 0, 0, 1, 1, 0, 2, 0, 0, 0, 0, 0}, "a text that is none": {1, 2, 0, 0, 0, 1, 0, 0, 0, 1, 4, 1, 0, 1, 0xff},
	} {
		if records, err := drawing.Parse(message); !errors.Is(err, drawing.ErrBad) || records != nil {
			t.Errorf("%s: %v, %v", name, records, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, records := range samples() {
		f.Add(drawingtest.Message(records...))
	}
	f.Fuzz(func(t *testing.T, message []byte) {
		records, err := drawing.Parse(message)
		if err != nil {
			return
		}
		again, err := drawing.Parse(drawingtest.Message(records...))
		if err != nil || !cmp.Equal(records, again) {
			t.Errorf("%v is read back as %v, %v", records, again, err)
		}
		var board drawing.Board
		var view drawingtest.View
		canvas, _ := board.Begin("p")
		author, _, _ := board.Join("a", "A")
		_ = view.Apply(message)
		for _, record := range records {
			if d, ok := record.(drawing.Draw); ok {
				d.Canvas = canvas
				_, _, _ = board.Draw(author.Number, d)
			}
		}
		for _, part := range board.Snapshot(author, func(string) bool { return true }) {
			if err := view.Apply(part); err != nil {
				t.Error(err)
			}
		}
	})
}
