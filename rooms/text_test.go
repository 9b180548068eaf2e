package rooms

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

func TestCleanName(t *testing.T) {
	tests := []struct {
		name, want string
		code       Code
	}{
		{"Ada", "Ada", ""},
		{"  Ada \t\n Lovelace ", "Ada Lovelace", ""},
		{"Zoe\u0301", "Zoé", ""},
		{"a\u0000b\u0007c\u009bd", "abcd", ""},
		{"\u202egpj.exe\u202c", "gpj.exe", ""},
		{"\u2066x\u2069\u200e\u200f\u061c", "x", ""},
		{"می\u200cخواهم", "می\u200cخواهم", ""},
		{"👩\u200d💻", "👩\u200d💻", ""},
		{"<script>alert(1)</script>", "<script>alert(1)</script>", ""}, // text is text; pages show it as such
		{"bad\xffutf8", "badutf8", ""},
		{"line\u2028break", "line break", ""},
		{"", "", CodeBadMessage},
		{" \u3000 ", "", CodeBadMessage},
		{"\u200b\u200d\ufeff", "", CodeBadMessage},
		{"\u3164\u2800", "", CodeBadMessage},
		{"\u0301\u0301", "", CodeBadMessage},
		{strings.Repeat("é", 64), strings.Repeat("é", 64), ""},
		{strings.Repeat("e\u0301", 64), strings.Repeat("é", 64), ""},
		{strings.Repeat("é", 65), "", CodeTooLarge},
		{strings.Repeat("x", 100_000), "", CodeTooLarge},
	}
	for _, test := range tests {
		got, err := cleanName(test.name)
		if got != test.want || err != nil && CodeOf(err) != test.code || (err == nil) != (test.code == "") {
			t.Errorf("%.40q gives %q, %v, want %q, %s", test.name, got, err, test.want, test.code)
		}
	}
}

func TestCleanChat(t *testing.T) {
	tests := []struct {
		text, want string
		code       Code
	}{
		{"hi", "hi", ""},
		{"\n a\r\nb\rc\td \n", "a\nb\nc\td", ""},
		{"\u202eabc\x1b[31m", "abc[31m", ""},
		{strings.Repeat("𝄞", 4000), strings.Repeat("𝄞", 4000), ""},
		{strings.Repeat("x", 4001), "", CodeTooLarge},
		{strings.Repeat("𝄞", 4001), "", CodeTooLarge},
		{" \n\t", "", CodeBadMessage},
	}
	for _, test := range tests {
		got, err := cleanChat(test.text)
		if got != test.want || err != nil && CodeOf(err) != test.code || (err == nil) != (test.code == "") {
			t.Errorf("%.40q gives %.40q, %v, want %.40q, %s", test.text, got, err, test.want, test.code)
		}
	}
}

func FuzzCleanText(f *testing.F) {
	for _, seed := range []string{"Ada", "Zoe\u0301", "\u202eabc", "\xff\xfe", "a\u0300\u0301\u0302", "\u1100\u1161\u11a8", "a \u200d b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		name, err := cleanName(text)
		if err == nil {
			checkShown(t, name, "")
			if utf8.RuneCountInString(name) > maxName || !norm.NFC.IsNormalString(name) {
				t.Errorf("%q gives %q", text, name)
			}
			if again, err := cleanName(name); err != nil || again != name {
				t.Errorf("%q gives %q, and that %q, %v", text, name, again, err)
			}
		}
		if line, err := cleanChat(text); err == nil {
			checkShown(t, line, "\n\t")
			if utf8.RuneCountInString(line) > maxChat {
				t.Errorf("%q gives %d characters", text, utf8.RuneCountInString(line))
			}
		}
	})
}

func checkShown(t *testing.T, text, allowed string) {
	t.Helper()
	if text == "" || !utf8.ValidString(text) || strings.TrimSpace(text) != text {
		t.Errorf("shown as %q", text)
	}
	for _, r := range text {
		if unicode.IsControl(r) && !strings.ContainsRune(allowed, r) || unicode.Is(unicode.Bidi_Control, r) {
			t.Errorf("%q holds %q", text, r)
		}
	}
}
