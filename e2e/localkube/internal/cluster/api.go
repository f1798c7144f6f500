package cluster

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"rocketmq-operator.io/e2e/localkube/internal/layout"
)

const requestLimit = 10 * time.Second

// client talks to the API server as the administrator.
func (c *Cluster) client() (kubernetes.Interface, error) {
	config, err := clientcmd.BuildConfigFromFlags("", c.paths.Kubeconfig())
	if err != nil {
		return nil, err
	}
	config.Timeout = requestLimit
	config.QPS, config.Burst = 100, 100
	return kubernetes.NewForConfig(config)
}

func apiServerReady(ctx context.Context, client kubernetes.Interface) error {
	_, err := client.CoreV1().RESTClient().Get().AbsPath("/readyz").DoRaw(ctx)
	return err
}

// nodeReady tells why the node is not, if it is not.
func nodeReady(ctx context.Context, client kubernetes.Interface, name string) error {
	node, err := client.CoreV1().Nodes().Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	for _, condition := range node.Status.Conditions {
		if condition.Type == corev1.NodeReady {
			if condition.Status == corev1.ConditionTrue {
				return nil
			}
			return fmt.Errorf("%s is not Ready: %s", name, condition.Message)
		}
	}
	return fmt.Errorf("%s has not said yet whether it is Ready", name)
}

// setPodCIDR shows the node's range of pods in its object.
func (c *Cluster) setPodCIDR(ctx context.Context, client kubernetes.Interface, node int) error {
	cidr := c.network().NodePodCIDR(node)
	patch := fmt.Sprintf(`{"spec":{"podCIDR":%q,"podCIDRs":[%q]}}`, cidr, cidr)
	_, err := client.CoreV1().Nodes().Patch(ctx, layout.NodeName(node), types.StrategicMergePatchType, []byte(patch), metav1.PatchOptions{})
	return err
}

// podsCanBeMade is true when the default namespace has its service account.
func podsCanBeMade(ctx context.Context, client kubernetes.Interface) error {
	_, err := client.CoreV1().ServiceAccounts(metav1.NamespaceDefault).Get(ctx, "default", metav1.GetOptions{})
	return err
}

// namesResolve asks the cluster's DNS for the API server.
func (c *Cluster) namesResolve(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	n := c.network()
	resolver := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, network, net.JoinHostPort(n.Gateway(), strconv.Itoa(layout.DNSPort)))
	}}
	name := "kubernetes.default.svc." + layout.ClusterDomain + "."
	addresses, err := resolver.LookupHost(ctx, name)
	if err != nil {
		return err
	}
	if !slices.Contains(addresses, n.APIService()) {
		return fmt.Errorf("%s is %v, not %s", name, addresses, n.APIService())
	}
	return nil
}
