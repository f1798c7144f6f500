package cluster

import (
	"context"
	"fmt"

	"rocketmq-operator.io/e2e/localkube/internal/layout"
	"rocketmq-operator.io/e2e/localkube/internal/network"
	"rocketmq-operator.io/e2e/localkube/internal/procs"
)

// KillNode ends a node at once, as a power failure would.
func KillNode(paths layout.Paths, number int) error {
	return withNode(paths, number, func(c *Cluster, p *progress) error {
		name := layout.NodeName(number)
		if !procs.Alive(c.state.Token, name) {
			return fmt.Errorf("%s does not live", name)
		}
		if err := procs.Kill(c.state.Token, name, nodeStopLimit); err != nil {
			return err
		}
		if err := network.Remove(c.network().NodeLink(number)); err != nil {
			return err
		}
		p.say("%s is dead", name)
		return c.routeServices()
	})
}

// StartNode brings a killed node back, with the disk it had.
func StartNode(ctx context.Context, paths layout.Paths, number int) error {
	return withNode(paths, number, func(c *Cluster, p *progress) error {
		name := layout.NodeName(number)
		if procs.Alive(c.state.Token, name) {
			return fmt.Errorf("%s lives already", name)
		}
		config, err := c.startNode(ctx, p, number)
		if err != nil {
			return err
		}
		if err := config.Go(); err != nil {
			return err
		}
		p.say("%s has started; it will soon be Ready", name)
		return c.routeServices()
	})
}

func withNode(paths layout.Paths, number int, do func(*Cluster, *progress) error) error {
	return withLocked(paths, func(c *Cluster, p *progress) error {
		if number < 1 || number > c.state.Nodes {
			return fmt.Errorf("there is no node %d; nodes are 1 to %d", number, c.state.Nodes)
		}
		return do(c, p)
	})
}
