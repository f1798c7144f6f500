package machine

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func fakeMachine(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	recordDir, sysctlRoot = filepath.Join(root, "run"), filepath.Join(root, "sys")
	for name, value := range map[string]string{"kernel/panic": "1", "fs/inotify/max_user_instances": "128", "fs/inotify/max_user_watches": "999999"} {
		file := filepath.Join(sysctlRoot, name)
		os.MkdirAll(filepath.Dir(file), 0o755)
		os.WriteFile(file, []byte(value+"\n"), 0o644)
	}
	return root
}

func sysctl(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(sysctlRoot, name))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(content))
}

func TestLastOneOutRestores(t *testing.T) {
	root := fakeMachine(t)
	a, b := filepath.Join(root, "a"), filepath.Join(root, "b")
	os.Mkdir(a, 0o755)
	os.Mkdir(b, 0o755)
	free := func(int) error { return nil }
	slotA, err := Claim(a, 4, free)
	if err != nil {
		t.Fatal(err)
	}
	slotB, err := Claim(b, 4, free)
	if err != nil || slotA == slotB {
		t.Fatalf("slots %d and %d, %v", slotA, slotB, err)
	}
	if again, _ := Claim(a, 4, free); again != slotA {
		t.Errorf("a cluster's second claim gave slot %d, not %d", again, slotA)
	}
	if err := errors.Join(Prepare(), Prepare()); err != nil {
		t.Fatal(err)
	}
	if got := sysctl(t, "fs/inotify/max_user_instances"); got != "8192" {
		t.Error("not raised:", got)
	}
	if got := sysctl(t, "fs/inotify/max_user_watches"); got != "999999" {
		t.Error("lowered:", got)
	}
	os.WriteFile(filepath.Join(sysctlRoot, "kernel/panic"), []byte("10"), 0o644)

	if err := Release(a); err != nil {
		t.Fatal(err)
	}
	if got := sysctl(t, "kernel/panic"); got != "10" {
		t.Error("restored while a cluster still runs:", got)
	}
	if err := Release(b); err != nil {
		t.Fatal(err)
	}
	if got := sysctl(t, "kernel/panic") + " " + sysctl(t, "fs/inotify/max_user_instances"); got != "1 128" {
		t.Error("not restored:", got)
	}
	if left, _ := filepath.Glob(recordDir + "*"); len(left) > 0 {
		t.Error("left over:", left)
	}
}

func TestClaimSkipsUnusableAndDeserted(t *testing.T) {
	root := fakeMachine(t)
	only1 := func(slot int) error {
		if slot != 1 {
			return errors.New("taken by a stranger")
		}
		return nil
	}
	gone := filepath.Join(root, "gone")
	os.Mkdir(gone, 0o755)
	if slot, err := Claim(gone, 4, only1); err != nil || slot != 1 {
		t.Fatal(slot, err)
	}
	os.Remove(gone)
	here := filepath.Join(root, "here")
	os.Mkdir(here, 0o755)
	if slot, err := Claim(here, 4, only1); err != nil || slot != 1 {
		t.Fatal(slot, err)
	}
	other := filepath.Join(root, "other")
	os.Mkdir(other, 0o755)
	if _, err := Claim(other, 2, only1); err == nil || !strings.Contains(err.Error(), "stranger") {
		t.Error(err)
	}
}

func TestLockExcludes(t *testing.T) {
	file := filepath.Join(t.TempDir(), "l")
	unlock, err := Lock(file, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Lock(file, 100*time.Millisecond); err == nil {
		t.Error("locked twice")
	}
	unlock()
	unlock, err = Lock(file, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	unlock()
}
