package node

import (
	"fmt"
	"os"
	"time"

	"rocketmq-operator.io/e2e/localkube/internal/network"
	"rocketmq-operator.io/e2e/localkube/internal/parts"
)

// Init is process number 1 of the node. It only returns on an error; the node
// ends, with all its containers, when the process is killed.
func Init(configFile string) error {
	if os.Getpid() != 1 {
		return fmt.Errorf("node-init is started by `localkube up`, in namespaces of its own")
	}
	c, err := Read(configFile)
	if err != nil {
		return err
	}
	if err := isolateMounts(c.StateDir); err != nil {
		return fmt.Errorf("mounts: %w", err)
	}
	if err := setHostname(c.Name); err != nil {
		return fmt.Errorf("host name: %w", err)
	}
	if err := joinNetwork(c); err != nil {
		return fmt.Errorf("network: %w", err)
	}
	s := newSupervisor()
	s.run(program{name: "containerd", path: c.Containerd, args: []string{"--config", c.file("containerd.toml")}, log: c.Logs["containerd"]})
	waitForFile(c.Socket)
	waitForFile(c.goFile())
	s.run(program{name: parts.Kubelet, path: self, log: c.Logs[parts.Kubelet], args: []string{
		"--config", c.file("kubelet.yaml"),
		"--kubeconfig", c.Kubeconfig,
		"--hostname-override", c.Name,
		"--node-ip", c.IP,
		"--node-labels", "topology.kubernetes.io/zone=" + c.Zone,
		"--root-dir", c.file("kubelet"),
		"--cert-dir", c.file("kubelet-pki"),
	}})
	s.run(program{name: parts.Proxy, path: self, log: c.Logs[parts.Proxy], args: []string{"--config", c.file("proxy.yaml")}})
	return s.superviseForever()
}

func joinNetwork(c Config) error {
	for !network.Exists(Link) {
		time.Sleep(10 * time.Millisecond)
	}
	if err := network.SwitchOn("lo"); err != nil {
		return err
	}
	if err := network.Configure(Link, c.CIDR); err != nil {
		return err
	}
	if err := network.DefaultRoute(c.Gateway); err != nil {
		return err
	}
	for _, route := range c.Routes {
		if err := network.Route(route.CIDR, route.Gateway); err != nil {
			return err
		}
	}
	// These settings belong to the node's own network namespace.
	for _, setting := range []string{"ipv4/ip_forward", "bridge/bridge-nf-call-iptables"} {
		if err := os.WriteFile("/proc/sys/net/"+setting, []byte("1"), 0o644); err != nil {
			return err
		}
	}
	return nil
}

func waitForFile(file string) {
	for {
		if _, err := os.Stat(file); err == nil {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}
