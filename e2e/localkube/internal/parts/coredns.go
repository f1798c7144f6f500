package parts

import (
	"flag"

	"github.com/coredns/coredns/core/dnsserver"

	// The plug-ins a cluster's DNS needs, and no others.
	_ "github.com/coredns/coredns/plugin/bind"
	_ "github.com/coredns/coredns/plugin/cache"
	_ "github.com/coredns/coredns/plugin/errors"
	_ "github.com/coredns/coredns/plugin/health"
	_ "github.com/coredns/coredns/plugin/kubernetes"
	_ "github.com/coredns/coredns/plugin/loadbalance"
	_ "github.com/coredns/coredns/plugin/log"
	_ "github.com/coredns/coredns/plugin/ready"
)

func init() {
	dnsserver.Directives = []string{"bind", "health", "ready", "errors", "log", "cache", "loadbalance", "kubernetes"}
}

// CoreDNS puts its flags (among them "p" and "version") into the process-wide
// set when it is linked in; the other programs must not inherit them.
var coreDNSFlags = map[string]bool{"conf": true, "plugins": true, "pidfile": true, "version": true, "dns.port": true, "p": true, "quiet": true, "alternate": true}

func hideCoreDNSFlags() {
	kept := flag.NewFlagSet("", flag.ExitOnError)
	flag.VisitAll(func(f *flag.Flag) {
		if !coreDNSFlags[f.Name] {
			kept.Var(f.Value, f.Name, f.Usage)
		}
	})
	flag.CommandLine = kept
}
