// Package cluster brings a whole cluster up and takes it down again.
package cluster

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"rocketmq-operator.io/e2e/localkube/internal/layout"
	"rocketmq-operator.io/e2e/localkube/internal/machine"
	"rocketmq-operator.io/e2e/localkube/internal/procs"
)

// State is the record that every later command starts from. It is written
// before the first thing it describes is made.
type State struct {
	Token        procs.Token // marks all our processes
	Slot         int
	Nodes        int
	CgroupParent string
	Complete     bool // `up` came to its end
}

// Cluster is one cluster, up or not.
type Cluster struct {
	paths layout.Paths
	state State
}

// ErrNotUp is the answer to commands that need a cluster.
var ErrNotUp = errors.New("the cluster is not up; run `localkube up`")

// Open reads the record of a cluster that is up, or half up.
func Open(paths layout.Paths) (*Cluster, error) {
	content, err := os.ReadFile(paths.State())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNotUp
	}
	if err != nil {
		return nil, err
	}
	c := &Cluster{paths: paths}
	if err := json.Unmarshal(content, &c.state); err != nil {
		return nil, fmt.Errorf("%s: %w", paths.State(), err)
	}
	return c, nil
}

// create makes the record of a new cluster.
func create(paths layout.Paths, nodes int) (*Cluster, error) {
	c := &Cluster{paths: paths, state: State{Token: procs.Token(rand.Text()), Nodes: nodes}}
	if err := os.MkdirAll(paths.Root(), 0o755); err != nil {
		return nil, err
	}
	return c, nil
}

func (c *Cluster) save() error {
	content, err := json.MarshalIndent(c.state, "", " ")
	if err != nil {
		return err
	}
	temporary := c.paths.State() + ".new"
	if err := os.WriteFile(temporary, content, 0o600); err != nil {
		return err
	}
	return os.Rename(temporary, c.paths.State())
}

func (c *Cluster) network() layout.Network { return layout.Network{Slot: c.state.Slot} }

// lockLimit covers a whole `up` by another process.
const lockLimit = 10 * time.Minute

func lock(paths layout.Paths) (unlock func(), err error) {
	if os.Geteuid() != 0 {
		return nil, errors.New("localkube makes namespaces and links: run it as root")
	}
	return machine.Lock(paths.Lock(), lockLimit)
}
