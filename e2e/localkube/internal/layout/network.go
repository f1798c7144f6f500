// Package layout is the one place that decides addresses, ports, names and
// paths of a cluster. Nothing here touches the machine.
package layout

import "fmt"

// Several clusters may run side by side; each takes a slot, and every address
// follows from the slot's number.
const (
	MaxSlots = 16
	MaxNodes = 50

	nodesOctet    = 200 // 10.200.<slot>.0/24: the bridge and the nodes
	podsOctet     = 224 // 10.<224+slot>.0.0/16: the pods, one /24 a node
	servicesOctet = 96  // 10.<96+slot>.0.0/16: the services
	firstNodeHost = 11  // node1 is 10.200.<slot>.11
)

// Ports, all of them on the cluster's own bridge address.
const (
	APIServerPort         = 6443
	EtcdClientPort        = 2379
	EtcdPeerPort          = 2380
	ControllerManagerPort = 10257
	SchedulerPort         = 10259
	DNSPort               = 53
	DNSHealthPort         = 8080
	DNSReadyPort          = 8181
)

// ClusterDomain is the suffix of names inside the cluster.
const ClusterDomain = "cluster.local"

// Network gives the addresses of the cluster in one slot.
type Network struct{ Slot int }

// Bridge is the name of the link in the root namespace that joins the nodes.
func (n Network) Bridge() string { return fmt.Sprintf("lk%d", n.Slot) }

// NodeLink is the root namespace's end of a node's cable.
func (n Network) NodeLink(node int) string { return fmt.Sprintf("lk%dn%d", n.Slot, node) }

// Gateway is the bridge's own address, where the control plane listens.
func (n Network) Gateway() string { return fmt.Sprintf("10.%d.%d.1", nodesOctet, n.Slot) }

// GatewayCIDR is the bridge's address with its prefix.
func (n Network) GatewayCIDR() string { return n.Gateway() + "/24" }

// NodeIP is the address of a node; nodes count from 1.
func (n Network) NodeIP(node int) string {
	return fmt.Sprintf("10.%d.%d.%d", nodesOctet, n.Slot, firstNodeHost+node-1)
}

// NodeCIDR is the node's address with its prefix.
func (n Network) NodeCIDR(node int) string { return n.NodeIP(node) + "/24" }

// PodCIDR holds all pods.
func (n Network) PodCIDR() string { return fmt.Sprintf("10.%d.0.0/16", podsOctet+n.Slot) }

// NodePodCIDR holds the pods of one node.
func (n Network) NodePodCIDR(node int) string {
	return fmt.Sprintf("10.%d.%d.0/24", podsOctet+n.Slot, node)
}

// ServiceCIDR holds the cluster IPs of services.
func (n Network) ServiceCIDR() string { return n.service("0.0") + "/16" }

// APIService is the cluster IP of the service "kubernetes".
func (n Network) APIService() string { return n.service("0.1") }

// DNSService is the cluster IP that pods ask for names.
func (n Network) DNSService() string { return n.service("0.10") }

// APIServerURL is where everything finds the API server.
func (n Network) APIServerURL() string {
	return fmt.Sprintf("https://%s:%d", n.Gateway(), APIServerPort)
}

// EtcdClientURL is where the API server finds etcd.
func (n Network) EtcdClientURL() string {
	return fmt.Sprintf("http://%s:%d", n.Gateway(), EtcdClientPort)
}

// EtcdPeerURL is etcd's own, unused with a single member.
func (n Network) EtcdPeerURL() string {
	return fmt.Sprintf("http://%s:%d", n.Gateway(), EtcdPeerPort)
}

func (n Network) service(tail string) string {
	return fmt.Sprintf("10.%d.%s", servicesOctet+n.Slot, tail)
}

// Cgroup is the name of the control group of the cluster's pods.
func (n Network) Cgroup() string { return fmt.Sprintf("localkube%d", n.Slot) }
