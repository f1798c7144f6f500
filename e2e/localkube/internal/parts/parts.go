// Package parts holds the upstream programs folded into this binary. Each is
// started under its own name, exactly as the separate program would be.
package parts

import (
	"context"
	"os"
	"sort"

	"github.com/coredns/coredns/coremain"
	"github.com/spf13/cobra"
	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	kubectl "k8s.io/kubectl/pkg/cmd"
	kubectlutil "k8s.io/kubectl/pkg/cmd/util"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllers "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	proxy "k8s.io/kubernetes/cmd/kube-proxy/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"

	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
)

// The names the binary answers to, as argv[0] or as its first argument.
const (
	Etcd              = "etcd"
	APIServer         = "kube-apiserver"
	ControllerManager = "kube-controller-manager"
	Scheduler         = "kube-scheduler"
	Kubelet           = "kubelet"
	Proxy             = "kube-proxy"
	CoreDNS           = "coredns"
	Kubectl           = "kubectl"
)

var runners = map[string]func(args []string) int{
	Etcd:              runEtcd,
	CoreDNS:           runCoreDNS,
	Kubectl:           runKubectl,
	APIServer:         component(apiserver.NewAPIServerCommand),
	ControllerManager: component(controllers.NewControllerManagerCommand),
	Scheduler:         component(func() *cobra.Command { return scheduler.NewSchedulerCommand() }),
	Kubelet:           component(func() *cobra.Command { return kubelet.NewKubeletCommand(context.Background()) }),
	Proxy:             component(proxy.NewProxyCommand),
}

// Find returns the program of that name, or nil.
func Find(name string) func(args []string) int { return runners[name] }

// Names lists the programs, sorted.
func Names() []string {
	names := make([]string, 0, len(runners))
	for name := range runners {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

func component(build func() *cobra.Command) func([]string) int {
	return func(args []string) int {
		hideCoreDNSFlags()
		cmd := build()
		os.Args = append([]string{cmd.Name()}, args...)
		return cli.Run(cmd)
	}
}

func runEtcd(args []string) int {
	etcdmain.Main(append([]string{Etcd}, args...))
	return 0
}

func runCoreDNS(args []string) int {
	os.Args = append([]string{CoreDNS}, args...)
	coremain.Run()
	return 0
}

func runKubectl(args []string) int {
	hideCoreDNSFlags()
	os.Args = append([]string{Kubectl}, args...)
	if err := cli.RunNoErrOutput(kubectl.NewDefaultKubectlCommand()); err != nil {
		kubectlutil.CheckErr(err)
		return 1
	}
	return 0
}
