package tokenendpoint

import (
	"fmt"
	"net/netip"
	"strings"
)

// CIDRs are address ranges as a flag has them, with commas between them.
type CIDRs []netip.Prefix

func (c *CIDRs) String() string {
	texts := make([]string, len(*c))
	for i, prefix := range *c {
		texts[i] = prefix.String()
	}
	return strings.Join(texts, ",")
}

// Set reads them.
func (c *CIDRs) Set(value string) error {
	*c = nil
	for text := range strings.SplitSeq(value, ",") {
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			return fmt.Errorf("%q is not an address range such as 10.0.0.0/8", text)
		}
		*c = append(*c, prefix.Masked())
	}
	return nil
}

// Type is how help texts call them.
func (c *CIDRs) Type() string { return "ranges" }
