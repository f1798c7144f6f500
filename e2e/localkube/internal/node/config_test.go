package node

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

func example(dir string) Config {
	return Config{
		Name: "node1", Dir: dir, StateDir: dir, IP: "10.200.0.11", CIDR: "10.200.0.11/24", Gateway: "10.200.0.1",
		Routes: []Route{{"10.224.2.0/24", "10.200.0.12"}}, ClusterDomain: "cluster.local", DNSService: "10.96.0.10",
		PodCIDR: "10.224.0.0/16", NodePodCIDR: "10.224.1.0/24", PKI: "/pki", Kubeconfig: "/k", ProxyKubeconfig: "/p",
		CgroupRoot: "/own/localkube0/node1", Socket: dir + "/containerd.sock", PauseImage: "localhost/p:1", Zone: "z",
		Snapshotter: "overlayfs", Logs: map[string]string{"kubelet": "/l"}, Containerd: "/c", Runc: "/r", CNIPlugins: "/cni",
	}
}

func TestWriteAndRead(t *testing.T) {
	c := example(t.TempDir())
	if err := c.Write(); err != nil {
		t.Fatal(err)
	}
	back, err := Read(c.File())
	if err != nil || !reflect.DeepEqual(back, c) {
		t.Errorf("got %+v, %v", back, err)
	}
}

func TestProgramsConfiguration(t *testing.T) {
	c := example(t.TempDir())
	if err := c.Write(); err != nil {
		t.Fatal(err)
	}
	var kubelet, proxy, cni map[string]any
	for file, into := range map[string]*map[string]any{"kubelet.yaml": &kubelet, "proxy.yaml": &proxy} {
		content, _ := os.ReadFile(filepath.Join(c.Dir, file))
		if err := yaml.UnmarshalStrict(content, into); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
	content, _ := os.ReadFile(filepath.Join(c.Dir, "cni/10-localkube.conflist"))
	if err := json.Unmarshal(content, &cni); err != nil {
		t.Error(err)
	}
	if kubelet["cgroupRoot"] != c.CgroupRoot || proxy["clusterCIDR"] != c.PodCIDR {
		t.Errorf("kubelet %v, proxy %v", kubelet["cgroupRoot"], proxy["clusterCIDR"])
	}
	content, _ = os.ReadFile(filepath.Join(c.Dir, "containerd.toml"))
	if strings.Contains(string(content), "<no value>") || !strings.Contains(string(content), c.PauseImage) {
		t.Errorf("%s", content)
	}
}

func TestHoldAndGo(t *testing.T) {
	c := example(t.TempDir())
	if err := c.Go(); err != nil {
		t.Fatal(err)
	}
	waitForFile(c.goFile())
	c.Hold()
	if _, err := os.Stat(c.goFile()); err == nil {
		t.Error("still there")
	}
}
