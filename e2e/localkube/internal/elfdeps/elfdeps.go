// Package elfdeps finds the shared libraries that a program needs, the way the
// dynamic linker would find them, without running the program.
package elfdeps

import (
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Library is a shared object to put beside a program.
type Library struct {
	Name   string // as the program asks for it
	Source string // where it is on this computer
}

// Result is what a set of programs needs.
type Result struct {
	Loader    string    // the dynamic linker's path as the programs name it, if any
	Libraries []Library // in the order found
	Folder    string    // where the loader looks by default
	Missing   []string  // "name (needed by file)"
}

// Finder looks libraries up.
type Finder struct {
	First []string               // folders to look in first, as LD_LIBRARY_PATH
	Known func(file string) bool // files that go along anyway
}

// IsELF tells whether the file begins as one.
func IsELF(file string) bool {
	f, err := os.Open(file)
	if err != nil {
		return false
	}
	defer f.Close()
	magic := make([]byte, len(elf.ELFMAG))
	_, err = io.ReadFull(f, magic)
	return err == nil && string(magic) == elf.ELFMAG
}

// object is what one file says about itself.
type object struct {
	machine elf.Machine
	class   elf.Class
	loader  string
	needed  []string
	rpath   []string // only if there is no runpath
	runpath []string
}

// Find gathers the needs of files, and the needs of those, and so on.
func (f Finder) Find(files []string) (Result, error) {
	var result Result
	type want struct {
		file      string
		inherited []string // rpaths of the files that led here
	}
	var queue []want
	for _, file := range files {
		queue = append(queue, want{file: file})
	}
	seen := map[string]bool{}
	have := map[string]bool{}
	for len(queue) > 0 {
		current := queue[0]
		queue = queue[1:]
		if seen[current.file] {
			continue
		}
		seen[current.file] = true
		o, err := read(current.file)
		if err != nil {
			return result, fmt.Errorf("%s: %w", current.file, err)
		}
		if o.loader != "" {
			result.Loader = o.loader
		}
		if len(o.needed) > 0 || o.loader != "" {
			result.Folder = "/usr/lib/" + triplet(o.machine)
		}
		rpath := append(slices.Clone(o.rpath), current.inherited...)
		for _, name := range o.needed {
			source := f.lookUp(name, o, rpath)
			if source == "" {
				result.Missing = append(result.Missing, fmt.Sprintf("%s (needed by %s)", name, current.file))
				continue
			}
			if f.Known != nil && f.Known(source) {
				continue
			}
			if !have[name] {
				have[name] = true
				result.Libraries = append(result.Libraries, Library{Name: filepath.Base(name), Source: source})
			}
			queue = append(queue, want{file: source, inherited: rpath})
		}
	}
	return result, nil
}

// Locate finds a library by its name alone, for this computer's machine.
func (f Finder) Locate(name string) (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	o, err := read(self)
	if err != nil {
		return "", err
	}
	if file := f.lookUp(name, o, nil); file != "" {
		return file, nil
	}
	return "", fmt.Errorf("no library %s", name)
}

func (f Finder) lookUp(name string, o object, rpath []string) string {
	if strings.Contains(name, "/") {
		return name
	}
	for _, folders := range [][]string{rpath, f.First, o.runpath, systemFolders(o.machine)} {
		for _, folder := range folders {
			file := filepath.Join(folder, name)
			found, err := elf.Open(file)
			if err != nil {
				continue
			}
			fits := found.Machine == o.machine && found.Class == o.class
			found.Close()
			if fits {
				return file
			}
		}
	}
	return ""
}

func read(file string) (object, error) {
	f, err := elf.Open(file)
	if err != nil {
		return object{}, err
	}
	defer f.Close()
	o := object{machine: f.Machine, class: f.Class}
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			content, err := io.ReadAll(p.Open())
			if err != nil {
				return o, err
			}
			o.loader = strings.TrimRight(string(content), "\x00")
		}
	}
	if o.needed, err = f.ImportedLibraries(); err != nil {
		if errors.Is(err, elf.ErrNoSymbols) {
			return o, nil
		}
		return o, err
	}
	origin, err := filepath.EvalSymlinks(file)
	if err != nil {
		return o, err
	}
	origin = filepath.Dir(origin)
	runpath, _ := f.DynString(elf.DT_RUNPATH)
	o.runpath = folders(runpath, origin, o.machine)
	if len(o.runpath) == 0 {
		rpath, _ := f.DynString(elf.DT_RPATH)
		o.rpath = folders(rpath, origin, o.machine)
	}
	return o, nil
}

// folders takes search paths apart and fills in what they leave open.
func folders(paths []string, origin string, machine elf.Machine) []string {
	replacer := strings.NewReplacer("$ORIGIN", origin, "${ORIGIN}", origin,
		"$LIB", "lib/"+triplet(machine), "${LIB}", "lib/"+triplet(machine))
	var all []string
	for _, path := range paths {
		for _, folder := range strings.Split(path, ":") {
			if folder != "" {
				all = append(all, replacer.Replace(folder))
			}
		}
	}
	return all
}

func systemFolders(machine elf.Machine) []string {
	t := triplet(machine)
	all := append(configured("/etc/ld.so.conf"), "/lib/"+t, "/usr/lib/"+t, "/lib64", "/usr/lib64", "/lib", "/usr/lib")
	return all
}

// configured reads the linker's configuration, with the files it includes.
func configured(file string) []string {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil
	}
	var all []string
	for _, line := range strings.Split(string(content), "\n") {
		line, _, _ = strings.Cut(line, "#")
		line = strings.TrimSpace(line)
		if pattern, ok := strings.CutPrefix(line, "include "); ok {
			files, _ := filepath.Glob(strings.TrimSpace(pattern))
			for _, included := range files {
				all = append(all, configured(included)...)
			}
		} else if strings.HasPrefix(line, "/") {
			all = append(all, line)
		}
	}
	return all
}

// triplet names the folder of a machine's libraries, as Debian does.
func triplet(machine elf.Machine) string {
	switch machine {
	case elf.EM_AARCH64:
		return "aarch64-linux-gnu"
	case elf.EM_386:
		return "i386-linux-gnu"
	case elf.EM_RISCV:
		return "riscv64-linux-gnu"
	default:
		return "x86_64-linux-gnu"
	}
}
