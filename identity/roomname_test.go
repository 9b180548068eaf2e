package identity

import (
	"errors"
	"math"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestMadeNamesAreStrongAndPlain(t *testing.T) {
	first, second := strings.Fields(firstWords), strings.Fields(secondWords)
	if len(first) != 256 || len(second) != 256 {
		t.Fatalf("the lists hold %d and %d words; a byte chooses evenly among 256", len(first), len(second))
	}
	bits := math.Log2(float64(len(first)*len(second))) + randomLetters*math.Log2(float64(len(letters)))
	if bits < 80 {
		t.Errorf("a name carries %.1f random bits, want at least 80", bits)
	}
	shape := regexp.MustCompile(`^[a-z]{3,9}-[a-z]{2,9}-[0-9a-z]{13}$`)
	seen := map[string]bool{}
	for range 2000 {
		name, err := NewRoomName()
		if err != nil {
			t.Fatal(err)
		}
		if !shape.MatchString(name) {
			t.Errorf("made %q", name)
		}
		if canonical, err := ParseRoomName(name); err != nil || canonical != name {
			t.Errorf("%q parses as %q, %v", name, canonical, err)
		}
		if seen[name] {
			t.Errorf("made %q twice", name)
		}
		seen[name] = true
	}
}

func TestWordsAreDifferent(t *testing.T) {
	for _, list := range []string{firstWords, secondWords} {
		seen := map[string]bool{}
		for _, word := range strings.Fields(list) {
			if seen[word] {
				t.Errorf("%q is there twice", word)
			}
			seen[word] = true
		}
	}
}

func TestParseRoomName(t *testing.T) {
	tests := []struct{ name, want string }{ // an empty want is a refusal
		{"calm-olive-7xk2m9qd4t", "calm-olive-7xk2m9qd4t"},
		{"Team Monday", "team-monday"},
		{"  réunion  d'équipe ", ""},
		{"RÉUNION_e\u0301quipe", "réunion_équipe"},
		{"会议室", "会议室"},
		{"x", "x"},
		{"a--b", "a--b"},
		{"", ""},
		{"  ", ""},
		{"-a", ""},
		{"a_", ""},
		{"a/b", ""},
		{"..", ""},
		{"a.b", ""},
		{"a%2fb", ""},
		{"a?b", ""},
		{"<script>", ""},
		{"nul\x00", ""},
		{"\u202eabc", ""},
		{"zero\u200bwidth", ""},
		{"\u0301a", ""},
		{"bad\xff", ""},
		{strings.Repeat("x", 64), strings.Repeat("x", 64)},
		{strings.Repeat("x", 65), ""},
		{strings.Repeat("é", 64), strings.Repeat("é", 64)},
		{strings.Repeat("é", 129), ""},
	}
	for _, test := range tests {
		got, err := ParseRoomName(test.name)
		if got != test.want || (test.want == "") != errors.Is(err, ErrRoomName) {
			t.Errorf("%q gives %q, %v, want %q", test.name, got, err, test.want)
		}
	}
}

func FuzzParseRoomName(f *testing.F) {
	for _, seed := range []string{"calm-olive-7xk2m9qd4t", "İstanbul", "ΑΣ", "ǰ", "e\u0301", "\u0130\u0307", "a b", "\xff", "-"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		got, err := ParseRoomName(name)
		if err != nil {
			if got != "" || !errors.Is(err, ErrRoomName) {
				t.Errorf("%q gives %q and %v", name, got, err)
			}
			return
		}
		if again, err := ParseRoomName(got); err != nil || again != got {
			t.Errorf("%q gives %q, and that %q, %v", name, got, again, err)
		}
		if n := utf8.RuneCountInString(got); n == 0 || n > MaxRoomName || strings.ContainsAny(got, "/\\.%?# \x00") {
			t.Errorf("%q gives %q", name, got)
		}
	})
}
