package cgroup

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"
)

func TestParseMounts(t *testing.T) {
	got := parseMounts(`23 1 0:5 / /proc rw - proc proc rw
32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:4 - cgroup cgroup rw,cpu,cpuacct
40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,name=systemd
41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
`)
	want := []Hierarchy{
		{Mount: "/sys/fs/cgroup/cpu,cpuacct", Controllers: []string{"cpu", "cpuacct"}},
		{Mount: "/sys/fs/cgroup/systemd", Controllers: []string{"name=systemd"}},
		{Mount: "/sys/fs/cgroup/unified"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v", got)
	}
}

func TestMemoryGroup(t *testing.T) {
	if got := memoryGroup("9:name=systemd:/\n4:memory:/a/b\n0::/\n"); got != "/a/b" {
		t.Error(got)
	}
	if got := memoryGroup("0::/\n"); got != "/" {
		t.Error(got)
	}
}

func TestMakeTellsWhatItMadeAboveAndRemoveLeavesIt(t *testing.T) {
	one, two := t.TempDir(), t.TempDir()
	os.MkdirAll(filepath.Join(one, "own", "job"), 0o755)
	tree := Tree{hierarchies: []Hierarchy{{Mount: one, Controllers: []string{"memory"}}, {Mount: two, Controllers: []string{"cpu"}}}, parent: "/own/job"}
	above, err := tree.Make("kube", "node1")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{filepath.Join(two, "own"), filepath.Join(two, "own", "job")}
	if !reflect.DeepEqual(above, want) {
		t.Errorf("made above: %v", above)
	}
	if got := tree.Path("kube", "node1"); got != "/own/job/kube/node1" {
		t.Error(got)
	}
	if err := tree.Remove("kube", time.Second); err != nil {
		t.Fatal(err)
	}
	for _, mount := range []string{one, two} {
		if _, err := os.Stat(filepath.Join(mount, "own/job/kube")); err == nil {
			t.Error("not removed in", mount)
		}
		if _, err := os.Stat(filepath.Join(mount, "own/job")); err != nil {
			t.Error("removed what is not ours:", err)
		}
	}
}
