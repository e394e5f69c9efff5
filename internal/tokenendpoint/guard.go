package tokenendpoint

import (
	"fmt"
	"net/netip"
	"slices"
	"syscall"
)

// denied are the ranges that a token endpoint must not lie in: this host, its
// link, the cloud's metadata services, and what is no single host. Each is
// written as it looks once an IPv4 address inside an IPv6 one is unwrapped.
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

// AddressDeniedError tells that a name resolved to a denied address.
type AddressDeniedError struct{ Address netip.Addr }

func (e *AddressDeniedError) Error() string { return fmt.Sprintf("address %s is denied", e.Address) }

// guard decides which addresses may be connected to.
type guard struct {
	// allowed are exceptions to what is denied.
	allowed []netip.Prefix
}

// control is called by the dialer with the address that it is about to connect
// to, after DNS: so no name can get around it.
func (g guard) control(_, address string, _ syscall.RawConn) error {
	addressPort, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("read the address to connect to: %w", err)
	}
	return g.check(addressPort.Addr())
}

func (g guard) check(address netip.Addr) error {
	address = unwrap(address.WithZone(""))
	contains := func(prefix netip.Prefix) bool { return prefix.Contains(address) }
	if slices.ContainsFunc(denied, contains) && !slices.ContainsFunc(g.allowed, contains) {
		return &AddressDeniedError{Address: address}
	}
	return nil
}

var (
	nat64      = netip.MustParsePrefix("64:ff9b::/96")   // RFC 6052
	localNAT64 = netip.MustParsePrefix("64:ff9b:1::/48") // RFC 8215
	compatible = netip.MustParsePrefix("::/96")          // RFC 4291 section 2.5.5.1
	sixTo4     = netip.MustParsePrefix("2002::/16")      // RFC 3056
)

// unwrap returns the IPv4 address that an IPv6 address stands for.
func unwrap(address netip.Addr) netip.Addr {
	bytes := address.As16()
	switch {
	case address.IsUnspecified(), address.IsLoopback():
		return address.Unmap()
	case nat64.Contains(address), localNAT64.Contains(address), compatible.Contains(address):
		return netip.AddrFrom4([4]byte(bytes[12:16]))
	case sixTo4.Contains(address):
		return netip.AddrFrom4([4]byte(bytes[2:6]))
	}
	return address.Unmap()
}
