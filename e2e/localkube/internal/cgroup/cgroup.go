// Package cgroup makes the control groups that a cluster's pods live in,
// beneath the caller's own, so that the caller's limits hold for them too.
package cgroup

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Hierarchy is one mounted tree of control groups.
type Hierarchy struct {
	Mount       string
	Controllers []string // none: the unified hierarchy
}

// Tree is where a cluster's groups go: the same path in each hierarchy.
type Tree struct {
	hierarchies []Hierarchy
	parent      string
}

// Here finds the hierarchies and the caller's own group.
func Here() (Tree, error) {
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return Tree{}, err
	}
	own, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return Tree{}, err
	}
	tree := Tree{hierarchies: parseMounts(string(mounts)), parent: "/"}
	if len(tree.hierarchies) == 0 {
		return Tree{}, errors.New("no control groups are mounted")
	}
	// On a unified-only machine a group with processes can't have groups with
	// limits beneath it, so there pods go beneath the root.
	if !tree.unifiedOnly() {
		tree.parent = memoryGroup(string(own))
	}
	return tree, nil
}

// At is the tree of a cluster that an earlier command made under a parent.
func At(parent string) (Tree, error) {
	tree, err := Here()
	tree.parent = parent
	return tree, err
}

// Parent is the caller's own group.
func (t Tree) Parent() string { return t.parent }

// Path is the group of that name, as a kubelet's cgroupRoot.
func (t Tree) Path(names ...string) string {
	return filepath.Join(append([]string{"/", t.parent}, names...)...)
}

// Make creates the group in each hierarchy. It returns the folders it had to
// make above, for the caller's own group; Remove does not touch those.
func (t Tree) Make(names ...string) (above []string, err error) {
	for _, h := range t.hierarchies {
		current := h.Mount
		for _, part := range strings.FieldsFunc(t.parent, func(r rune) bool { return r == '/' }) {
			current = filepath.Join(current, part)
			made, err := h.mkdir(current)
			if err != nil {
				return above, err
			}
			if made {
				above = append(above, current)
			}
		}
		for _, name := range names {
			current = filepath.Join(current, name)
			if _, err := h.mkdir(current); err != nil {
				return above, err
			}
		}
	}
	return above, nil
}

// Remove takes the group and all beneath it away, in each hierarchy. Groups
// of processes that were just killed may take a moment.
func (t Tree) Remove(name string, limit time.Duration) error {
	deadline := time.Now().Add(limit)
	for {
		var failed []error
		for _, h := range t.hierarchies {
			failed = append(failed, removeAll(filepath.Join(h.Mount, t.parent, name)))
		}
		err := errors.Join(failed...)
		if err == nil || time.Now().After(deadline) {
			return err
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func (t Tree) unifiedOnly() bool {
	return len(t.hierarchies) == 1 && len(t.hierarchies[0].Controllers) == 0
}

func (h Hierarchy) mkdir(dir string) (made bool, err error) {
	err = os.Mkdir(dir, 0o755)
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return false, err
	}
	made = err == nil
	if slices.Contains(h.Controllers, "cpuset") {
		return made, inheritCPUSet(dir)
	}
	return made, nil
}

// inheritCPUSet fills an empty set from the parent: without one no process can
// be put into the group.
func inheritCPUSet(dir string) error {
	for _, file := range []string{"cpuset.cpus", "cpuset.mems"} {
		own, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			return err
		}
		if strings.TrimSpace(string(own)) != "" {
			continue
		}
		parents, err := os.ReadFile(filepath.Join(filepath.Dir(dir), file))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, file), parents, 0o644); err != nil {
			return err
		}
	}
	return nil
}

func removeAll(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if entry.IsDir() {
			if err := removeAll(filepath.Join(dir, entry.Name())); err != nil {
				return err
			}
		}
	}
	if err := os.Remove(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// parseMounts reads /proc/self/mountinfo.
func parseMounts(mountinfo string) []Hierarchy {
	var found []Hierarchy
	for _, line := range strings.Split(mountinfo, "\n") {
		before, after, ok := strings.Cut(line, " - ")
		left, right := strings.Fields(before), strings.Fields(after)
		if !ok || len(left) < 5 || len(right) < 3 {
			continue
		}
		switch right[0] {
		case "cgroup":
			var controllers []string
			for _, option := range strings.Split(right[2], ",") {
				if option != "rw" && option != "ro" {
					controllers = append(controllers, option)
				}
			}
			found = append(found, Hierarchy{Mount: left[4], Controllers: controllers})
		case "cgroup2":
			found = append(found, Hierarchy{Mount: left[4]})
		}
	}
	return found
}

// memoryGroup reads the caller's memory group from /proc/self/cgroup.
func memoryGroup(own string) string {
	for _, line := range strings.Split(own, "\n") {
		fields := strings.SplitN(line, ":", 3)
		if len(fields) == 3 && slices.Contains(strings.Split(fields[1], ","), "memory") {
			return fields[2]
		}
	}
	return "/"
}
