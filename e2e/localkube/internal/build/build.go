// Package build makes images from Dockerfiles, with buildah in place of a
// daemon and a Debian file system of our own in place of a registry.
package build

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"rocketmq-operator.io/e2e/localkube/internal/oci"
	"rocketmq-operator.io/e2e/localkube/internal/tools"
)

// BaseImage is the name that Dockerfiles get as BASE and BUILD_BASE.
const BaseImage = "localhost/rmq-base:latest"

// baseRecipe changes when the way the base image is made does.
const baseRecipe = "2"

// BaseOptions describe the base image.
type BaseOptions struct {
	Cache    string
	Suite    string
	Packages []string
}

// Base makes the base image, if it is not there already, and returns its file.
func Base(ctx context.Context, o BaseOptions) (string, error) {
	slices.Sort(o.Packages)
	hash := sha256.Sum256([]byte(strings.Join(append([]string{baseRecipe, o.Suite}, o.Packages...), " ")))
	file := filepath.Join(o.Cache, "images", fmt.Sprintf("base-%s-%s.oci.tar", o.Suite, hex.EncodeToString(hash[:4])))
	if _, err := os.Stat(file); err == nil {
		return file, nil
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return "", err
	}
	work, err := os.MkdirTemp(filepath.Dir(file), ".base-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(work)
	layer := filepath.Join(work, "root.tar")
	args := []string{"--variant=minbase", "--quiet"}
	if len(o.Packages) > 0 {
		args = append(args, "--include="+strings.Join(o.Packages, ","))
	}
	// Sources and settings are those of this computer's own Debian, so that no
	// other mirror need be reachable.
	args = append(args, o.Suite, layer)
	sources, err := debianSources(o.Suite)
	if err != nil {
		return "", err
	}
	args = append(args, sources...)
	fmt.Fprintln(os.Stderr, "making the Debian base file system (about a minute)")
	if err := run(ctx, nil, "mmdebstrap", args...); err != nil {
		return "", err
	}
	image := oci.Image{Name: BaseImage, Layer: layer}
	image.Config.Cmd = []string{"/bin/sh"}
	image.Config.Env = []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
	return file, image.WriteArchive(file)
}

// Options describe one build.
type Options struct {
	Cache   string
	Context string
	File    string
	Target  string
	Tag     string
	Output  string
	Suite   string
	Args    []string
}

// Dockerfile builds an image and writes it as an OCI archive.
func Dockerfile(ctx context.Context, o Options) error {
	args := o.Args
	if missing := withoutValue(args, "BASE", "BUILD_BASE"); len(missing) > 0 {
		base, err := Base(ctx, BaseOptions{Cache: o.Cache, Suite: o.Suite, Packages: []string{"ca-certificates"}})
		if err != nil {
			return err
		}
		if err := buildah(ctx, o.Cache, "pull", "--quiet", "oci-archive:"+base); err != nil {
			return err
		}
		for _, name := range missing {
			args = append(args, name+"="+BaseImage)
		}
	}
	command := []string{"build", "--isolation", "chroot", "--layers", "--force-rm", "--pull=never", "--tag", o.Tag}
	if o.File != "" {
		command = append(command, "--file", o.File)
	}
	if o.Target != "" {
		command = append(command, "--target", o.Target)
	}
	for _, arg := range args {
		command = append(command, "--build-arg", arg)
	}
	if err := buildah(ctx, o.Cache, append(command, o.Context)...); err != nil {
		return err
	}
	output, err := filepath.Abs(o.Output)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(output), 0o755); err != nil {
		return err
	}
	if err := os.Remove(output); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err // buildah would add to it
	}
	return buildah(ctx, o.Cache, "push", "--quiet", o.Tag, "oci-archive:"+output+":"+o.Tag)
}

// withoutValue lists those names that no NAME=VALUE sets.
func withoutValue(args []string, names ...string) []string {
	return slices.DeleteFunc(names, func(name string) bool {
		return slices.ContainsFunc(args, func(arg string) bool { return strings.HasPrefix(arg, name+"=") })
	})
}

// buildah keeps its files in our cache, apart from any other use of it here.
func buildah(ctx context.Context, cache string, args ...string) error {
	store := filepath.Join(cache, "buildah")
	policy, err := trustOwnImages(store)
	if err != nil {
		return err
	}
	// What buildah mounts is in a namespace that ends with it, and so is its
	// note of what it mounted.
	runRoot, err := os.MkdirTemp(store, "run-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(runRoot)
	global := []string{"--root", filepath.Join(store, "root"), "--runroot", runRoot}
	if args[0] == "pull" || args[0] == "push" || args[0] == "build" {
		args = append([]string{args[0], "--signature-policy", policy}, args[1:]...)
	}
	return run(ctx, []string{"BUILDAH_ISOLATION=chroot"}, "buildah", append(global, args...)...)
}

// trustOwnImages writes the policy that containers' tools ask for.
func trustOwnImages(store string) (string, error) {
	if err := os.MkdirAll(store, 0o755); err != nil {
		return "", err
	}
	file := filepath.Join(store, "policy.json")
	return file, os.WriteFile(file, []byte(`{"default":[{"type":"insecureAcceptAnything"}]}`), 0o644)
}

func run(ctx context.Context, env []string, name string, args ...string) error {
	program := tools.Program(name)
	if program == "" {
		return fmt.Errorf("%s is missing (see packages.txt)", name)
	}
	c := exec.CommandContext(ctx, program, args...)
	c.Env = append(append(os.Environ(), "PATH="+tools.Path()), env...)
	c.Stdout, c.Stderr = os.Stderr, os.Stderr
	c.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
	if err := c.Run(); err != nil {
		return fmt.Errorf("%s %s: %w", name, strings.Join(args, " "), err)
	}
	return nil
}
