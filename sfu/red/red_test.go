package red_test

import (
	"bytes"
	"errors"
	"testing"

	"pgregory.net/rapid"

	"palabre/sfu/red"
)

func TestRead(t *testing.T) {
	// Two blocks before the packet's own: 1920 ticks earlier "ab", 960 "c".
	payload := []byte{0x80 | 111, 1920 >> 6, 1920 << 2 & 0xFF, 2, 0x80 | 111, 960 >> 6, 960 << 2 & 0xFF, 1, 111, 'a', 'b', 'c', 'd', 'e'}
	var blocks [red.MaxBlocks]red.Block
	n, err := red.Read(payload, 111, &blocks)
	if err != nil || n != 3 {
		t.Fatal(n, err)
	}
	for i, want := range []red.Block{{Data: []byte("ab"), Offset: 1920}, {Data: []byte("c"), Offset: 960}, {Data: []byte("de")}} {
		if got := blocks[i]; !bytes.Equal(got.Data, want.Data) || got.Offset != want.Offset {
			t.Errorf("block %d is %+v, want %+v", i, got, want)
		}
	}
	if got := red.Primary(payload); string(got) != "de" {
		t.Errorf("the packet's own sound is %q", got)
	}
	renamed := red.AppendRenamed([]byte{9}, payload, 96)
	if n, err := red.Read(renamed[1:], 96, &blocks); err != nil || n != 3 || string(blocks[2].Data) != "de" || payload[0] != 0x80|111 {
		t.Errorf("renamed to %x: %v", renamed, err)
	}
	if got := red.Append(nil, 111, []red.Block{{Data: make([]byte, 1024)}, {Data: []byte{1}, Offset: 1 << 14}, {Data: []byte{2}}}); !bytes.Equal(got, []byte{111, 2}) {
		t.Errorf("what does not fit makes %x", got)
	}
}

func TestMalformed(t *testing.T) {
	for name, payload := range map[string][]byte{
		"nothing":               {},
		"no sound":              {111},
		"another payload type":  {96, 1},
		"another in a block":    {0x80 | 96, 0, 0, 0, 111, 1},
		"a header cut off":      {0x80 | 111, 0, 0},
		"headers without end":   {0x80 | 111, 0, 0, 0},
		"a block cut off":       {0x80 | 111, 0, 0, 9, 111, 1, 2},
		"redundancy alone":      {0x80 | 111, 0, 0, 2, 111, 1, 2},
		"more blocks than many": append(bytes.Repeat([]byte{0x80 | 111, 0, 0, 0}, red.MaxBlocks), 111, 1),
	} {
		var blocks [red.MaxBlocks]red.Block
		if n, err := red.Read(payload, 111, &blocks); !errors.Is(err, red.ErrMalformed) || n != 0 {
			t.Errorf("%s: %d, %v", name, n, err)
		}
	}
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pt := rapid.Uint8Range(0, 127).Draw(t, "type")
		var sent []red.Block
		for range rapid.IntRange(0, red.MaxBlocks-1).Draw(t, "redundant") {
			sent = append(sent, red.Block{
				Data: rapid.SliceOfN(rapid.Byte(), 0, 1023).Draw(t, "data"), Offset: rapid.Uint16Range(0, 1<<14-1).Draw(t, "offset"),
			})
		}
		sent = append(sent, red.Block{Data: rapid.SliceOfN(rapid.Byte(), 1, 100).Draw(t, "own")})
		payload := red.Append(nil, pt, sent)
		var got [red.MaxBlocks]red.Block
		n, err := red.Read(payload, pt, &got)
		if err != nil || n != len(sent) {
			t.Fatalf("%d blocks, %v", n, err)
		}
		for i, b := range sent {
			if !bytes.Equal(got[i].Data, b.Data) || got[i].Offset != b.Offset {
				t.Fatalf("block %d: sent %+v, read %+v", i, b, got[i])
			}
		}
		if !bytes.Equal(red.Primary(payload), got[n-1].Data) {
			t.Fatal("the packet's own sound differs")
		}
	})
}

// FuzzRead reads payloads of anybody's making; what is read of a good one is
// the same however it is read.
func FuzzRead(f *testing.F) {
	f.Add([]byte{0x80 | 111, 30, 0, 2, 111, 'a', 'b', 'c'}, byte(111))
	f.Add([]byte{111, 1}, byte(111))
	f.Fuzz(func(t *testing.T, payload []byte, pt byte) {
		var blocks, again [red.MaxBlocks]red.Block
		own := red.Primary(payload)
		n, err := red.Read(payload, pt, &blocks)
		if err != nil {
			return
		}
		if !bytes.Equal(own, blocks[n-1].Data) {
			t.Fatalf("own sound %x or %x", own, blocks[n-1].Data)
		}
		renamed := red.AppendRenamed(nil, payload, 1)
		if m, err := red.Read(renamed, 1, &again); err != nil || m != n {
			t.Fatalf("renamed to %x: %v", renamed, err)
		}
	})
}
