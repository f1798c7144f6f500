package cluster

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rocketmq-operator.io/e2e/localkube/internal/layout"
)

func TestTail(t *testing.T) {
	file := filepath.Join(t.TempDir(), "log")
	os.WriteFile(file, []byte(strings.Repeat("old\n", 50000)+"a\nb\nc\n"), 0o644)
	if got := tail(file, 2); got != "b\nc" {
		t.Errorf("got %q", got)
	}
	os.WriteFile(file, []byte("only"), 0o644)
	if got := tail(file, 2); got != "only" {
		t.Errorf("got %q", got)
	}
	if got := tail(file+"x", 2); !strings.Contains(got, "no such file") {
		t.Errorf("got %q", got)
	}
}

func TestWaitForShowsLogsWhenItGivesUp(t *testing.T) {
	paths, err := layout.NewPaths(t.TempDir(), "a")
	if err != nil {
		t.Fatal(err)
	}
	os.MkdirAll(filepath.Dir(paths.Log("x")), 0o755)
	os.WriteFile(paths.Log("x"), []byte("the reason\n"), 0o644)
	c := &Cluster{paths: paths}
	ctx, cancel := context.WithCancel(context.Background())
	tries := 0
	err = c.waitFor(ctx, newProgress(), "a thing", []string{"x"}, func(context.Context) error {
		if tries++; tries == 2 {
			cancel()
		}
		return errors.New("not yet")
	})
	if err == nil || !strings.Contains(err.Error(), "the reason") || !strings.Contains(err.Error(), "not yet") {
		t.Errorf("got %v", err)
	}
}

func TestRecordSurvives(t *testing.T) {
	paths, _ := layout.NewPaths(t.TempDir(), "a")
	if _, err := Open(paths); !errors.Is(err, ErrNotUp) {
		t.Errorf("got %v", err)
	}
	c, err := create(paths, 3)
	if err != nil {
		t.Fatal(err)
	}
	c.state.Slot, c.state.CgroupParent = 5, "/own"
	if err := c.save(); err != nil {
		t.Fatal(err)
	}
	back, err := Open(paths)
	if err != nil || back.state != c.state || back.state.Token == "" {
		t.Errorf("got %+v, %v", back, err)
	}
}

func TestEachGathersFailures(t *testing.T) {
	err := each([]int{1, 2, 3}, func(number int) error {
		if number == 2 {
			return errors.New("two")
		}
		return nil
	})
	if err == nil || err.Error() != "two" {
		t.Errorf("got %v", err)
	}
}
