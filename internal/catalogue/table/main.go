// Command table reads test output (go test -v, or the browser tests') on
// standard input and prints the catalogue as a table. It exits with 1 when an
// item failed, or when an item of the expected list, given as arguments, is missing.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"unicode/utf8"

	"palabre/internal/catalogue"
)

func main() {
	items, err := collect(os.Stdin)
	if err != nil {
		fmt.Fprintln(os.Stderr, "read the tests' output:", err)
		os.Exit(1)
	}
	if !write(os.Stdout, items, os.Args[1:]) {
		os.Exit(1)
	}
}

// collect finds the reported items; of several runs of one item a failed one is kept.
func collect(r io.Reader) (map[string]catalogue.Item, error) {
	items := map[string]catalogue.Item{}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20) // a panic's stack in one test may print long lines
	for lines.Scan() {
		_, text, found := strings.Cut(lines.Text(), catalogue.Prefix)
		if !found {
			continue
		}
		var item catalogue.Item
		if err := json.Unmarshal([]byte(text), &item); err != nil {
			return nil, fmt.Errorf("decode %q: %w", text, err)
		}
		if old, ok := items[item.ID]; !ok || old.Pass {
			items[item.ID] = item
		}
	}
	return items, lines.Err()
}

// write prints the table and says whether everything expected is there and passed.
func write(w io.Writer, items map[string]catalogue.Item, expected []string) bool {
	ids := slices.Clone(expected)
	for id := range items {
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, compareIDs)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	writeRow(table, "id", "injected", "measured", "bar", "pass")
	passed := 0
	for _, id := range ids {
		item, ran := items[id]
		switch {
		case !ran:
			item = catalogue.Item{Injected: "-", Measured: "did not run", Bar: "-"}
		case item.Pass:
			passed++
		}
		writeRow(table, id, item.Injected, item.Measured, item.Bar, strconv.FormatBool(item.Pass))
	}
	table.Flush()
	fmt.Fprintf(w, "\n%d passed, %d failed\n", passed, len(ids)-passed)
	return passed == len(ids)
}

// writeRow wraps the texts of a row, so that the table fits a terminal.
func writeRow(w io.Writer, cells ...string) {
	wrapped := make([][]string, len(cells))
	height := 0
	for i, cell := range cells {
		wrapped[i] = wrap(cell)
		height = max(height, len(wrapped[i]))
	}
	for line := range height {
		for i := range wrapped {
			text := ""
			if line < len(wrapped[i]) {
				text = wrapped[i][line]
			}
			fmt.Fprint(w, text, "\t")
		}
		fmt.Fprintln(w)
	}
}

// cellWidth is how wide a column may become, in characters: three of them fill 130.
const cellWidth = 38

func wrap(text string) []string {
	lines := []string{""}
	for _, word := range strings.Fields(text) {
		last := &lines[len(lines)-1]
		switch {
		case *last == "":
			*last = word
		case utf8.RuneCountInString(*last)+1+utf8.RuneCountInString(word) <= cellWidth:
			*last += " " + word
		default:
			lines = append(lines, word)
		}
	}
	return lines
}

// compareIDs orders P5 before P11.
func compareIDs(a, b string) int {
	if c := strings.Compare(a[:1], b[:1]); c != 0 {
		return c
	}
	na, _ := strconv.Atoi(a[1:])
	nb, _ := strconv.Atoi(b[1:])
	return na - nb
}
