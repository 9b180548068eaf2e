package rooms

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

const (
	// maxName is the longest display name, in runes after normalisation.
	maxName = 64
	// maxChat is the longest chat message, in runes.
	maxChat = 4000
	// maxNonce and maxID bound, in bytes, what clients choose and everybody is sent.
	maxNonce = 64
	// maxFileName is the longest name of a file, and maxExtension of what ends it, in runes.
	maxFileName  = 100
	maxExtension = 12
	maxID        = 128
)

// cleanName gives the form of a display name others are shown: NFC, no
// control or direction characters, single spaces, at most 64 runes, and
// something to see.
func cleanName(name string) (string, error) {
	if len(name) > maxName*utf8.UTFMax*2 {
		return "", refuse(CodeTooLarge, fmt.Sprintf("A name has at most %d characters.", maxName))
	}
	name = stripControls(strings.Map(spaceToSpace, name))
	name = strings.Join(strings.Fields(norm.NFC.String(name)), " ")
	switch {
	case utf8.RuneCountInString(name) > maxName:
		return "", refuse(CodeTooLarge, fmt.Sprintf("A name has at most %d characters.", maxName))
	case !strings.ContainsFunc(name, visible):
		return "", refuse(CodeBadMessage, "A name needs at least one character that can be seen.")
	}
	return name, nil
}

// cleanChat gives the form of a chat message others are shown: line breaks
// and tabs stay, other controls and direction overrides go.
func cleanChat(text string) (string, error) {
	if len(text) > maxChat*utf8.UTFMax {
		return "", refuse(CodeTooLarge, fmt.Sprintf("A message has at most %d characters.", maxChat))
	}
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
	text = strings.TrimSpace(stripExcept(text, "\n\t"))
	switch {
	case utf8.RuneCountInString(text) > maxChat:
		return "", refuse(CodeTooLarge, fmt.Sprintf("A message has at most %d characters.", maxChat))
	case !strings.ContainsFunc(text, visible):
		return "", refuse(CodeBadMessage, "A message needs at least one character that can be seen.")
	}
	return text, nil
}

// cleanCaption is cleanChat for the words that go with a file, which may be none.
func cleanCaption(text string) (string, error) {
	if strings.TrimSpace(text) == "" {
		return "", nil
	}
	return cleanChat(text)
}

// cleanFileName gives the form of a file's name people are shown and save it
// under: no folders, nothing that means something to a shell or a file system,
// at most 100 characters with the extension kept.
func cleanFileName(name string) string {
	name = name[max(0, len(name)-maxFileName*utf8.UTFMax*4):]
	name = name[strings.LastIndexAny(name, `/\`)+1:]
	name = strings.Map(func(r rune) rune {
		if strings.ContainsRune(`<>:"|?*%`, r) {
			return '_'
		}
		return r
	}, stripControls(strings.Map(spaceToSpace, name)))
	name = strings.Trim(strings.Join(strings.Fields(norm.NFC.String(name)), " "), ". ")
	stem, extension := name, ""
	if dot := strings.LastIndexByte(name, '.'); dot > 0 && utf8.RuneCountInString(name[dot:]) <= maxExtension {
		stem, extension = name[:dot], name[dot:]
	}
	stem = strings.Trim(firstRunes(strings.TrimLeft(stem, "-. "), maxFileName-utf8.RuneCountInString(extension)), ". ")
	if !strings.ContainsFunc(stem, visible) || deviceNames.MatchString(stem) {
		stem = "file" + stem
	}
	return stem + extension
}

// deviceNames are no file names on Windows, whatever their extension.
var deviceNames = regexp.MustCompile(`(?i)^(con|prn|aux|nul|com\d|lpt\d)(\.|$)`)

// checkID checks an id that others are shown and address.
func checkID(id string) error {
	if id == "" || len(id) > maxID || !utf8.ValidString(id) || strings.ContainsFunc(id, notInID) {
		return refuse(CodeBadMessage, fmt.Sprintf("A participant id has 1 to %d bytes, without spaces and control characters.", maxID))
	}
	return nil
}

// checkRoom keeps what cannot be a room name out of the table of rooms; what
// names may look like is for whoever takes them from people.
func checkRoom(name string) error {
	if name == "" || len(name) > 2*maxID || !utf8.ValidString(name) {
		return refuse(CodeBadMessage, fmt.Sprintf("A room name has 1 to %d bytes.", 2*maxID))
	}
	return nil
}

func notInID(r rune) bool { return unicode.IsSpace(r) || !unicode.IsGraphic(r) }

func spaceToSpace(r rune) rune {
	if unicode.IsSpace(r) || r == '\u2028' || r == '\u2029' {
		return ' '
	}
	return r
}

func stripControls(text string) string { return stripExcept(text, "") }

// stripExcept removes invalid UTF-8, control characters and those that turn
// the direction of the text around them, which let a name pose as another.
func stripExcept(text, keep string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case strings.ContainsRune(keep, r):
			return r
		case r == utf8.RuneError, unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r),
			r == '\u2028', r == '\u2029', r == '\ufeff', unicode.In(r, unicode.Co, unicode.Cs):
			return -1
		}
		return r
	}, text)
}

// visible says whether a character can be seen by itself. Some letters and
// symbols of Unicode are blank by definition.
func visible(r rune) bool {
	if strings.ContainsRune("\u115f\u1160\u2800\u3164\uffa0", r) {
		return false
	}
	return unicode.In(r, unicode.L, unicode.N, unicode.P, unicode.S)
}

// clientName gives what a client calls its program in a form for the logs.
func clientName(name string) string {
	return firstRunes(stripControls(firstRunes(name, maxID)), maxName)
}

// firstRunes cuts a text to so many characters.
func firstRunes(text string, limit int) string {
	n := 0
	for i := range text {
		if n == limit {
			return text[:i]
		}
		n++
	}
	return text
}
