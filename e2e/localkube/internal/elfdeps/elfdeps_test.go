package elfdeps

import (
	"debug/elf"
	"os"
	"reflect"
	"strings"
	"testing"
)

func TestFolders(t *testing.T) {
	got := folders([]string{"$ORIGIN/../lib:/opt/x", "", "${LIB}"}, "/app/bin", elf.EM_AARCH64)
	want := []string{"/app/bin/../lib", "/opt/x", "lib/aarch64-linux-gnu"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %q", got)
	}
}

func TestFindGathersTheClosure(t *testing.T) {
	const program = "/usr/bin/apt-get" // C++, on every Debian
	if !IsELF(program) {
		t.Skip("no ", program)
	}
	result, err := Finder{}.Find([]string{program})
	if err != nil {
		t.Fatal(err)
	}
	if len(result.Missing) > 0 {
		t.Error("missing:", result.Missing)
	}
	names := map[string]bool{}
	for _, l := range result.Libraries {
		if names[l.Name] {
			t.Error("twice:", l.Name)
		}
		names[l.Name] = true
	}
	for _, name := range []string{"libc.so.6", "libstdc++.so.6", "libgcc_s.so.1"} {
		if !names[name] {
			t.Errorf("no %s in %v", name, result.Libraries)
		}
	}
	if !strings.Contains(result.Loader, "ld-linux") {
		t.Error("loader:", result.Loader)
	}
}

func TestIsELF(t *testing.T) {
	text := t.TempDir() + "/text"
	os.WriteFile(text, []byte("#!/bin/sh\n"), 0o755)
	if IsELF(text) || IsELF("/no/such/file") {
		t.Error("taken for ELF")
	}
	if self, _ := os.Executable(); !IsELF(self) {
		t.Error("not taken for ELF:", self)
	}
}
