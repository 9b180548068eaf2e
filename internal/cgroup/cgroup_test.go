package cgroup_test

import (
	"slices"
	"testing"
	"testing/fstest"

	"palabre/internal/cgroup"
)

func TestValuesAreOfTheGroupAndThoseAroundIt(t *testing.T) {
	quota := cgroup.File{Controller: "cpu", First: "cpu.cfs_quota_us", Second: "cpu.max"}
	for name, test := range map[string]struct {
		files map[string]string
		want  []string
	}{
		"second version": {map[string]string{
			"proc/self/cgroup":                      "0::/system.slice/palabre.service\n",
			"sys/fs/cgroup/system.slice/cpu.max":    "max 100000\n",
			"sys/fs/cgroup/system.slice/x/cpu.max":  "1 2\n",
			"sys/fs/cgroup/cpu.max":                 "200000 100000\n",
			"sys/fs/cgroup/cpu/system.slice/nobody": "",
		}, []string{"max 100000", "200000 100000"}},
		"first version, two controllers in one": {map[string]string{
			"proc/self/cgroup": "5:memory:/elsewhere\n4:cpu,cpuacct:/docker/abc\n",
			"sys/fs/cgroup/cpu/docker/abc/cpu.cfs_quota_us": "50000\n",
			"sys/fs/cgroup/cpu/cpu.cfs_quota_us":            "-1\n",
		}, []string{"50000", "-1"}},
		"a container that sees itself as the root": {map[string]string{
			"proc/self/cgroup":      "0::/\n",
			"sys/fs/cgroup/cpu.max": "max 100000\n",
		}, []string{"max 100000"}},
		"nonsense": {map[string]string{"proc/self/cgroup": "what\n::\n"}, nil},
		"nothing":  {nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			root := fstest.MapFS{}
			for file, text := range test.files {
				root[file] = &fstest.MapFile{Data: []byte(text)}
			}
			if got := slices.Collect(cgroup.Values(root, quota)); !slices.Equal(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}
