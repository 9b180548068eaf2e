// Package catalogue reports what the tests of the fault and attack catalogue
// measured. Each test of the catalogue is named after its item
// (TestP07_MalformedRTP) and reports exactly one [Item]; the program in
// internal/catalogue/table collects them for "make catalogue".
package catalogue

import (
	"encoding/json"
	"testing"
)

// Prefix starts every reported line, so that it can be found in test output.
const Prefix = "catalogue: "

// Item is one row of the catalogue's table.
type Item struct {
	ID       string `json:"id"`       // "P7"
	Injected string `json:"injected"` // what was done to the server
	Measured string `json:"measured"` // what came of it, in figures
	Bar      string `json:"bar"`      // what must hold
	Pass     bool   `json:"pass"`
}

// Report prints the item as one JSON line and fails the test when it did not pass.
func Report(t testing.TB, item Item) {
	t.Helper()
	line, err := json.Marshal(item)
	if err != nil {
		t.Fatalf("encode catalogue item %s: %v", item.ID, err)
	}
	t.Logf("%s%s", Prefix, line)
	if !item.Pass {
		t.Errorf("%s: %s: measured %s, bar %s", item.ID, item.Injected, item.Measured, item.Bar)
	}
}
