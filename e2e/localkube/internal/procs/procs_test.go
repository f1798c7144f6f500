package procs

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestUnitIn(t *testing.T) {
	environ := []byte("A=1\x00LOCALKUBE_UNIT=tok/etcd\x00B=2\x00")
	if name, ok := unitIn("tok", environ); !ok || name != "etcd" {
		t.Errorf("got %q %v", name, ok)
	}
	if _, ok := unitIn("other", environ); ok {
		t.Error("another cluster's process was taken for ours")
	}
	if _, ok := unitIn("to", environ); ok {
		t.Error("a token's prefix was taken for the token")
	}
}

func TestIsNamespaceInit(t *testing.T) {
	for status, want := range map[string]bool{
		"Name:\tx\nNSpid:\t77\t1\n": true,
		"Name:\tx\nNSpid:\t77\t9\n": false,
		"Name:\tx\nNSpid:\t1\n":     false,
		"":                          false,
	} {
		if isNamespaceInit(status) != want {
			t.Errorf("%q: want %v", status, want)
		}
	}
}

func TestStartFindKill(t *testing.T) {
	token := Token("test-" + filepath.Base(t.TempDir()) + time.Now().Format("150405.000000000"))
	log := filepath.Join(t.TempDir(), "logs", "x.log")
	pid, err := Start(token, Unit{Name: "x", Path: "/bin/sh", Args: []string{"-c", "echo hi; sleep 60; true"}, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	defer Kill(token, "", time.Second)
	found, err := Find(token, "x")
	if err != nil || len(found) == 0 || found[0].PID != pid {
		t.Fatalf("started %d, found %v, %v", pid, found, err)
	}
	if Alive(token, "y") {
		t.Error("a unit that was never started is alive")
	}
	if err := Kill(token, "", 5*time.Second); err != nil {
		t.Fatal(err)
	}
	if Alive(token, "") {
		t.Error("alive after Kill")
	}
	if _, err := os.Stat(log); err != nil {
		t.Error(err)
	}
}
