package chat

import (
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Query says which stored lines somebody wants, oldest first. Fields left empty
// ask for nothing.
type Query struct {
	// Room is required, Meeting the id of one of its meetings.
	Room, Meeting string
	// Words must all be in the text, the name of its file or the author's name,
	// whatever their case and accents.
	Words string
	// Author is the identity, participant id or exact name of who wrote it.
	Author string
	// Since is the first moment wanted, Until the first no longer wanted.
	Since, Until time.Time
	// Reader is whose private lines are given beside everybody's.
	Reader string
	// Limit is the most lines, After the id of the line before the first.
	Limit int
	After string
	// Newest begins with the newest line; After then is the line after the first.
	Newest bool
}

// Stored is a line with the meeting it was written in.
type Stored struct {
	Line
	Meeting string
}

const (
	// maxTerms and maxTerm bound a search: so many words of so many characters.
	maxTerms = 8
	maxTerm  = 64
)

// Terms are the words of a query in the form of [Fold], the first few of them.
func (q Query) Terms() []string {
	terms := strings.Fields(Fold(q.Words))
	terms = terms[:min(len(terms), maxTerms)]
	for i, term := range terms {
		if runes := []rune(term); len(runes) > maxTerm {
			terms[i] = string(runes[:maxTerm])
		}
	}
	return terms
}

// Fold gives text in the form it is searched in: small letters without accents
// (Unicode NFKD without its marks).
func Fold(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) || r == 0 {
			return -1
		}
		return unicode.ToLower(r)
	}, norm.NFKD.String(text))
}

// Searchable is what a line is found by.
func (l Line) Searchable() string {
	return strings.TrimSpace(Fold(l.Text) + "\n" + Fold(l.File.Name) + "\n" + Fold(l.By.Name))
}
