package api

import (
	"bytes"
	"encoding/csv"
	"net/http"
	"strings"
	"unicode"
)

// table is a body in rows, the first of which names the columns.
type table [][]string

// wantsCSV says whether the caller asks for a table rather than JSON.
func (c *Call) wantsCSV() bool {
	return c.Query("format") == "csv" || c.Query("format") == "" && strings.HasPrefix(c.Header("Accept"), "text/csv")
}

// csvReply answers with a table as a file (RFC 4180).
func csvReply(name string, rows table) (Reply, error) {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	w.UseCRLF = true
	for _, row := range rows {
		cells := make([]string, len(row))
		for i, cell := range row {
			cells[i] = inert(cell)
		}
		if err := w.Write(cells); err != nil {
			return Reply{}, err
		}
	}
	w.Flush()
	header := http.Header{"Content-Disposition": {`attachment; filename="` + name + `.csv"`}}
	return Reply{Status: http.StatusOK, Body: b.Bytes(), ContentType: "text/csv; charset=utf-8", Header: header}, w.Error()
}

// inert gives a cell in a form that no spreadsheet takes for a formula, and
// that is one line: what begins with one of =, +, -, @ and the characters
// spreadsheets skip before them has a ' before it (OWASP, CSV injection).
func inert(cell string) string {
	cell = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r), r == '\u2028', r == '\u2029':
			return ' '
		case unicode.Is(unicode.Bidi_Control, r):
			return -1
		}
		return r
	}, cell)
	if strings.ContainsAny(firstSeen(cell), "=+-@＝＋－＠|%") && !isNumber(cell) {
		return "'" + cell
	}
	return cell
}

// firstSeen is the first character that is no space.
func firstSeen(text string) string {
	for _, r := range text {
		if !unicode.IsSpace(r) {
			return string(r)
		}
	}
	return ""
}

// isNumber says whether a text is a number and nothing else.
func isNumber(text string) bool {
	digits := strings.TrimPrefix(text, "-")
	return digits != "" && strings.Trim(digits, "0123456789.") == ""
}
