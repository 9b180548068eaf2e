package sfu_test

import (
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"palabre/sfu"
)

// TestMediaTakesTheFastPath says what carries the media of these tests: whoever
// runs them means to try that.
func TestMediaTakesTheFastPath(t *testing.T) {
	registry := prometheus.NewPedanticRegistry()
	s := server(t, func(c *sfu.Config) { c.Metrics = registry })
	join(t, s, "room", "viewer", shape{seats: 1})
	want := `palabre_media_paths{path="fast",why=""} 1`
	if *slow {
		want = `palabre_media_paths{path="udp",why="setting"} 1`
	}
	want = "# HELP palabre_media_paths Connections by how packets leave: fast; or by Pion as udp, tcp or relay, and why.\n# TYPE palabre_media_paths gauge\n" + want + "\n"
	if err := testutil.GatherAndCompare(registry, strings.NewReader(want), "palabre_media_paths"); err != nil {
		t.Error(err)
	}
}
