// Package node runs one node: a set of namespaces whose process number 1 is
// this program, with containerd, a kubelet and kube-proxy inside.
package node

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"text/template"
)

// Config is what process number 1 of a node needs to know.
type Config struct {
	Name            string
	Dir             string // of the node's files
	StateDir        string // of the whole cluster; stays visible inside
	IP              string
	CIDR            string // the address with its prefix
	Gateway         string
	Routes          []Route // to the other nodes' pods
	ClusterDomain   string
	DNSService      string
	PodCIDR         string
	NodePodCIDR     string
	PKI             string
	Kubeconfig      string
	ProxyKubeconfig string
	CgroupRoot      string
	Socket          string // containerd's
	PauseImage      string
	Zone            string
	Snapshotter     string
	Logs            map[string]string // a file for each program

	Containerd string
	Runc       string
	CNIPlugins string
}

// Route is one range behind one gateway.
type Route struct{ CIDR, Gateway string }

// Link is the name of the cable's end inside the node.
const Link = "eth0"

//go:embed templates
var templates embed.FS

// The files made from the templates, in the node's folder.
var rendered = map[string]string{
	"containerd.toml": "containerd.toml",
	"kubelet.yaml":    "kubelet.yaml",
	"proxy.yaml":      "proxy.yaml",
	"cni.conflist":    "cni/10-localkube.conflist",
}

func (c Config) file(name string) string { return filepath.Join(c.Dir, name) }

// File is where Write keeps the configuration.
func (c Config) File() string { return c.file("node.json") }

// goFile appears when the API server answers, and the kubelet may start.
func (c Config) goFile() string { return c.file("go") }

// Go lets the node's kubelet start.
func (c Config) Go() error { return os.WriteFile(c.goFile(), nil, 0o644) }

// Hold makes the node's kubelet wait for Go.
func (c Config) Hold() { os.Remove(c.goFile()) }

// Write puts the configuration of the node and of its programs into its folder.
func (c Config) Write() error {
	for source, target := range rendered {
		content, err := c.render(source)
		if err != nil {
			return err
		}
		if err := write(c.file(target), content); err != nil {
			return err
		}
	}
	if err := write(c.file("resolv.conf"), nil); err != nil {
		return err
	}
	content, err := json.MarshalIndent(c, "", " ")
	if err != nil {
		return err
	}
	return write(c.File(), content)
}

// Read is the way back of Write.
func Read(file string) (Config, error) {
	var c Config
	content, err := os.ReadFile(file)
	if err != nil {
		return c, err
	}
	if err := json.Unmarshal(content, &c); err != nil {
		return c, fmt.Errorf("%s: %w", file, err)
	}
	return c, nil
}

func (c Config) render(name string) ([]byte, error) {
	parsed, err := template.New(name).Option("missingkey=error").ParseFS(templates, "templates/"+name)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = parsed.Execute(&out, c)
	return out.Bytes(), err
}

func write(file string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(file, content, 0o644)
}
