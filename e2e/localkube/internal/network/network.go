// Package network makes the links, addresses and routes of a cluster. In the
// root namespace it only touches links named after the cluster's slot, and
// routes through them.
package network

import (
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"

	"github.com/vishvananda/netlink"
)

// AddBridge makes a bridge with an address.
func AddBridge(name, cidr string) error {
	attrs := netlink.NewLinkAttrs()
	attrs.Name = name
	bridge := &netlink.Bridge{LinkAttrs: attrs}
	if err := netlink.LinkAdd(bridge); err != nil {
		return fmt.Errorf("add bridge %s: %w", name, err)
	}
	return configure(bridge, cidr)
}

// AddCable joins the bridge with the network namespace of a process, where the
// other end is named peer.
func AddCable(bridge, name, peer string, pid int) error {
	master, err := netlink.LinkByName(bridge)
	if err != nil {
		return err
	}
	attrs := netlink.NewLinkAttrs()
	attrs.Name = name
	attrs.MasterIndex = master.Attrs().Index
	cable := &netlink.Veth{LinkAttrs: attrs, PeerName: peer, PeerNamespace: netlink.NsPid(pid)}
	if err := netlink.LinkAdd(cable); err != nil {
		return fmt.Errorf("add cable %s: %w", name, err)
	}
	return netlink.LinkSetUp(cable)
}

// Configure gives a link its address and switches it on.
func Configure(name, cidr string) error {
	link, err := netlink.LinkByName(name)
	if err != nil {
		return err
	}
	return configure(link, cidr)
}

// SwitchOn switches a link on.
func SwitchOn(name string) error {
	link, err := netlink.LinkByName(name)
	if err != nil {
		return err
	}
	return netlink.LinkSetUp(link)
}

// Exists tells whether there is a link of that name.
func Exists(name string) bool {
	_, err := netlink.LinkByName(name)
	return err == nil
}

// Remove takes a link away; none there is fine.
func Remove(name string) error {
	link, err := netlink.LinkByName(name)
	if errors.As(err, &netlink.LinkNotFoundError{}) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := netlink.LinkDel(link); err != nil && !errors.Is(err, syscall.ENODEV) {
		return err
	}
	return nil
}

// Route sends a range through a gateway, in place of any earlier route to it.
func Route(cidr, gateway string) error {
	_, destination, err := net.ParseCIDR(cidr)
	if err != nil {
		return err
	}
	return netlink.RouteReplace(&netlink.Route{Dst: destination, Gw: net.ParseIP(gateway)})
}

// DefaultRoute sends everything else through a gateway.
func DefaultRoute(gateway string) error { return Route("0.0.0.0/0", gateway) }

// Taken names what already uses one of the ranges, or is empty.
func Taken(cidrs ...string) (string, error) {
	routes, err := netlink.RouteList(nil, netlink.FAMILY_V4)
	if err != nil {
		return "", err
	}
	for _, cidr := range cidrs {
		_, wanted, err := net.ParseCIDR(cidr)
		if err != nil {
			return "", err
		}
		for _, route := range routes {
			if route.Dst == nil || isDefault(route.Dst) || !overlap(wanted, route.Dst) {
				continue
			}
			return fmt.Sprintf("%s is in use (route to %s)", cidr, route.Dst), nil
		}
	}
	return "", nil
}

func isDefault(n *net.IPNet) bool {
	ones, _ := n.Mask.Size()
	return ones == 0
}

func overlap(a, b *net.IPNet) bool { return a.Contains(b.IP) || b.Contains(a.IP) }

func configure(link netlink.Link, cidr string) error {
	address, err := netlink.ParseAddr(cidr)
	if err != nil {
		return err
	}
	if err := netlink.AddrAdd(link, address); err != nil && !errors.Is(err, os.ErrExist) {
		return fmt.Errorf("address %s on %s: %w", cidr, link.Attrs().Name, err)
	}
	return netlink.LinkSetUp(link)
}
