package pack

import (
	"archive/tar"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	v1 "github.com/opencontainers/image-spec/specs-go/v1"
)

// layers reads all files of all layers of an archive, later ones over earlier.
func layers(t *testing.T, archive string) (files map[string]*tar.Header, image v1.Image) {
	t.Helper()
	blobs := map[string][]byte{}
	f, err := os.Open(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for in := tar.NewReader(f); ; {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		blobs[h.Name], _ = io.ReadAll(in)
	}
	get := func(name string, into any) {
		if err := json.Unmarshal(blobs[name], into); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	blob := func(d v1.Descriptor) string { return "blobs/sha256/" + d.Digest.Encoded() }
	var index v1.Index
	var manifest v1.Manifest
	get("index.json", &index)
	get(blob(index.Manifests[0]), &manifest)
	get(blob(manifest.Config), &image)
	files = map[string]*tar.Header{}
	for _, l := range manifest.Layers {
		for in := tar.NewReader(strings.NewReader(string(blobs[blob(l)]))); ; {
			h, err := in.Next()
			if err != nil {
				break
			}
			files[strings.TrimSuffix(h.Name, "/")] = h
		}
	}
	return files, image
}

func TestPackProgramWithLibraries(t *testing.T) {
	const program = "/usr/bin/apt-get"
	if _, err := os.Stat(program); err != nil {
		t.Skip("no ", program)
	}
	out := filepath.Join(t.TempDir(), "a.tar")
	o := Options{Name: "localhost/a:b", Output: out, Adds: []string{program + "=/bin/program"}, Links: []string{"/bin/sh=program"}, EmptyDirs: []string{"/data"}}
	o.Config.Entrypoint, o.Config.User = []string{"/bin/program"}, "65532:65532"
	report, err := Pack(o)
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Libraries) == 0 {
		t.Error("no libraries")
	}
	files, image := layers(t, out)
	for _, name := range []string{"usr/bin/program", "bin", "tmp", "etc/passwd", "etc/nsswitch.conf", "usr/bin/sh"} {
		if files[name] == nil {
			t.Error("no", name)
		}
	}
	if h := files["tmp"]; h.Mode != 0o1777 {
		t.Errorf("tmp has mode %o", h.Mode)
	}
	if h := files["data"]; h == nil || h.Uid != NonRoot {
		t.Errorf("data: %+v", h)
	}
	if image.Config.User != "65532:65532" || image.Config.Entrypoint[0] != "/bin/program" {
		t.Errorf("%+v", image.Config)
	}

	upon := filepath.Join(t.TempDir(), "b.tar")
	text := filepath.Join(t.TempDir(), "text")
	os.WriteFile(text, []byte("x"), 0o644)
	if _, err := Pack(Options{Name: "localhost/b:b", Output: upon, Base: out, Adds: []string{text + "=/opt/"}}); err != nil {
		t.Fatal(err)
	}
	files, image = layers(t, upon)
	if files["opt/text"] == nil || files["usr/bin/program"] == nil || len(image.RootFS.DiffIDs) != 2 || len(image.History) != 2 {
		t.Errorf("the base is not beneath: %v", image.RootFS)
	}
}

func TestPackFolder(t *testing.T) {
	dir := t.TempDir()
	source := filepath.Join(dir, "source")
	os.MkdirAll(filepath.Join(source, "sub"), 0o755)
	os.WriteFile(filepath.Join(dir, "outside"), []byte("o"), 0o600)
	os.WriteFile(filepath.Join(source, "sub", "script"), []byte("#!/bin/sh\n"), 0o755)
	os.Symlink("sub/script", filepath.Join(source, "inner"))
	os.Symlink(filepath.Join(dir, "outside"), filepath.Join(source, "outer"))
	os.Symlink("nowhere", filepath.Join(source, "broken"))
	os.Symlink("..", filepath.Join(source, "sub", "up"))
	out := filepath.Join(dir, "a.tar")
	if _, err := Pack(Options{Name: "localhost/a:b", Output: out, Adds: []string{source + "=/lib/x"}}); err != nil {
		t.Fatal(err)
	}
	files, _ := layers(t, out)
	if h := files["usr/lib/x/inner"]; h == nil || h.Linkname != "sub/script" {
		t.Errorf("inner link: %+v", h)
	}
	if h := files["usr/lib/x/outer"]; h == nil || h.Typeflag != tar.TypeReg {
		t.Errorf("outer link: %+v", h)
	}
	if h := files["usr/lib/x/sub/script"]; h == nil || h.Mode != 0o755 {
		t.Errorf("script: %+v", h)
	}
	if files["usr/lib/x/broken"] != nil {
		t.Error("a broken link went in")
	}
}

func TestPackRefuses(t *testing.T) {
	for _, add := range []string{"x", "=/a", "/etc/passwd=relative", "/no/such=/a"} {
		if _, err := Pack(Options{Name: "n", Output: filepath.Join(t.TempDir(), "a"), Adds: []string{add}}); err == nil {
			t.Errorf("--add %s was taken", add)
		}
	}
}
