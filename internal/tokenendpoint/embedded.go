package tokenendpoint

import "net/netip"

// embeddings are the prefixes of IPv6 addresses that hold an IPv4 address, each with the
// positions of its four bytes.
var embeddings = []struct {
	prefix netip.Prefix
	bytes  [4]int
}{
	{netip.MustParsePrefix("::/96"), [4]int{12, 13, 14, 15}},           // IPv4-compatible (RFC 4291 section 2.5.5.1)
	{netip.MustParsePrefix("::ffff:0:0:0/96"), [4]int{12, 13, 14, 15}}, // IPv4-translated, SIIT (RFC 2765)
	{netip.MustParsePrefix("2002::/16"), [4]int{2, 3, 4, 5}},           // 6to4 (RFC 3056)
	{netip.MustParsePrefix("2001::/32"), [4]int{4, 5, 6, 7}},           // the server of Teredo (RFC 4380 section 4)
}

// nat64 contains the well-known prefix 64:ff9b::/96 (RFC 6052) and the local-use prefix
// 64:ff9b:1::/48 (RFC 8215).
var nat64 = netip.MustParsePrefix("64:ff9b::/32")

// nat64Bytes are the positions of the IPv4 address for each length of a NAT64 prefix. The format skips byte 8
// (RFC 6052 section 2.2). Only the translator knows the length of its prefix.
var nat64Bytes = [][4]int{
	{4, 5, 6, 7},     // /32
	{5, 6, 7, 9},     // /40
	{6, 7, 9, 10},    // /48
	{7, 9, 10, 11},   // /56
	{9, 10, 11, 12},  // /64
	{12, 13, 14, 15}, // /96
}

var (
	teredo      = netip.MustParsePrefix("2001::/32")
	thisNetwork = netip.MustParsePrefix("0.0.0.0/8")
)

// readings returns an address and every IPv4 address that may be embedded in it.
func readings(address netip.Addr) []netip.Addr {
	address = address.WithZone("").Unmap()
	readings := []netip.Addr{address}
	if address.Is4() || address.IsUnspecified() || address.IsLoopback() {
		return readings
	}
	at := func(positions [4]int) netip.Addr {
		bytes := address.As16()
		return netip.AddrFrom4([4]byte{bytes[positions[0]], bytes[positions[1]], bytes[positions[2]], bytes[positions[3]]})
	}
	for _, embedding := range embeddings {
		if embedding.prefix.Contains(address) {
			readings = append(readings, at(embedding.bytes))
		}
	}
	if nat64.Contains(address) {
		for _, positions := range nat64Bytes {
			// A reading that begins with a zero byte comes from another prefix length, whose format has zeros
			// there. No translator sends to such an address.
			if reading := at(positions); !thisNetwork.Contains(reading) {
				readings = append(readings, reading)
			}
		}
	}
	bytes := address.As16()
	if teredo.Contains(address) {
		// The bits of the client's address are inverted.
		readings = append(readings, netip.AddrFrom4([4]byte{^bytes[12], ^bytes[13], ^bytes[14], ^bytes[15]}))
	}
	if isISATAP(bytes) {
		readings = append(readings, at([4]int{12, 13, 14, 15}))
	}
	return readings
}

// isISATAP reports whether an address has an ISATAP interface identifier (RFC 5214 section 6.1),
// with or without the universal and group bits.
func isISATAP(bytes [16]byte) bool {
	return bytes[8]&^3 == 0 && bytes[9] == 0 && bytes[10] == 0x5e && bytes[11] == 0xfe
}
