package cluster

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"sync"

	"rocketmq-operator.io/e2e/localkube/internal/layout"
	"rocketmq-operator.io/e2e/localkube/internal/tools"
)

const criNamespace = "k8s.io"

// ctr runs containerd's own client against a node.
func (c *Cluster) ctr(ctx context.Context, number int, args ...string) error {
	all := append([]string{"--address", c.paths.NodeSocket(number), "--namespace", criNamespace}, args...)
	out, err := exec.CommandContext(ctx, tools.Program("ctr"), all...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("ctr %s on %s: %w: %s", strings.Join(args, " "), layout.NodeName(number), err, strings.TrimSpace(string(out)))
	}
	return nil
}

func (c *Cluster) importImages(ctx context.Context, number int, archives []string) error {
	for _, archive := range archives {
		if err := c.ctr(ctx, number, "images", "import", archive); err != nil {
			return err
		}
	}
	return nil
}

// LoadImages gives archives to all nodes that live.
func LoadImages(ctx context.Context, paths layout.Paths, archives []string) error {
	unlock, err := lock(paths)
	if err != nil {
		return err
	}
	defer unlock()
	c, err := Open(paths)
	if err != nil {
		return err
	}
	p := newProgress()
	nodes := c.livingNodes()
	if len(nodes) == 0 {
		return errors.New("no node lives")
	}
	err = each(nodes, func(number int) error { return c.importImages(ctx, number, archives) })
	if err == nil {
		p.say("%d image archives on %d nodes", len(archives), len(nodes))
	}
	return err
}

// each does something for all nodes at once.
func each(nodes []int, do func(number int) error) error {
	failed := make([]error, len(nodes))
	var all sync.WaitGroup
	for i, number := range nodes {
		all.Add(1)
		go func() {
			defer all.Done()
			failed[i] = do(number)
		}()
	}
	all.Wait()
	return errors.Join(failed...)
}
