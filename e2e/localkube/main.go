// Command localkube is a Kubernetes cluster for machines without Docker, in
// one binary: the upstream programs under their own names, and commands that
// make a cluster of them.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"rocketmq-operator.io/e2e/localkube/internal/cluster"
	"rocketmq-operator.io/e2e/localkube/internal/layout"
	"rocketmq-operator.io/e2e/localkube/internal/node"
	"rocketmq-operator.io/e2e/localkube/internal/parts"
)

func main() {
	name, args := filepath.Base(os.Args[0]), os.Args[1:]
	if code, done := runPart(name, args); done {
		os.Exit(code)
	}
	if len(args) > 0 {
		if code, done := runPart(args[0], args[1:]); done {
			os.Exit(code)
		}
	}
	if err := commands().Execute(); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

// runPart runs the upstream program of that name, if there is one. They parse
// their arguments themselves.
func runPart(name string, args []string) (code int, done bool) {
	switch name {
	case cluster.NodeInitCommand:
		if len(args) != 1 {
			return fail(fmt.Errorf("usage: %s FILE", name)), true
		}
		return fail(node.Init(args[0])), true
	case "helm":
		useClusterByDefault()
		return fail(runHelm(args)), true
	case parts.Kubectl:
		useClusterByDefault()
	}
	if run := parts.Find(name); run != nil {
		return run(args), true
	}
	return 0, false
}

// runHelm becomes the helm that is beside this program: Helm 3 keeps its
// commands in a main package, which can't be linked into another program.
func runHelm(args []string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	helm := filepath.Join(filepath.Dir(self), "helm")
	return fmt.Errorf("%s: %w", helm, syscall.Exec(helm, append([]string{"helm"}, args...), os.Environ()))
}

// useClusterByDefault lets kubectl and helm find the cluster of the default
// name (or of $LOCALKUBE_NAME) where no kubeconfig is chosen.
func useClusterByDefault() {
	if os.Getenv("KUBECONFIG") != "" {
		return
	}
	paths, err := layout.NewPaths(defaultHome(), defaultName())
	if err != nil {
		return
	}
	if _, err := os.Stat(paths.Kubeconfig()); err == nil {
		os.Setenv("KUBECONFIG", paths.Kubeconfig())
	}
}

func fail(err error) int {
	if err == nil {
		return 0
	}
	fmt.Fprintln(os.Stderr, "error:", err)
	return 1
}
