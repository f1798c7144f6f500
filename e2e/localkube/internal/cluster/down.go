package cluster

import (
	"context"
	"errors"
	"os"
	"time"

	"rocketmq-operator.io/e2e/localkube/internal/cgroup"
	"rocketmq-operator.io/e2e/localkube/internal/layout"
	"rocketmq-operator.io/e2e/localkube/internal/machine"
	"rocketmq-operator.io/e2e/localkube/internal/network"
	"rocketmq-operator.io/e2e/localkube/internal/procs"
)

const (
	killLimit   = time.Minute
	removeLimit = 20 * time.Second
)

// Down takes the cluster away with all it made. None there is fine.
func Down(_ context.Context, paths layout.Paths) error {
	unlock, err := lock(paths)
	if err != nil {
		return err
	}
	defer func() {
		unlock()
		os.Remove(paths.Home) // only if it is empty
	}()
	p := newProgress()
	if _, err := os.Stat(paths.Root()); errors.Is(err, os.ErrNotExist) {
		p.say("the cluster is not up")
		return nil
	}
	if err := clear(paths); err != nil {
		return err
	}
	p.say("the cluster is down")
	return nil
}

// clear goes on after a failure, so that one thing that is stuck leaves as
// little as possible. The folder with the record goes last, and only if all
// else is gone: a second try then knows what to look for.
func clear(paths layout.Paths) error {
	c, err := Open(paths)
	switch {
	case errors.Is(err, ErrNotUp): // died before it made anything but the folder
	case err != nil:
		return err
	default:
		if err := c.undo(); err != nil {
			return err
		}
	}
	if err := removeFolder(paths.Root()); err != nil {
		return err
	}
	return machine.Release(paths.Root())
}

func (c *Cluster) undo() error {
	n := c.network()
	failed := []error{procs.Kill(c.state.Token, "", killLimit)}
	for _, number := range c.allNodes() {
		failed = append(failed, network.Remove(n.NodeLink(number)))
	}
	failed = append(failed, network.Remove(n.Bridge())) // its routes go with it
	groups, err := cgroup.At(c.state.CgroupParent)
	if err == nil {
		err = groups.Remove(n.Cgroup(), removeLimit)
	}
	return errors.Join(append(failed, err)...)
}

// removeFolder retries, because the kernel lets go of a dead node's mounts a
// little later.
func removeFolder(dir string) error {
	deadline := time.Now().Add(removeLimit)
	for {
		err := os.RemoveAll(dir)
		if err == nil || time.Now().After(deadline) {
			return err
		}
		time.Sleep(50 * time.Millisecond)
	}
}
