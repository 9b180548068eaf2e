package main

import (
	"strings"
	"testing"
)

const output = `=== RUN   TestP07_X
    x_test.go:9: catalogue: {"id":"P7","injected":"a","measured":"1","bar":"2","pass":true}
noise
    y_test.go:9: catalogue: {"id":"P10","injected":"b","measured":"3","bar":"4","pass":false}
    y_test.go:9: catalogue: {"id":"P10","injected":"b","measured":"3","bar":"4","pass":true}
`

func TestTable(t *testing.T) {
	items, err := collect(strings.NewReader(output))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name     string
		expected []string
		ok       bool
		last     string
	}{
		{"a failed run is not hidden by a later good one", nil, false, "1 passed, 1 failed"},
		{"a missing item fails", []string{"P7", "P8"}, false, "1 passed, 2 failed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var b strings.Builder
			if ok := write(&b, items, c.expected); ok != c.ok {
				t.Errorf("ok = %v, want %v", ok, c.ok)
			}
			if !strings.Contains(b.String(), c.last) {
				t.Errorf("closing line %q not in:\n%s", c.last, b.String())
			}
			if strings.Index(b.String(), "P7") > strings.Index(b.String(), "P10") {
				t.Errorf("P10 stands before P7:\n%s", b.String())
			}
		})
	}
}
