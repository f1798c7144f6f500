package layout

import (
	"net/netip"
	"strings"
	"testing"
)

func TestSlotsDoNotOverlap(t *testing.T) {
	var all []netip.Prefix
	for slot := 0; slot < MaxSlots; slot++ {
		n := Network{Slot: slot}
		for _, cidr := range []string{n.GatewayCIDR(), n.PodCIDR(), n.ServiceCIDR()} {
			prefix := netip.MustParsePrefix(cidr).Masked()
			for _, other := range all {
				if prefix.Overlaps(other) {
					t.Fatalf("slot %d: %s overlaps %s", slot, prefix, other)
				}
			}
			all = append(all, prefix)
		}
	}
}

func TestAddressesLieInTheirRanges(t *testing.T) {
	n := Network{Slot: MaxSlots - 1}
	within := func(cidr, address string) {
		t.Helper()
		if !netip.MustParsePrefix(cidr).Masked().Contains(netip.MustParseAddr(address)) {
			t.Errorf("%s is not in %s", address, cidr)
		}
	}
	within(n.GatewayCIDR(), n.NodeIP(1))
	within(n.GatewayCIDR(), n.NodeIP(MaxNodes))
	within(n.ServiceCIDR(), n.APIService())
	within(n.ServiceCIDR(), n.DNSService())
	within(n.PodCIDR(), netip.MustParsePrefix(n.NodePodCIDR(MaxNodes)).Addr().String())
	if len(n.NodeLink(MaxNodes)) > 15 {
		t.Errorf("link name %q is longer than the kernel allows", n.NodeLink(MaxNodes))
	}
}

func TestNewPaths(t *testing.T) {
	for _, bad := range []string{"", "A", "a/b", "-a", "..", strings.Repeat("a", 21)} {
		if _, err := NewPaths("/x", bad); err == nil {
			t.Errorf("name %q was taken", bad)
		}
	}
	if _, err := NewPaths("/"+strings.Repeat("deep/", 20), "a"); err == nil {
		t.Error("a folder too deep for sockets was taken")
	}
	p, err := NewPaths("/x", "a")
	if err != nil {
		t.Fatal(err)
	}
	if got := p.NodeSocket(2); got != "/x/a/node2/containerd.sock" {
		t.Error(got)
	}
}
