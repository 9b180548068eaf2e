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
	fmt.Fprintln(table, "id\tinjected\tmeasured\tbar\tpass")
	passed := 0
	for _, id := range ids {
		item, ran := items[id]
		switch {
		case !ran:
			item = catalogue.Item{Injected: "-", Measured: "did not run", Bar: "-"}
		case item.Pass:
			passed++
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%t\n", id, item.Injected, item.Measured, item.Bar, item.Pass)
	}
	table.Flush()
	fmt.Fprintf(w, "\n%d passed, %d failed\n", passed, len(ids)-passed)
	return passed == len(ids)
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
