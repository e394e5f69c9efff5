package tokenendpoint

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"syscall"
)

// denied are the ranges that a token endpoint must not be in: this host, its link, metadata services of
// clouds, multicast and broadcast. An IPv4 address that is embedded in an IPv6 address also counts, see
// readings.
var denied = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),          // this network (RFC 1122)
	netip.MustParsePrefix("127.0.0.0/8"),        // loopback
	netip.MustParsePrefix("169.254.0.0/16"),     // link-local, metadata services
	netip.MustParsePrefix("192.0.0.192/32"),     // metadata service of Oracle Cloud
	netip.MustParsePrefix("100.100.100.200/32"), // metadata service of Alibaba Cloud
	netip.MustParsePrefix("168.63.129.16/32"),   // wire server of Azure
	netip.MustParsePrefix("224.0.0.0/4"),        // multicast
	netip.MustParsePrefix("255.255.255.255/32"), // broadcast
	netip.MustParsePrefix("::/128"),             // unspecified
	netip.MustParsePrefix("::1/128"),            // loopback
	netip.MustParsePrefix("fe80::/10"),          // link-local
	netip.MustParsePrefix("fd00:ec2::/32"),      // metadata and credential services of AWS
	netip.MustParsePrefix("fd00:c1::/32"),       // metadata service of Oracle Cloud
	netip.MustParsePrefix("fd00:42::42/128"),    // metadata service of Scaleway
	netip.MustParsePrefix("fd20:ce::254/128"),   // metadata service of Google Cloud
	netip.MustParsePrefix("ff00::/8"),           // multicast
}

// private are ranges that are not routed on the internet. They are denied only with
// Options.DenyPrivateNetworks, because authorization servers can be in them.
var private = []netip.Prefix{
	netip.MustParsePrefix("10.0.0.0/8"),     // private use (RFC 1918)
	netip.MustParsePrefix("172.16.0.0/12"),  // private use (RFC 1918)
	netip.MustParsePrefix("192.168.0.0/16"), // private use (RFC 1918)
	netip.MustParsePrefix("100.64.0.0/10"),  // shared address space (RFC 6598)
	netip.MustParsePrefix("192.0.0.0/24"),   // IETF protocol assignments (RFC 6890)
	netip.MustParsePrefix("198.18.0.0/15"),  // benchmarking (RFC 2544)
	netip.MustParsePrefix("240.0.0.0/4"),    // reserved (RFC 1112), used for Pods by some clouds
	netip.MustParsePrefix("fc00::/7"),       // unique local (RFC 4193)
	netip.MustParsePrefix("fec0::/10"),      // site-local (RFC 3879)
	netip.MustParsePrefix("100::/64"),       // discard-only (RFC 6666)
	netip.MustParsePrefix("2001:2::/48"),    // benchmarking (RFC 5180)
	netip.MustParsePrefix("5f00::/16"),      // SRv6 segment identifiers (RFC 9602)
}

// AddressDeniedError reports a connection to a denied address.
type AddressDeniedError struct{ Address netip.Addr }

func (e *AddressDeniedError) Error() string { return fmt.Sprintf("address %s is denied", e.Address) }

// resolver looks up the addresses of a host.
type resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// guard decides which addresses the client may connect to.
type guard struct {
	denied []netip.Prefix
	// allowed are exceptions to denied.
	allowed []netip.Prefix
	// apiServers are hosts of the cluster's API server.
	apiServers []APIServer
	resolver   resolver
}

func newGuard(options Options) guard {
	g := guard{denied: denied, allowed: options.AllowedCIDRs, apiServers: options.APIServers, resolver: net.DefaultResolver}
	if options.DenyPrivateNetworks {
		g.denied = slices.Concat(denied, private)
	}
	return g
}

// control checks the address that the dialer is about to connect to. The dialer calls it after the
// DNS lookup, so no host name can bypass the guard.
func (g guard) control(ctx context.Context, _, address string, _ syscall.RawConn) error {
	addressPort, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("read the address to connect to: %w", err)
	}
	readings := readings(addressPort.Addr())
	for _, reading := range readings {
		contains := func(prefix netip.Prefix) bool { return prefix.Contains(reading) }
		if slices.ContainsFunc(g.denied, contains) && !slices.ContainsFunc(g.allowed, contains) {
			return &AddressDeniedError{Address: reading}
		}
	}
	return g.checkAPIServers(ctx, readings, addressPort.Port())
}

// APIServer is a host of the cluster's API server.
type APIServer struct {
	// Host is a name or an address.
	Host string
	// Port is the port of the API server. Empty means that nothing else listens on the host, so that
	// all its ports are denied.
	Port string
}

// checkAPIServers denies the addresses of the API server. Only an allowed single address is exempt. An
// allowed range exempts nothing, because ranges are meant for authorization servers.
func (g guard) checkAPIServers(ctx context.Context, readings []netip.Addr, port uint16) error {
	for _, apiServer := range g.apiServers {
		if apiServer.Port != "" && apiServer.Port != strconv.Itoa(int(port)) {
			continue
		}
		addresses, err := g.addresses(ctx, apiServer.Host)
		if err != nil {
			return fmt.Errorf("look up the API server: %w", err)
		}
		for _, address := range addresses {
			if slices.Contains(readings, address) && !slices.Contains(g.allowed, netip.PrefixFrom(address, address.BitLen())) {
				return &AddressDeniedError{Address: address}
			}
		}
	}
	return nil
}

// addresses returns the current addresses of a host. It returns none if the host does not exist.
func (g guard) addresses(ctx context.Context, host string) ([]netip.Addr, error) {
	if address, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{address.Unmap()}, nil
	}
	addresses, err := g.resolver.LookupNetIP(ctx, "ip", host)
	var noHost *net.DNSError
	if errors.As(err, &noHost) && noHost.IsNotFound {
		return nil, nil
	}
	for i := range addresses {
		addresses[i] = addresses[i].Unmap()
	}
	return addresses, err
}
