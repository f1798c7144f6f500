package machine

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

var sysctlRoot = "/proc/sys"

// kubeletSettings are the global ones that a kubelet overwrites.
var kubeletSettings = []string{
	"vm/overcommit_memory", "vm/panic_on_oom", "kernel/panic", "kernel/panic_on_oops",
	"kernel/keys/root_maxkeys", "kernel/keys/root_maxbytes",
}

// lowerBounds are settings that a machine with many pods needs.
var lowerBounds = map[string]int{
	"fs/inotify/max_user_instances": 8192,
	"fs/inotify/max_user_watches":   524288,
}

func readSysctls() map[string]string {
	values := map[string]string{}
	names := append([]string{}, kubeletSettings...)
	for name := range lowerBounds {
		names = append(names, name)
	}
	for _, name := range names {
		if content, err := os.ReadFile(filepath.Join(sysctlRoot, name)); err == nil {
			values[name] = strings.TrimSpace(string(content))
		}
	}
	return values
}

func raiseSysctls() error {
	var failed []error
	for name, bound := range lowerBounds {
		file := filepath.Join(sysctlRoot, name)
		content, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		if value, err := strconv.Atoi(strings.TrimSpace(string(content))); err == nil && value < bound {
			failed = append(failed, os.WriteFile(file, []byte(strconv.Itoa(bound)), 0o644))
		}
	}
	return errors.Join(failed...)
}

// writeSysctls writes only what differs, so that read-only settings nobody
// changed are no error.
func writeSysctls(values map[string]string) error {
	var failed []error
	current := readSysctls()
	for name, value := range values {
		if current[name] != value {
			failed = append(failed, os.WriteFile(filepath.Join(sysctlRoot, name), []byte(value), 0o644))
		}
	}
	return errors.Join(failed...)
}
