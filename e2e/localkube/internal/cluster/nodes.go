package cluster

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"rocketmq-operator.io/e2e/localkube/internal/cgroup"
	"rocketmq-operator.io/e2e/localkube/internal/layout"
	"rocketmq-operator.io/e2e/localkube/internal/machine"
	"rocketmq-operator.io/e2e/localkube/internal/network"
	"rocketmq-operator.io/e2e/localkube/internal/node"
	"rocketmq-operator.io/e2e/localkube/internal/oci"
	"rocketmq-operator.io/e2e/localkube/internal/parts"
	"rocketmq-operator.io/e2e/localkube/internal/procs"
	"rocketmq-operator.io/e2e/localkube/internal/tools"
)

const nodeNamespaces = syscall.CLONE_NEWNET | syscall.CLONE_NEWNS | syscall.CLONE_NEWUTS | syscall.CLONE_NEWIPC | syscall.CLONE_NEWPID

// nodePrograms run inside each node, each with a log of its own.
var nodePrograms = []string{"containerd", parts.Kubelet, parts.Proxy}

func nodeLog(name, program string) string { return name + "-" + program }

// nodeLogs are the units whose logs tell about a node.
func nodeLogs(name string) []string {
	logs := []string{name}
	for _, program := range nodePrograms {
		logs = append(logs, nodeLog(name, program))
	}
	return logs
}

func (c *Cluster) nodeConfig(number int, found tools.Found, groups cgroup.Tree) node.Config {
	n, name := c.network(), layout.NodeName(number)
	config := node.Config{
		Name: name, Dir: c.paths.Node(number), StateDir: c.paths.Root(),
		IP: n.NodeIP(number), CIDR: n.NodeCIDR(number), Gateway: n.Gateway(),
		ClusterDomain: layout.ClusterDomain, DNSService: n.DNSService(), PodCIDR: n.PodCIDR(), NodePodCIDR: n.NodePodCIDR(number),
		PKI: c.paths.PKI(), Kubeconfig: c.paths.UserKubeconfig(name), ProxyKubeconfig: c.paths.UserKubeconfig(parts.Proxy),
		CgroupRoot: groups.Path(n.Cgroup(), name),
		Socket:     c.paths.NodeSocket(number), PauseImage: PauseImage, Zone: fmt.Sprintf("zone-%d", number),
		Snapshotter: snapshotterFor(c.paths.Root()),
		Logs:        map[string]string{},
		Containerd:  found.Containerd, Runc: found.Runc, CNIPlugins: found.CNIPlugins,
	}
	for _, program := range nodePrograms {
		config.Logs[program] = c.paths.Log(nodeLog(name, program))
	}
	for other := 1; other <= c.state.Nodes; other++ {
		if other != number {
			config.Routes = append(config.Routes, node.Route{CIDR: n.NodePodCIDR(other), Gateway: n.NodeIP(other)})
		}
	}
	return config
}

// startNode makes a node and waits until its containerd answers. Its kubelet
// waits for config.Go.
func (c *Cluster) startNode(ctx context.Context, p *progress, number int) (node.Config, error) {
	n, name := c.network(), layout.NodeName(number)
	found, err := tools.Find()
	if err != nil {
		return node.Config{}, err
	}
	groups, err := cgroup.At(c.state.CgroupParent)
	if err != nil {
		return node.Config{}, err
	}
	above, err := groups.Make(n.Cgroup(), name)
	if noteErr := machine.NoteCgroups(above); err == nil {
		err = noteErr
	}
	if err != nil {
		return node.Config{}, fmt.Errorf("control groups of %s: %w", name, err)
	}
	config := c.nodeConfig(number, found, groups)
	if err := config.Write(); err != nil {
		return config, err
	}
	config.Hold()
	os.Remove(config.Socket) // a killed node leaves it behind
	if err := network.Remove(n.NodeLink(number)); err != nil {
		return config, err
	}
	self, err := os.Executable()
	if err != nil {
		return config, err
	}
	pid, err := procs.Start(c.state.Token, procs.Unit{
		Name: name, Path: self, Args: []string{NodeInitCommand, config.File()},
		Env: []string{"PATH=" + tools.Path()}, Log: c.paths.Log(name), Namespaces: nodeNamespaces,
	})
	if err != nil {
		return config, err
	}
	if err := network.AddCable(n.Bridge(), n.NodeLink(number), node.Link, pid); err != nil {
		return config, fmt.Errorf("%s: %w%s", name, err, c.tails([]string{name}))
	}
	if err := network.Route(n.NodePodCIDR(number), n.NodeIP(number)); err != nil {
		return config, err
	}
	err = c.waitFor(ctx, p, name+"'s containerd", nodeLogs(name)[:2], func(ctx context.Context) error {
		if !procs.Alive(c.state.Token, name) {
			return fmt.Errorf("%s has ended", name)
		}
		return c.ctr(ctx, number, "version")
	})
	return config, err
}

// NodeInitCommand is the hidden command that is process number 1 of a node.
const NodeInitCommand = "node-init"

// routeServices sends this computer's traffic to services through a node that
// lives: nodes are the ones who know where services lead.
func (c *Cluster) routeServices() error {
	n := c.network()
	for number := 1; number <= c.state.Nodes; number++ {
		if procs.Alive(c.state.Token, layout.NodeName(number)) {
			return network.Route(n.ServiceCIDR(), n.NodeIP(number))
		}
	}
	return nil
}

// PauseImage is the name of the sandboxes' image.
const PauseImage = "localhost/localkube-pause:1"

// makePauseImage packs the program that is beside this one.
func (c *Cluster) makePauseImage() error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	tree := oci.NewTree()
	if err := tree.File("pause", filepath.Join(filepath.Dir(self), "pause")); err != nil {
		return fmt.Errorf("the sandboxes' program: %w (build.sh puts it beside localkube)", err)
	}
	image := oci.Image{Name: PauseImage, Tree: tree}
	image.Config.Entrypoint = []string{"/pause"}
	image.Config.User = "65535:65535"
	return image.WriteArchive(c.paths.PauseImage())
}

// snapshotterFor avoids an overlay on top of an overlay, which the kernel
// refuses.
func snapshotterFor(dir string) string {
	var stat unix.Statfs_t
	if unix.Statfs(dir, &stat) == nil && stat.Type == unix.OVERLAYFS_SUPER_MAGIC {
		return "native"
	}
	return "overlayfs"
}

// nodeStopLimit is for ending one node with all its containers.
const nodeStopLimit = time.Minute
