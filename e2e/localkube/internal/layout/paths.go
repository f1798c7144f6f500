package layout

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
)

// DefaultName is the cluster's name where none is given.
const DefaultName = "local"

// longestSocket leaves room for the suffix containerd adds, within the
// kernel's limit of 108 bytes for a socket's path.
const longestSocket = 100

var goodName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,18}[a-z0-9])?$`)

// Paths gives the places of one cluster's files, all beneath one folder.
type Paths struct {
	Home string // the folder of all clusters
	Name string
}

// CacheHome is the product's folder for things that can be made again.
func CacheHome() string {
	base := os.Getenv("XDG_CACHE_HOME")
	if base == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			home = os.TempDir()
		}
		base = filepath.Join(home, ".cache")
	}
	return filepath.Join(base, "rocketmq-k8s")
}

// DefaultHome is the folder of all clusters where none is given.
func DefaultHome() string { return filepath.Join(CacheHome(), "localkube") }

// NewPaths checks the name and makes the folder absolute.
func NewPaths(home, name string) (Paths, error) {
	if !goodName.MatchString(name) {
		return Paths{}, fmt.Errorf("cluster name %q: use 1 to 20 of a-z, 0-9 and '-'", name)
	}
	abs, err := filepath.Abs(home)
	if err != nil {
		return Paths{}, err
	}
	p := Paths{Home: abs, Name: name}
	if socket := p.NodeSocket(MaxNodes); len(socket) > longestSocket {
		return Paths{}, fmt.Errorf("the folder %s is too deep: %s exceeds %d bytes; give a shorter --dir", abs, socket, longestSocket)
	}
	return p, nil
}

func (p Paths) in(parts ...string) string {
	return filepath.Join(append([]string{p.Home, p.Name}, parts...)...)
}

// Root is the cluster's own folder; `down` removes it whole.
func (p Paths) Root() string { return p.in() }

// Lock is held by a command that changes the cluster.
func (p Paths) Lock() string { return filepath.Join(p.Home, p.Name+".lock") }

// State is the record that lets any later command find what was made.
func (p Paths) State() string { return p.in("state.json") }

// PKI holds keys and certificates.
func (p Paths) PKI() string { return p.in("pki") }

// Bin holds the kubectl and helm links to put into PATH.
func (p Paths) Bin() string { return p.in("bin") }

// Kubeconfig is the administrator's.
func (p Paths) Kubeconfig() string { return p.UserKubeconfig("admin") }

// UserKubeconfig is the one of a component.
func (p Paths) UserKubeconfig(user string) string { return p.in(user + ".kubeconfig") }

// Log is the output of a unit (see package procs).
func (p Paths) Log(unit string) string { return p.in("logs", unit+".log") }

// Etcd is the database's folder.
func (p Paths) Etcd() string { return p.in("etcd") }

// Corefile configures CoreDNS.
func (p Paths) Corefile() string { return p.in("Corefile") }

// Scratch holds what components insist on writing and nobody reads.
func (p Paths) Scratch() string { return p.in("scratch") }

// Volumes holds the persistent volumes.
func (p Paths) Volumes() string { return p.in("volumes") }

// PauseImage is the archive of the sandbox image.
func (p Paths) PauseImage() string { return p.in("pause.oci.tar") }

// NodeName is the Kubernetes name of a node.
func NodeName(node int) string { return fmt.Sprintf("node%d", node) }

// Node is a file of a node.
func (p Paths) Node(node int, parts ...string) string {
	return p.in(append([]string{NodeName(node)}, parts...)...)
}

// NodeSocket is where the node's containerd listens.
func (p Paths) NodeSocket(node int) string { return p.Node(node, "containerd.sock") }
