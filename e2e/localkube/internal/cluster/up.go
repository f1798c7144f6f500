package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"k8s.io/client-go/kubernetes"

	"rocketmq-operator.io/e2e/localkube/internal/cgroup"
	"rocketmq-operator.io/e2e/localkube/internal/layout"
	"rocketmq-operator.io/e2e/localkube/internal/machine"
	"rocketmq-operator.io/e2e/localkube/internal/manifests"
	"rocketmq-operator.io/e2e/localkube/internal/network"
	"rocketmq-operator.io/e2e/localkube/internal/parts"
	"rocketmq-operator.io/e2e/localkube/internal/tools"
)

// UpOptions say what cluster to bring up.
type UpOptions struct {
	Nodes  int
	Images []string // archives to load on all nodes
}

// Up brings the cluster up, after clearing away what an interrupted run left.
func Up(ctx context.Context, paths layout.Paths, o UpOptions) error {
	if o.Nodes < 1 || o.Nodes > layout.MaxNodes {
		return fmt.Errorf("%d nodes: choose 1 to %d", o.Nodes, layout.MaxNodes)
	}
	for _, image := range o.Images {
		if _, err := os.Stat(image); err != nil {
			return err
		}
	}
	unlock, err := lock(paths)
	if err != nil {
		return err
	}
	defer unlock()
	p := newProgress()
	up, err := alreadyUp(ctx, p, paths, o)
	if up || err != nil {
		return err
	}
	c, err := create(paths, o.Nodes)
	if err != nil {
		return err
	}
	if err := c.up(ctx, p, o); err != nil {
		return fmt.Errorf("%w\n(`localkube down` clears up; the logs are in %s)", err, filepath.Dir(paths.Log("x")))
	}
	return nil
}

// alreadyUp is true if there is nothing to do.
func alreadyUp(ctx context.Context, p *progress, paths layout.Paths, o UpOptions) (bool, error) {
	if _, err := os.Stat(paths.Root()); errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	c, err := Open(paths)
	if err == nil && c.state.Complete && c.healthy(ctx) == nil {
		if c.state.Nodes != o.Nodes {
			return false, fmt.Errorf("the cluster is up with %d nodes, not %d: run `localkube down` first", c.state.Nodes, o.Nodes)
		}
		p.say("the cluster is already up")
		if len(o.Images) > 0 {
			if err := each(c.livingNodes(), func(number int) error { return c.importImages(ctx, number, o.Images) }); err != nil {
				return false, err
			}
			p.say("images loaded")
		}
		c.sayWhere()
		return true, nil
	}
	p.say("clearing up after an earlier run")
	return false, clear(paths)
}

func (c *Cluster) up(ctx context.Context, p *progress, o UpOptions) error {
	if _, err := tools.Find(); err != nil {
		return err
	}
	if err := c.claimMachine(); err != nil {
		return err
	}
	if err := c.makeCredentials(); err != nil {
		return fmt.Errorf("credentials: %w", err)
	}
	if err := c.makePauseImage(); err != nil {
		return err
	}
	if err := c.linkTools(); err != nil {
		return err
	}
	n := c.network()
	if err := network.AddBridge(n.Bridge(), n.GatewayCIDR()); err != nil {
		return err
	}
	p.say("prepared: bridge %s, nodes %s, pods %s, services %s", n.Bridge(), n.GatewayCIDR(), n.PodCIDR(), n.ServiceCIDR())

	// The nodes get ready for their kubelets while the API server starts.
	nodes := make(chan error, 1)
	apiReady := make(chan struct{})
	go func() { nodes <- c.upNodes(ctx, p, o.Images, apiReady) }()
	client, err := c.upControlPlane(ctx, p)
	if err != nil {
		return err
	}
	close(apiReady)
	if err := <-nodes; err != nil {
		return err
	}
	if err := c.routeServices(); err != nil {
		return err
	}
	if err := c.waitUntilUsable(ctx, p, client); err != nil {
		return err
	}
	c.state.Complete = true
	if err := c.save(); err != nil {
		return err
	}
	p.say("the cluster is up")
	c.sayWhere()
	return nil
}

// claimMachine writes the record before anything else is made.
func (c *Cluster) claimMachine() error {
	slot, err := machine.Claim(c.paths.Root(), layout.MaxSlots, func(slot int) error {
		n := layout.Network{Slot: slot}
		if network.Exists(n.Bridge()) {
			return fmt.Errorf("there is a link %s already", n.Bridge())
		}
		taken, err := network.Taken(n.GatewayCIDR(), n.PodCIDR(), n.ServiceCIDR())
		if err == nil && taken != "" {
			err = errors.New(taken)
		}
		return err
	})
	if err != nil {
		return err
	}
	groups, err := cgroup.Here()
	if err != nil {
		return err
	}
	c.state.Slot, c.state.CgroupParent = slot, groups.Parent()
	if err := c.save(); err != nil {
		return err
	}
	if err := machine.Prepare(); err != nil {
		return fmt.Errorf("kernel settings: %w", err)
	}
	return nil
}

func (c *Cluster) upControlPlane(ctx context.Context, p *progress) (kubernetes.Interface, error) {
	for _, dir := range []string{c.paths.Scratch(), c.paths.Volumes()} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, err
		}
	}
	for _, unit := range controlPlane[:2] {
		if err := c.startUnit(unit); err != nil {
			return nil, err
		}
	}
	client, err := c.client()
	if err != nil {
		return nil, err
	}
	err = c.waitFor(ctx, p, "the API server", controlPlane[:2], func(ctx context.Context) error { return apiServerReady(ctx, client) })
	if err != nil {
		return nil, err
	}
	p.say("etcd and API server ready")
	if err := manifests.Create(ctx, client, c.values()); err != nil {
		return nil, err
	}
	for _, unit := range controlPlane[2:] {
		if err := c.startUnit(unit); err != nil {
			return nil, err
		}
	}
	return client, nil
}

func (c *Cluster) upNodes(ctx context.Context, p *progress, images []string, apiReady <-chan struct{}) error {
	return each(c.allNodes(), func(number int) error {
		config, err := c.startNode(ctx, p, number)
		if err != nil {
			return err
		}
		if err := c.importImages(ctx, number, append([]string{c.paths.PauseImage()}, images...)); err != nil {
			return err
		}
		p.say("%s: containerd ready, %d images loaded", config.Name, 1+len(images))
		select {
		case <-apiReady:
			return config.Go()
		case <-ctx.Done():
			return ctx.Err()
		}
	})
}

func (c *Cluster) waitUntilUsable(ctx context.Context, p *progress, client kubernetes.Interface) error {
	for _, number := range c.allNodes() {
		name := layout.NodeName(number)
		err := c.waitFor(ctx, p, name, nodeLogs(name), func(ctx context.Context) error { return nodeReady(ctx, client, name) })
		if err != nil {
			return err
		}
		if err := c.setPodCIDR(ctx, client, number); err != nil {
			return err
		}
		p.say("%s Ready", name)
	}
	if err := c.waitFor(ctx, p, "the DNS", []string{parts.CoreDNS}, c.namesResolve); err != nil {
		return err
	}
	return c.waitFor(ctx, p, "the default service account", []string{parts.ControllerManager}, func(ctx context.Context) error { return podsCanBeMade(ctx, client) })
}

// linkTools makes a folder with kubectl and helm for a user's PATH.
func (c *Cluster) linkTools() error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(c.paths.Bin(), 0o755); err != nil {
		return err
	}
	links := map[string]string{parts.Kubectl: self, "localkube": self, "helm": filepath.Join(filepath.Dir(self), "helm")}
	for name, target := range links {
		if err := os.Symlink(target, filepath.Join(c.paths.Bin(), name)); err != nil {
			return err
		}
	}
	return nil
}

func (c *Cluster) sayWhere() {
	fmt.Printf("export KUBECONFIG=%s\nexport PATH=%s:$PATH   # kubectl, helm\n", c.paths.Kubeconfig(), c.paths.Bin())
}

func (c *Cluster) allNodes() []int {
	nodes := make([]int, c.state.Nodes)
	for i := range nodes {
		nodes[i] = i + 1
	}
	return nodes
}
