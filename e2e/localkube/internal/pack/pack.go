// Package pack makes an image of programs that are built already: the files,
// the shared libraries they need, and the few files of /etc that a C library
// asks for. There is no shell and no package manager in it unless one is added.
package pack

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	v1 "github.com/opencontainers/image-spec/specs-go/v1"

	"rocketmq-operator.io/e2e/localkube/internal/elfdeps"
	"rocketmq-operator.io/e2e/localkube/internal/oci"
)

// NonRoot is the user that images run as where none is given.
const NonRoot = 65532

// Options describe the image.
type Options struct {
	Name       string
	Output     string
	Base       string   // an OCI archive to build upon
	Adds       []string // SOURCE=TARGET, files or folders
	Links      []string // PATH=TARGET
	EmptyDirs  []string // owned by the image's non-root user
	LibFolders []string // to look for libraries first
	Libs       []string // libraries that are only loaded at run time
	Config     v1.ImageConfig
}

// Report says what went in.
type Report struct {
	Libraries []string
	Missing   []string
	Bytes     int64
}

// Pack writes the image.
func Pack(o Options) (Report, error) {
	p := packer{tree: oci.NewTree(), targets: map[string]string{}}
	if o.Base == "" {
		p.addBasics()
	}
	for _, add := range o.Adds {
		source, target, ok := strings.Cut(add, "=")
		if !ok || source == "" || !path.IsAbs(target) {
			return Report{}, fmt.Errorf("--add %q: want SOURCE=/TARGET", add)
		}
		if err := p.add(source, target); err != nil {
			return Report{}, err
		}
	}
	for _, link := range o.Links {
		name, target, ok := strings.Cut(link, "=")
		if !ok || !path.IsAbs(name) {
			return Report{}, fmt.Errorf("--symlink %q: want /PATH=TARGET", link)
		}
		p.tree.Symlink(p.merged(name), target)
	}
	for _, dir := range o.EmptyDirs {
		p.tree.Dir(dir, 0o755, NonRoot)
	}
	report, err := p.addLibraries(o.LibFolders, o.Libs)
	if err != nil {
		return report, err
	}
	image := oci.Image{Name: o.Name, Config: o.Config, Tree: p.tree}
	if o.Base != "" {
		if image.Base, err = oci.Open(o.Base); err != nil {
			return report, err
		}
		defer image.Base.Close()
	}
	if err := image.WriteArchive(o.Output); err != nil {
		return report, err
	}
	info, err := os.Stat(o.Output)
	if err == nil {
		report.Bytes = info.Size()
	}
	return report, err
}

type packer struct {
	tree    *oci.Tree
	targets map[string]string // of regular files: this computer's (real) path to the image's
	named   []string          // ELF files that were named one by one: all libraries must be there
	found   []string          // ELF files found in folders: libraries may be missing
}

// addBasics lays the folders as Debian does, /lib being /usr/lib, and adds what
// the C library reads.
func (p *packer) addBasics() {
	for _, dir := range mergedFolders {
		p.tree.Dir("/usr"+dir, 0o755, 0)
		p.tree.Symlink(dir, "usr"+dir)
	}
	p.tree.Dir("/tmp", 0o1777, 0)
	p.tree.Dir("/home/nonroot", 0o755, NonRoot)
	p.tree.Content("/etc/passwd", fmt.Sprintf("root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:%d:%d:nonroot:/home/nonroot:/sbin/nologin\n", NonRoot, NonRoot), 0o644)
	p.tree.Content("/etc/group", fmt.Sprintf("root:x:0:\nnonroot:x:%d:\n", NonRoot), 0o644)
	p.tree.Content("/etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n", 0o644)
	const certificates = "/etc/ssl/certs/ca-certificates.crt"
	if _, err := os.Stat(certificates); err == nil {
		p.tree.File(certificates, certificates)
	}
}

var mergedFolders = []string{"/bin", "/sbin", "/lib", "/lib64"}

// merged is the real place of a path: writing through the links of the merged
// folders would replace them.
func (p *packer) merged(target string) string {
	for _, dir := range mergedFolders {
		if target == dir || strings.HasPrefix(target, dir+"/") {
			return "/usr" + target
		}
	}
	return target
}

func (p *packer) add(source, target string) error {
	info, err := os.Stat(source)
	if err != nil {
		return err
	}
	if info.IsDir() {
		return p.addFolder(source, target)
	}
	if strings.HasSuffix(target, "/") {
		target += filepath.Base(source)
	}
	if elfdeps.IsELF(source) {
		p.named = append(p.named, source)
	}
	return p.addFile(source, target)
}

func (p *packer) addFile(source, target string) error {
	target = p.merged(target)
	if err := p.tree.File(target, source); err != nil {
		return err
	}
	if real, err := filepath.EvalSymlinks(source); err == nil {
		p.targets[real] = target
	}
	return nil
}

// addFolder copies a folder. Links that lead out of it are replaced by what
// they lead to.
func (p *packer) addFolder(source, target string) error {
	root, err := filepath.EvalSymlinks(source)
	if err != nil {
		return err
	}
	return filepath.WalkDir(root, func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		inside, err := filepath.Rel(root, file)
		if err != nil {
			return err
		}
		place := path.Join(target, filepath.ToSlash(inside))
		switch {
		case entry.IsDir():
			p.tree.Dir(p.merged(place), 0o755, 0)
			return nil
		case entry.Type()&fs.ModeSymlink != 0:
			return p.addLink(root, file, place)
		case entry.Type().IsRegular():
			if elfdeps.IsELF(file) {
				p.found = append(p.found, file)
			}
			return p.addFile(file, place)
		}
		return nil // sockets and devices have no place in an image
	})
}

func (p *packer) addLink(root, file, place string) error {
	link, err := os.Readlink(file)
	if err != nil {
		return err
	}
	real, err := filepath.EvalSymlinks(file)
	if err != nil {
		return nil // leads nowhere
	}
	if !filepath.IsAbs(link) && within(root, real) && within(root, filepath.Join(filepath.Dir(file), link)) {
		p.tree.Symlink(p.merged(place), link)
		return nil
	}
	info, err := os.Stat(real)
	if err != nil {
		return err
	}
	if info.IsDir() {
		if within(real, root) {
			return nil // leads to a folder above: it would never end
		}
		return p.addFolder(real, place)
	}
	return p.addFile(real, place)
}

func within(root, file string) bool {
	return file == root || strings.HasPrefix(file, strings.TrimSuffix(root, "/")+"/")
}

func (p *packer) addLibraries(folders, extra []string) (Report, error) {
	var report Report
	finder := elfdeps.Finder{First: folders, Known: func(file string) bool {
		real, err := filepath.EvalSymlinks(file)
		_, known := p.targets[real]
		return err == nil && known
	}}
	strict, err := finder.Find(p.named)
	if err != nil {
		return report, err
	}
	if len(strict.Missing) > 0 {
		return report, fmt.Errorf("shared libraries not found: %s (--lib-folder gives more places)", strings.Join(strict.Missing, ", "))
	}
	loose, err := finder.Find(p.found)
	if err != nil {
		return report, err
	}
	for _, missing := range loose.Missing {
		// Libraries of a folder often load each other by other means.
		if name, _, _ := strings.Cut(missing, " "); !p.goesAlong(name) {
			report.Missing = append(report.Missing, missing)
		}
	}
	folder := either(strict.Folder, loose.Folder)
	libraries := append(strict.Libraries, loose.Libraries...)
	for _, name := range extra {
		source, err := finder.Locate(name)
		if err != nil {
			return report, err
		}
		libraries = append(libraries, elfdeps.Library{Name: name, Source: source})
	}
	for _, library := range libraries {
		target := path.Join(either(folder, "/usr/lib"), library.Name)
		if p.tree.Has(target) {
			continue
		}
		if err := p.tree.File(target, library.Source); err != nil {
			return report, err
		}
		report.Libraries = append(report.Libraries, library.Name)
	}
	if loader := either(strict.Loader, loose.Loader); loader != "" {
		if err := p.tree.File(p.merged(loader), loader); err != nil {
			return report, err
		}
	}
	slices.Sort(report.Libraries)
	return report, nil
}

func (p *packer) goesAlong(name string) bool {
	for _, target := range p.targets {
		if path.Base(target) == name {
			return true
		}
	}
	return false
}

func either(first, second string) string {
	if first != "" {
		return first
	}
	return second
}
