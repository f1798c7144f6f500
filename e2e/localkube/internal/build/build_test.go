package build

import (
	"reflect"
	"testing"
)

func TestSources(t *testing.T) {
	got := stanzas("Types: deb\n# old\nURIs: http://m.test/debian\nSuites: bookworm bookworm-updates sid\nComponents: main\nSigned-By: /k.gpg\n\nTypes: deb-src\nURIs: http://m.test/debian\nSuites: bookworm\nComponents: main\n", "bookworm")
	want := []string{
		"deb [signed-by=/k.gpg] http://m.test/debian bookworm main",
		"deb [signed-by=/k.gpg] http://m.test/debian bookworm-updates main",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %q", got)
	}
	got = lines("# deb http://x.test sid main\ndeb [arch=amd64] http://m.test/d bookworm main\ndeb http://other.test tools main\n", "bookworm")
	if want := []string{"deb [arch=amd64] http://m.test/d bookworm main"}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %q", got)
	}
}

func TestWithoutValue(t *testing.T) {
	if got := withoutValue([]string{"BASE=x", "BUILD_BASES=y"}, "BASE", "BUILD_BASE"); !reflect.DeepEqual(got, []string{"BUILD_BASE"}) {
		t.Error(got)
	}
}
