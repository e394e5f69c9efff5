package main

import (
	"os"
	"regexp"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/spf13/pflag"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"
)

// TestDocs compares the tables of flags in docs/kubectl-plugin.md with the flags. It is
// not a ginkgo spec, so it starts no API server.
func TestDocs(t *testing.T) {
	g := NewWithT(t)
	raw, err := os.ReadFile("../../docs/kubectl-plugin.md")
	g.Expect(err).NotTo(HaveOccurred())
	for heading, commands := range map[string][]string{
		"## Flags of renew, suspend and resume": {"renew", "suspend", "resume"},
		"#### Flags":                            {"check"},
	} {
		_, section, found := strings.Cut(string(raw), "\n"+heading+"\n")
		g.Expect(found).To(BeTrue(), heading)
		_, table, _ := strings.Cut(section, "|---|---|---|\n")
		table, _, _ = strings.Cut(table, "\n\n")
		told := map[string]string{}
		row := regexp.MustCompile("(?m)^\\| (?:`-(\\w)`, )?`--?([\\w-]+)` \\| (?:`([^`]*)` )?\\|")
		for _, found := range row.FindAllStringSubmatch(table, -1) {
			told[found[2]] = found[1] + "=" + found[3]
		}
		g.Expect(told).To(Equal(ownFlags(g, commands...)), heading)
	}
}

// ownFlags returns the flags of commands, with their short names and defaults, without the
// flags of kubectl.
func ownFlags(g Gomega, names ...string) map[string]string {
	kubectl := pflag.NewFlagSet("kubectl", pflag.ContinueOnError)
	genericclioptions.NewConfigFlags(true).AddFlags(kubectl)
	// The page describes -v among kubectl's flags. The other flags belong to --output.
	for _, name := range []string{"v", "allow-missing-template-keys", "show-managed-fields", "template"} {
		kubectl.Bool(name, false, "")
	}
	flags := map[string]string{}
	for _, name := range names {
		command, _, err := newCommand(genericiooptions.NewTestIOStreamsDiscard()).Find([]string{name})
		g.Expect(err).NotTo(HaveOccurred())
		command.Flags().VisitAll(func(flag *pflag.Flag) {
			if kubectl.Lookup(flag.Name) == nil {
				standard := regexp.MustCompile(`^(\d+m)0s$|^\[\]$`).ReplaceAllString(flag.DefValue, "$1")
				flags[flag.Name] = flag.Shorthand + "=" + standard
			}
		})
	}
	return flags
}
