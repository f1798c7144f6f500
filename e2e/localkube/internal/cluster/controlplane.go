package cluster

import (
	"fmt"
	"os"
	"path/filepath"

	"rocketmq-operator.io/e2e/localkube/internal/layout"
	"rocketmq-operator.io/e2e/localkube/internal/manifests"
	"rocketmq-operator.io/e2e/localkube/internal/parts"
	"rocketmq-operator.io/e2e/localkube/internal/pki"
	"rocketmq-operator.io/e2e/localkube/internal/procs"
	"rocketmq-operator.io/e2e/localkube/internal/storage"
	"rocketmq-operator.io/e2e/localkube/internal/tools"
)

// StorageUnit is the volume provisioner's name, as a unit and as a command.
const StorageUnit = "local-path"

// The names of certificates, and of the kubeconfig files made with them.
const (
	adminUser     = "admin"
	serverCert    = "server"
	kubeletClient = "kubelet-client"
	frontProxy    = "front-proxy"
	tokenKeys     = "service-account"
)

// controlPlane lists the units outside the nodes, in the order of their start.
var controlPlane = []string{parts.Etcd, parts.APIServer, parts.ControllerManager, parts.Scheduler, parts.CoreDNS, StorageUnit}

// makeCredentials fills the PKI folder and writes the kubeconfig files.
func (c *Cluster) makeCredentials() error {
	n := c.network()
	ca, err := pki.New(c.paths.PKI())
	if err != nil {
		return err
	}
	if err := ca.KeyPair(tokenKeys); err != nil {
		return err
	}
	requests := []pki.Request{
		{Name: serverCert, CommonName: "kube-apiserver", Hosts: []string{
			"kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc." + layout.ClusterDomain, "localhost",
			"127.0.0.1", n.Gateway(), n.APIService(),
		}},
		{Name: kubeletClient, CommonName: "kube-apiserver", Organizations: []string{"system:masters"}},
		{Name: frontProxy, CommonName: frontProxy},
	}
	users := []pki.Request{
		{Name: adminUser, CommonName: "admin", Organizations: []string{"system:masters"}},
		{Name: parts.ControllerManager, CommonName: "system:kube-controller-manager"},
		{Name: parts.Scheduler, CommonName: "system:kube-scheduler"},
		{Name: parts.Proxy, CommonName: "system:kube-proxy"},
		{Name: parts.CoreDNS, CommonName: "system:coredns"},
		{Name: StorageUnit, CommonName: "localkube:local-path"},
	}
	for node := 1; node <= c.state.Nodes; node++ {
		name := layout.NodeName(node)
		users = append(users, pki.Request{Name: name, CommonName: "system:node:" + name, Organizations: []string{"system:nodes"}, Hosts: []string{name, n.NodeIP(node)}})
	}
	for _, r := range append(requests, users...) {
		if err := ca.Issue(r); err != nil {
			return fmt.Errorf("certificate %s: %w", r.Name, err)
		}
	}
	for _, user := range users {
		if err := ca.WriteKubeconfig(c.paths.UserKubeconfig(user.Name), "localkube-"+c.paths.Name, n.APIServerURL(), user.Name); err != nil {
			return err
		}
	}
	return nil
}

// startUnit starts one program of the control plane.
func (c *Cluster) startUnit(name string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	args, err := c.unitArgs(name)
	if err != nil {
		return err
	}
	_, err = procs.Start(c.state.Token, procs.Unit{
		Name: name, Path: self, Args: append([]string{name}, args...),
		Env: []string{"PATH=" + tools.Path()}, Log: c.paths.Log(name),
	})
	return err
}

func (c *Cluster) unitArgs(name string) ([]string, error) {
	switch name {
	case parts.Etcd:
		return c.etcdArgs(), nil
	case parts.APIServer:
		return c.apiServerArgs(), nil
	case parts.ControllerManager:
		return c.controllerManagerArgs(), nil
	case parts.Scheduler:
		return c.schedulerArgs(), nil
	case parts.CoreDNS:
		content, err := manifests.Corefile(c.values())
		if err != nil {
			return nil, err
		}
		return []string{"-conf", c.paths.Corefile()}, os.WriteFile(c.paths.Corefile(), content, 0o644)
	case StorageUnit:
		return []string{"--kubeconfig", c.paths.UserKubeconfig(StorageUnit), "--folder", c.paths.Volumes()}, nil
	}
	return nil, fmt.Errorf("no unit %q", name)
}

func (c *Cluster) etcdArgs() []string {
	n := c.network()
	return []string{
		"--name", "localkube",
		"--data-dir", c.paths.Etcd(),
		"--listen-client-urls", n.EtcdClientURL(), "--advertise-client-urls", n.EtcdClientURL(),
		"--listen-peer-urls", n.EtcdPeerURL(), "--initial-advertise-peer-urls", n.EtcdPeerURL(),
		"--initial-cluster", "localkube=" + n.EtcdPeerURL(),
		"--unsafe-no-fsync", // the data need not outlive the computer
		"--log-level", "warn",
	}
}

func (c *Cluster) apiServerArgs() []string {
	n := c.network()
	return []string{
		"--etcd-servers", n.EtcdClientURL(),
		"--bind-address", n.Gateway(), "--advertise-address", n.Gateway(), "--secure-port", fmt.Sprint(layout.APIServerPort),
		"--cert-dir", c.paths.Scratch(),
		"--service-cluster-ip-range", n.ServiceCIDR(),
		"--client-ca-file", c.pki("ca.crt"),
		"--tls-cert-file", c.pki(serverCert + ".crt"), "--tls-private-key-file", c.pki(serverCert + ".key"),
		"--kubelet-client-certificate", c.pki(kubeletClient + ".crt"), "--kubelet-client-key", c.pki(kubeletClient + ".key"),
		"--kubelet-certificate-authority", c.pki("ca.crt"), "--kubelet-preferred-address-types", "InternalIP",
		"--service-account-issuer", "https://kubernetes.default.svc." + layout.ClusterDomain,
		"--service-account-key-file", c.pki(tokenKeys + ".pub"), "--service-account-signing-key-file", c.pki(tokenKeys + ".key"),
		"--requestheader-client-ca-file", c.pki("ca.crt"), "--requestheader-allowed-names", frontProxy,
		"--requestheader-username-headers", "X-Remote-User", "--requestheader-group-headers", "X-Remote-Group",
		"--requestheader-extra-headers-prefix", "X-Remote-Extra-",
		"--proxy-client-cert-file", c.pki(frontProxy + ".crt"), "--proxy-client-key-file", c.pki(frontProxy + ".key"),
		"--enable-aggregator-routing", // webhooks are called at pods' own addresses
		"--authorization-mode", "Node,RBAC", "--enable-admission-plugins", "NodeRestriction",
		"--allow-privileged", "--profiling=false",
	}
}

func (c *Cluster) controllerManagerArgs() []string {
	n := c.network()
	return append(c.clientArgs(parts.ControllerManager, layout.ControllerManagerPort),
		"--root-ca-file", c.pki("ca.crt"),
		"--service-account-private-key-file", c.pki(tokenKeys+".key"), "--use-service-account-credentials",
		"--cluster-signing-cert-file", c.pki("ca.crt"), "--cluster-signing-key-file", c.pki("ca.key"),
		"--cluster-cidr", n.PodCIDR(), "--service-cluster-ip-range", n.ServiceCIDR(),
		"--allocate-node-cidrs=false", // nodes have theirs by their number
		"--flex-volume-plugin-dir", filepath.Join(c.paths.Scratch(), "volume-plugins"),
		"--node-monitor-period=2s", "--node-monitor-grace-period=20s",
	)
}

func (c *Cluster) schedulerArgs() []string {
	return c.clientArgs(parts.Scheduler, layout.SchedulerPort)
}

// clientArgs are those that the controller manager and the scheduler share.
func (c *Cluster) clientArgs(user string, port int) []string {
	kubeconfig := c.paths.UserKubeconfig(user)
	return []string{
		"--kubeconfig", kubeconfig, "--authentication-kubeconfig", kubeconfig, "--authorization-kubeconfig", kubeconfig,
		"--bind-address", c.network().Gateway(), "--secure-port", fmt.Sprint(port), "--cert-dir", c.paths.Scratch(),
		"--tls-cert-file", c.pki(serverCert + ".crt"), "--tls-private-key-file", c.pki(serverCert + ".key"),
		"--leader-elect=false", "--profiling=false",
		"--kube-api-qps", "200", "--kube-api-burst", "400", // the defaults make a boot seconds longer
	}
}

func (c *Cluster) pki(file string) string { return filepath.Join(c.paths.PKI(), file) }

func (c *Cluster) values() manifests.Values {
	n := c.network()
	return manifests.Values{
		DNSService: n.DNSService(), Gateway: n.Gateway(), ClusterDomain: layout.ClusterDomain,
		DNSPort: layout.DNSPort, DNSHealthPort: layout.DNSHealthPort, DNSReadyPort: layout.DNSReadyPort,
		Provisioner: storage.Provisioner, Kubeconfig: c.paths.UserKubeconfig(parts.CoreDNS),
	}
}
