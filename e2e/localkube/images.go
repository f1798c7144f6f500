package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"rocketmq-operator.io/e2e/localkube/internal/build"
	"rocketmq-operator.io/e2e/localkube/internal/layout"
	"rocketmq-operator.io/e2e/localkube/internal/pack"
)

func imageCommands() *cobra.Command {
	images := &cobra.Command{Use: "images", Short: "Make image archives without a registry or a daemon"}
	images.AddCommand(packCommand(), baseCommand(), buildCommand())
	return images
}

func packCommand() *cobra.Command {
	var o pack.Options
	var labels, ports []string
	c := &cobra.Command{
		Use:   "pack --name NAME:TAG --output FILE --add SOURCE=/TARGET ...",
		Short: "Make an image of programs that are built already, with the libraries they need",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if o.Name == "" || o.Output == "" {
				return errors.New("--name and --output are needed")
			}
			o.Config.Labels = map[string]string{}
			for _, label := range labels {
				key, value, _ := strings.Cut(label, "=")
				o.Config.Labels[key] = value
			}
			o.Config.ExposedPorts = map[string]struct{}{}
			for _, port := range ports {
				o.Config.ExposedPorts[port] = struct{}{}
			}
			report, err := pack.Pack(o)
			if err != nil {
				return err
			}
			for _, missing := range report.Missing {
				fmt.Fprintln(os.Stderr, "left out:", missing)
			}
			fmt.Printf("%s: %s, %.1f MB, %d shared libraries\n", o.Output, o.Name, float64(report.Bytes)/1e6, len(report.Libraries))
			return nil
		},
	}
	f := c.Flags()
	f.StringVar(&o.Name, "name", "", "the image's name with its tag")
	f.StringVarP(&o.Output, "output", "o", "", "the OCI archive to write")
	f.StringVar(&o.Base, "base", "", "an OCI archive to build upon (otherwise from scratch)")
	f.StringArrayVar(&o.Adds, "add", nil, "SOURCE=/TARGET: a file (a folder goes in whole); programs bring their libraries (repeatable)")
	f.StringArrayVar(&o.Adds, "add-dir", nil, "the same as --add")
	f.StringArrayVar(&o.Links, "symlink", nil, "/PATH=TARGET (repeatable)")
	f.StringArrayVar(&o.EmptyDirs, "empty-dir", nil, "folder that the non-root user owns (repeatable)")
	f.StringArrayVar(&o.LibFolders, "lib-folder", nil, "where to look for libraries first (repeatable)")
	f.StringArrayVar(&o.Libs, "lib", nil, "a library that is only loaded at run time (repeatable)")
	f.StringArrayVar(&o.Config.Entrypoint, "entrypoint", nil, "the program and its fixed arguments, one flag each")
	f.StringArrayVar(&o.Config.Cmd, "cmd", nil, "default arguments, one flag each")
	f.StringArrayVar(&o.Config.Env, "env", []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}, "NAME=VALUE (repeatable; the first use replaces PATH)")
	f.StringVar(&o.Config.User, "user", fmt.Sprintf("%d:%d", pack.NonRoot, pack.NonRoot), "user and group")
	f.StringVar(&o.Config.WorkingDir, "workdir", "/", "working folder")
	f.StringVar(&o.Config.StopSignal, "stop-signal", "", "signal that ends the program")
	f.StringArrayVar(&labels, "label", nil, "NAME=VALUE (repeatable)")
	f.StringArrayVar(&ports, "port", nil, "PORT/tcp, for information (repeatable)")
	return c
}

func baseCommand() *cobra.Command {
	o := build.BaseOptions{Cache: layout.CacheHome()}
	c := &cobra.Command{
		Use:   "base",
		Short: "Make a Debian base image (kept once made) and print its file",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			ctx, stop := interruptible()
			defer stop()
			file, err := build.Base(ctx, o)
			if err == nil {
				fmt.Println(file)
			}
			return err
		},
	}
	f := c.Flags()
	f.StringVar(&o.Suite, "suite", "bookworm", "Debian release")
	f.StringSliceVar(&o.Packages, "include", []string{"ca-certificates"}, "packages beyond the minimum")
	return c
}

func buildCommand() *cobra.Command {
	o := build.Options{Cache: layout.CacheHome()}
	c := &cobra.Command{
		Use:   "build --tag NAME:TAG --output FILE [flags] CONTEXT",
		Short: "Build a Dockerfile with buildah, without a daemon, upon the base image",
		Args:  cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if o.Tag == "" || o.Output == "" {
				return errors.New("--tag and --output are needed")
			}
			o.Context = args[0]
			ctx, stop := interruptible()
			defer stop()
			return build.Dockerfile(ctx, o)
		},
	}
	f := c.Flags()
	f.StringVarP(&o.Tag, "tag", "t", "", "the image's name with its tag")
	f.StringVarP(&o.Output, "output", "o", "", "the OCI archive to write")
	f.StringVarP(&o.File, "file", "f", "", "the Dockerfile (CONTEXT/Dockerfile)")
	f.StringVar(&o.Target, "target", "", "the stage to build")
	f.StringArrayVar(&o.Args, "build-arg", nil, "NAME=VALUE; BASE and BUILD_BASE are the base image where not given (repeatable)")
	f.StringVar(&o.Suite, "suite", "bookworm", "Debian release of the base image")
	return c
}

func interruptible() (context.Context, context.CancelFunc) {
	return signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
}
