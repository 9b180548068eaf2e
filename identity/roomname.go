package identity

import (
	"crypto/rand"
	_ "embed"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

const (
	// MaxRoomName is the longest room name, in runes.
	MaxRoomName = 64
	// maxRoomNameBytes bounds what is normalised at all.
	maxRoomNameBytes = MaxRoomName * utf8.UTFMax
	// letters are the symbols of the random part: 32, so that one is exactly
	// five bits, without i, l, o and u that are misread or misspoken.
	letters = "0123456789abcdefghjkmnpqrstvwxyz"
	// randomLetters is the length of the random part: 65 bits, and with two
	// words of eight bits each 81 in all: nobody finds one by trying.
	randomLetters = 13
)

// ErrRoomName is wrapped by every refusal of a room name.
var ErrRoomName = errors.New("not a room name")

// The words are for the eye: short, friendly, easily told apart, 256 in each list.
var (
	//go:embed words/first.txt
	firstWords string
	//go:embed words/second.txt
	secondWords string
)

// NewRoomName makes a name nobody guesses: calm-olive-7xk2m9qd4t0ab.
func NewRoomName() (string, error) {
	random := make([]byte, 2+randomLetters)
	if _, err := rand.Read(random); err != nil {
		return "", fmt.Errorf("asking for random bytes for a room name: %w", err)
	}
	first, second := strings.Fields(firstWords), strings.Fields(secondWords)
	var name strings.Builder
	// A byte modulo 256, 256 and 32 is uniform.
	name.WriteString(first[int(random[0])%len(first)] + "-" + second[int(random[1])%len(second)] + "-")
	for _, b := range random[2:] {
		name.WriteByte(letters[int(b)%len(letters)])
	}
	return name.String(), nil
}

// ParseRoomName gives the canonical form of a room name somebody typed or
// followed a link to: NFC, lower case, at most 64 letters, digits, - and _,
// with a letter or digit first and last; spaces between words become -.
func ParseRoomName(name string) (string, error) {
	if len(name) > maxRoomNameBytes {
		return "", fmt.Errorf("%w: longer than %d letters", ErrRoomName, MaxRoomName)
	}
	if !utf8.ValidString(name) {
		return "", fmt.Errorf("%w: not UTF-8", ErrRoomName)
	}
	name = canonical(strings.Join(strings.Fields(name), "-"))
	if n := utf8.RuneCountInString(name); n == 0 || n > MaxRoomName {
		return "", fmt.Errorf("%w: it needs 1 to %d letters", ErrRoomName, MaxRoomName)
	}
	for _, r := range name {
		if !allowed(r) {
			return "", fmt.Errorf("%w: %q may not be in it, only letters, digits, - and _", ErrRoomName, r)
		}
	}
	first, _ := utf8.DecodeRuneInString(name)
	last, _ := utf8.DecodeLastRuneInString(name)
	if strings.ContainsRune("-_", first) || strings.ContainsRune("-_", last) || unicode.IsMark(first) {
		return "", fmt.Errorf("%w: it must begin and end with a letter or digit", ErrRoomName)
	}
	return name, nil
}

// canonical folds case and composes until nothing changes any more: lower case
// of a composed letter may itself want composing.
func canonical(name string) string {
	for range 4 {
		folded := norm.NFC.String(strings.ToLower(name))
		if folded == name {
			break
		}
		name = folded
	}
	return name
}

func allowed(r rune) bool {
	return r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.In(r, unicode.Mn, unicode.Mc)
}
