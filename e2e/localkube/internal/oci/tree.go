// Package oci assembles container images from files, without a registry, a
// daemon or a build tool.
package oci

import (
	"archive/tar"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"
)

// Tree is the content of one layer.
type Tree struct{ entries map[string]entry }

type entry struct {
	header  tar.Header
	source  string // a file of this computer; or else
	content []byte
}

// NewTree is an empty one.
func NewTree() *Tree { return &Tree{entries: map[string]entry{}} }

// Has tells whether something is there; directories made as parents count.
func (t *Tree) Has(name string) bool {
	_, ok := t.entries[clean(name)]
	return ok
}

// Dir adds a directory.
func (t *Tree) Dir(name string, mode int64, uid int) {
	t.put(name, entry{header: tar.Header{Typeflag: tar.TypeDir, Mode: mode, Uid: uid, Gid: uid}})
}

// Content adds a small file.
func (t *Tree) Content(name, content string, mode int64) {
	t.put(name, entry{header: tar.Header{Typeflag: tar.TypeReg, Mode: mode, Size: int64(len(content))}, content: []byte(content)})
}

// File adds a copy of a file of this computer, with its permission bits.
func (t *Tree) File(name, source string) error {
	info, err := os.Stat(source)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is not a regular file", source)
	}
	t.put(name, entry{header: tar.Header{Typeflag: tar.TypeReg, Mode: int64(info.Mode().Perm()), Size: info.Size()}, source: source})
	return nil
}

// Symlink adds a symbolic link.
func (t *Tree) Symlink(name, target string) {
	t.put(name, entry{header: tar.Header{Typeflag: tar.TypeSymlink, Mode: 0o777, Linkname: target}})
}

func (t *Tree) put(name string, e entry) {
	name = clean(name)
	for parent := path.Dir(name); parent != "."; parent = path.Dir(parent) {
		if _, ok := t.entries[parent]; ok {
			break
		}
		t.entries[parent] = entry{header: tar.Header{Typeflag: tar.TypeDir, Mode: 0o755}}
	}
	t.entries[name] = e
}

// Write writes the layer. The same content always gives the same bytes.
func (t *Tree) Write(w io.Writer) error {
	names := make([]string, 0, len(t.entries))
	for name := range t.entries {
		names = append(names, name)
	}
	slices.Sort(names)
	out := tar.NewWriter(w)
	for _, name := range names {
		e := t.entries[name]
		e.header.Name = name
		if e.header.Typeflag == tar.TypeDir {
			e.header.Name += "/"
		}
		e.header.Format = tar.FormatPAX
		if err := out.WriteHeader(&e.header); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if err := e.copyTo(out); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return out.Close()
}

func (e entry) copyTo(w io.Writer) error {
	if e.source == "" {
		_, err := w.Write(e.content)
		return err
	}
	f, err := os.Open(e.source)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.CopyN(w, f, e.header.Size)
	return err
}

func clean(name string) string { return strings.TrimPrefix(path.Clean("/"+name), "/") }
