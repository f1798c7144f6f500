package cluster

import (
	"context"
	"errors"
	"fmt"

	"rocketmq-operator.io/e2e/localkube/internal/layout"
	"rocketmq-operator.io/e2e/localkube/internal/procs"
)

// Status prints what lives and what does not. It is an error if not all is
// well.
func Status(ctx context.Context, paths layout.Paths) error {
	c, err := Open(paths)
	if err != nil {
		return err
	}
	for _, unit := range controlPlane {
		fmt.Printf("%-26s%s\n", unit, alive(procs.Alive(c.state.Token, unit)))
	}
	client, err := c.client()
	if err != nil {
		return err
	}
	for _, number := range c.allNodes() {
		name := layout.NodeName(number)
		state := alive(procs.Alive(c.state.Token, name))
		if err := nodeReady(ctx, client, name); err != nil {
			state += ", " + firstLine(err.Error())
		} else {
			state += ", Ready"
		}
		fmt.Printf("%-26s%s\n", name, state)
	}
	c.sayWhere()
	return c.healthy(ctx)
}

// Environment prints what a script needs to know, as shell assignments.
func Environment(paths layout.Paths) error {
	c, err := Open(paths)
	if err != nil {
		return err
	}
	n := c.network()
	fmt.Printf("export KUBECONFIG=%s\nexport PATH=%s:$PATH\n", paths.Kubeconfig(), paths.Bin())
	fmt.Printf("export LOCALKUBE_NAME=%s\nexport LOCALKUBE_DIR=%s\n", paths.Name, paths.Home)
	fmt.Printf("export LOCALKUBE_DNS=%s\nexport LOCALKUBE_PODS=%s\nexport LOCALKUBE_SERVICES=%s\n", n.Gateway(), n.PodCIDR(), n.ServiceCIDR())
	return nil
}

func alive(yes bool) string {
	if yes {
		return "alive"
	}
	return "dead"
}

// healthy tells all that keeps the cluster from being so.
func (c *Cluster) healthy(ctx context.Context) error {
	var failed []error
	if !c.state.Complete {
		failed = append(failed, errors.New("`up` has not come to its end"))
	}
	for _, unit := range controlPlane {
		if !procs.Alive(c.state.Token, unit) {
			failed = append(failed, fmt.Errorf("%s is dead", unit))
		}
	}
	client, err := c.client()
	if err != nil {
		return errors.Join(append(failed, err)...)
	}
	if err := apiServerReady(ctx, client); err != nil {
		return errors.Join(append(failed, err)...)
	}
	for _, number := range c.allNodes() {
		if err := nodeReady(ctx, client, layout.NodeName(number)); err != nil {
			failed = append(failed, err)
		}
	}
	return errors.Join(failed...)
}

func (c *Cluster) livingNodes() []int {
	var nodes []int
	for _, number := range c.allNodes() {
		if procs.Alive(c.state.Token, layout.NodeName(number)) {
			nodes = append(nodes, number)
		}
	}
	return nodes
}
