package tokenendpoint

import (
	"fmt"
	"net/netip"
	"strings"
)

// CIDRs is the value of a flag: address ranges, separated by commas.
type CIDRs []netip.Prefix

func (c *CIDRs) String() string {
	texts := make([]string, len(*c))
	for i, prefix := range *c {
		texts[i] = prefix.String()
	}
	return strings.Join(texts, ",")
}

// Set parses address ranges, separated by commas.
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

// Type returns the name of the value in help texts.
func (c *CIDRs) Type() string { return "ranges" }
