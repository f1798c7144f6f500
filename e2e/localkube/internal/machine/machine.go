// Package machine looks after what all clusters of this computer share: the
// slots, the kernel settings that kubelets change, and the cgroups above
// ours. The last cluster to go puts everything back.
package machine

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// Shared is the record of what the clusters share. It lives where a restart of
// the computer clears it, as a restart clears what it describes.
type Shared struct {
	Slots   map[int]string    // slot to the cluster's folder
	Sysctls map[string]string // values found by the first cluster
	Cgroups []string          // folders made above the clusters' own, outermost first
}

var recordDir = "/run/localkube"

// Claim gives the cluster with that folder a slot that is its own already or
// that nobody uses. `usable` looks at a free slot more closely, and says why
// not.
func Claim(clusterDir string, slots int, usable func(slot int) error) (int, error) {
	slot := -1
	err := update(func(s *Shared) error {
		s.dropDeserted()
		for number, dir := range s.Slots {
			if dir == clusterDir {
				slot = number
				return nil
			}
		}
		var reasons []error
		for number := 0; number < slots; number++ {
			if _, taken := s.Slots[number]; taken {
				continue
			}
			if err := usable(number); err != nil {
				reasons = append(reasons, err)
				continue
			}
			slot = number
			s.Slots[number] = clusterDir
			return nil
		}
		return fmt.Errorf("no address range is free: %w", errors.Join(reasons...))
	})
	return slot, err
}

// Prepare keeps the kernel's settings for later and raises those that many
// pods need.
func Prepare() error {
	return update(func(s *Shared) error {
		if s.Sysctls == nil {
			s.Sysctls = readSysctls()
		}
		return raiseSysctls()
	})
}

// NoteCgroups keeps the folders that had to be made above a cluster's own.
func NoteCgroups(dirs []string) error {
	if len(dirs) == 0 {
		return nil
	}
	return update(func(s *Shared) error {
		for _, dir := range dirs {
			if !slices.Contains(s.Cgroups, dir) {
				s.Cgroups = append(s.Cgroups, dir)
			}
		}
		return nil
	})
}

// Release gives the cluster's slot back; the last one out restores the rest.
func Release(clusterDir string) error {
	return update(func(s *Shared) error {
		for number, dir := range s.Slots {
			if dir == clusterDir {
				delete(s.Slots, number)
			}
		}
		s.dropDeserted()
		if len(s.Slots) > 0 {
			return nil
		}
		err := writeSysctls(s.Sysctls)
		for _, dir := range slices.Backward(s.Cgroups) {
			os.Remove(dir)
		}
		*s = Shared{}
		return err
	})
}

// dropDeserted frees the slots of clusters whose folder somebody removed.
func (s *Shared) dropDeserted() {
	for number, dir := range s.Slots {
		if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
			delete(s.Slots, number)
		}
	}
}

// update changes the record under a lock; an empty record is removed.
func update(change func(*Shared) error) error {
	unlock, err := Lock(recordDir+".lock", time.Minute)
	if err != nil {
		return err
	}
	defer unlock()
	if err := os.MkdirAll(recordDir, 0o755); err != nil {
		return err
	}
	file := filepath.Join(recordDir, "shared.json")
	shared := Shared{}
	if content, err := os.ReadFile(file); err == nil {
		if err := json.Unmarshal(content, &shared); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
	}
	if shared.Slots == nil {
		shared.Slots = map[int]string{}
	}
	changeErr := change(&shared)
	if len(shared.Slots) == 0 && shared.Sysctls == nil && shared.Cgroups == nil {
		return errors.Join(changeErr, os.RemoveAll(recordDir))
	}
	content, err := json.MarshalIndent(shared, "", " ")
	if err != nil {
		return err
	}
	temporary := file + ".new"
	return errors.Join(changeErr, os.WriteFile(temporary, content, 0o644), os.Rename(temporary, file))
}

// Lock waits for the file's lock and returns how to give it back, which also
// removes the file.
func Lock(file string, limit time.Duration) (func(), error) {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return nil, err
	}
	deadline := time.Now().Add(limit)
	for {
		held, err := tryLock(file)
		if held != nil {
			return func() { os.Remove(file); held.Close() }, nil
		}
		if err != nil {
			return nil, err
		}
		if time.Now().After(deadline) {
			return nil, fmt.Errorf("%s has been held by another localkube for %s", file, limit)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func tryLock(file string) (*os.File, error) {
	f, err := os.OpenFile(file, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	if unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) != nil {
		f.Close()
		return nil, nil
	}
	// The holder before us removed the file: the lock must be on the file that
	// others will find.
	mine, err1 := f.Stat()
	current, err2 := os.Stat(file)
	if err1 != nil || err2 != nil || !os.SameFile(mine, current) {
		f.Close()
		return nil, nil
	}
	return f, nil
}
