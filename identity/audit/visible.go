package audit

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"
)

// Visible escapes, in a JSON text, control characters, those that turn the
// direction of the text around them, and all else that is not graphic: nothing in a
// name can then pose as something else in a terminal, or make two lines of one.
// The text means the same.
func Visible(text []byte) []byte {
	var b strings.Builder
	b.Grow(len(text))
	for _, r := range string(text) {
		switch {
		case seen(r):
			b.WriteRune(r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return []byte(b.String())
}

func seen(r rune) bool {
	return unicode.IsGraphic(r) && !unicode.Is(unicode.Bidi_Control, r) && r != unicode.ReplacementChar
}
