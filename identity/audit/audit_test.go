package audit

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"pgregory.net/rapid"
)

var begin = time.Date(2026, 3, 1, 9, 0, 0, 123456789, time.UTC)

// chain makes so many entries that follow one another.
func chain(t interface{ Fatal(...any) }, n int) []Entry {
	entries := make([]Entry, 0, n)
	prev, seq := None, int64(0)
	for i := range n {
		e, err := Chain(Record{
			ID: fmt.Sprint("id ", i), At: begin.Add(time.Duration(i) * time.Second), Actor: Actor{Identity: "ana", Role: "host"},
			Action: "participant.removed", Room: "garden", Target: fmt.Sprint("p", i), Detail: json.RawMessage(`{"n": 1}`),
		}, seq, prev)
		if err != nil {
			t.Fatal(err)
		}
		entries = append(entries, e)
		prev, seq = e.Hash, e.Seq
	}
	return entries
}

// verify walks entries as a store would that holds the last of whole to be the newest.
func verify(entries []Entry, head Entry, known Known) error {
	v := Verifier{Known: known}
	for _, e := range entries {
		if err := v.Add(e); err != nil {
			return err
		}
	}
	if err := v.Head(head.Seq, head.Hash); err != nil {
		return err
	}
	return v.Finish()
}

func TestTamperingIsFound(t *testing.T) {
	whole := chain(t, 10)
	forged, err := Chain(Record{ID: "forged", At: begin, Action: "participant.removed"}, 4, whole[3].Hash)
	if err != nil {
		t.Fatal(err)
	}
	other := chain(t, 10)
	remade := slices.Clone(other[:5])
	e, _ := Chain(Record{ID: "x", Action: "room.removed"}, 5, other[4].Hash)
	remade = append(remade, e)
	for name, test := range map[string]struct {
		change func([]Entry) []Entry
		known  Known
		seq    int64 // 0: sound
	}{
		"nothing":                 {func(e []Entry) []Entry { return e }, Known{}, 0},
		"an entry noted":          {func(e []Entry) []Entry { return e }, Known{7, whole[6].Hash}, 0},
		"another hash noted":      {func(e []Entry) []Entry { return e }, Known{7, whole[5].Hash}, 7},
		"a later entry noted":     {func(e []Entry) []Entry { return e }, Known{12, whole[5].Hash}, 12},
		"changed":                 {func(e []Entry) []Entry { e[4].Target = "p9"; return e }, Known{}, 5},
		"changed with its hash":   {func(e []Entry) []Entry { e[4].Target = "p9"; e[4].Hash = e[4].sum(); return e }, Known{}, 6},
		"the detail changed":      {func(e []Entry) []Entry { e[4].Detail = json.RawMessage(`{"n":2}`); return e }, Known{}, 5},
		"the time changed":        {func(e []Entry) []Entry { e[4].At = e[4].At.Add(time.Microsecond); return e }, Known{}, 5},
		"moved between fields":    {func(e []Entry) []Entry { e[4].Actor.Name, e[4].Actor.Identity = "ana", ""; return e }, Known{}, 5},
		"deleted":                 {func(e []Entry) []Entry { return slices.Delete(e, 4, 5) }, Known{}, 6},
		"the oldest deleted":      {func(e []Entry) []Entry { return e[2:] }, Known{}, 3},
		"the newest deleted":      {func(e []Entry) []Entry { return e[:8] }, Known{}, 9},
		"all deleted":             {func([]Entry) []Entry { return nil }, Known{}, 1},
		"inserted":                {func(e []Entry) []Entry { return slices.Insert(e, 4, forged) }, Known{}, 5},
		"appended":                {func(e []Entry) []Entry { f, _ := Chain(Record{ID: "f"}, 10, e[9].Hash); return append(e, f) }, Known{}, 11},
		"two reordered":           {func(e []Entry) []Entry { e[4], e[5] = e[5], e[4]; return e }, Known{}, 6},
		"two reordered, numbered": {func(e []Entry) []Entry { e[4], e[5] = e[5], e[4]; e[4].Seq, e[5].Seq = 5, 6; return e }, Known{}, 5},
		"numbered anew": {func(e []Entry) []Entry {
			e = slices.Delete(e, 4, 5)
			for i := range e {
				e[i].Seq = int64(i + 1)
			}
			return e
		}, Known{}, 5},
	} {
		err := verify(test.change(slices.Clone(whole)), whole[9], test.known)
		var broken *Broken
		switch {
		case test.seq == 0 && err != nil:
			t.Errorf("%s: %v", name, err)
		case test.seq != 0 && (!errors.As(err, &broken) || broken.Seq != test.seq):
			t.Errorf("%s: %v, want it found at %d", name, err, test.seq)
		}
	}
	if err := verify(remade, remade[5], Known{}); err != nil {
		t.Errorf("a chain of its own: %v", err)
	}
	if err := verify(remade, remade[5], Known{6, whole[5].Hash}); err == nil {
		t.Error("a chain made up anew passes for the one that was noted")
	}
}

func TestWhatIsLeftAfterACutIsVerified(t *testing.T) {
	whole := chain(t, 10)
	cut := func(through int) []Entry {
		detail, err := json.Marshal(CutDetail{Through: int64(through), Hash: whole[through-1].Hash, Count: int64(through)})
		if err != nil {
			t.Fatal(err)
		}
		e, err := Chain(Record{ID: "cut", Action: Cut, Detail: detail}, 10, whole[9].Hash)
		if err != nil {
			t.Fatal(err)
		}
		return append(slices.Clone(whole), e)
	}
	if entries := cut(4); verify(entries[4:], entries[10], Known{}) != nil {
		t.Error("what is left after a cut is broken")
	}
	for _, from := range []int{3, 5} {
		entries := cut(4)
		if err := verify(entries[from:], entries[10], Known{}); err == nil {
			t.Errorf("from entry %d on, but cut through 4: verified", from+1)
		}
	}
}

// TestAnythingGoesThroughTheExport has no text break the lines or the chain of
// an exported log, nor show anything in a terminal that is not there.
func TestAnythingGoesThroughTheExport(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{
			"a\r\nb", "\x1b[31mred", "a\u202eb", "\u0085", "\u2028", "\x00", "\xff\xfe", "😀\U000e0041", strings.Repeat("é", 400), "\x7f", "<b>&",
		}))
		detail, err := json.Marshal(map[string]string{"name": text.Draw(t, "detail")})
		if err != nil {
			t.Fatal(err)
		}
		e, err := Chain(Record{
			ID: "id", At: begin, Actor: Actor{Name: text.Draw(t, "name"), Identity: text.Draw(t, "identity")},
			Action: "room.changed", Room: text.Draw(t, "room"), Detail: detail,
		}, 0, None)
		if err != nil {
			t.Fatal(err)
		}
		line, err := Line(e)
		if err != nil {
			t.Fatal(err)
		}
		if n := bytes.Count(line, []byte("\n")); n != 1 || !json.Valid(line) {
			t.Fatalf("%d lines: %q", n, line)
		}
		for _, r := range string(line[:len(line)-1]) {
			if !unicode.IsGraphic(r) || unicode.Is(unicode.Bidi_Control, r) {
				t.Fatalf("%U in %q", r, line)
			}
		}
		var v Verifier
		if err := Read(bytes.NewReader(line), v.Add); err != nil {
			t.Fatal(err)
		}
		if v.Last().Actor != e.Actor || v.Last().Room != e.Room || string(v.Last().Detail) != string(e.Detail) {
			t.Fatalf("read back %+v, want %+v", v.Last(), e)
		}
	})
}

func FuzzRead(f *testing.F) {
	for _, e := range chain(f, 2) {
		line, err := Line(e)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(line)
	}
	f.Add([]byte("{}\n{\n"))
	f.Fuzz(func(_ *testing.T, text []byte) {
		var v Verifier
		_ = Read(bytes.NewReader(text), v.Add) // must come back, whatever it says
		_ = v.Finish()
	})
}
