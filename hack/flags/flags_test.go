package main

import (
	"flag"
	"strings"
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

func TestFlags(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "flags")
}

var _ = Describe("the page of flags", func() {
	help := func(add func(*flag.FlagSet)) string {
		out := &strings.Builder{}
		flags := flag.NewFlagSet("manager", flag.ContinueOnError)
		flags.SetOutput(out)
		add(flags)
		flags.Usage()
		return out.String()
	}

	It("has everything that Go prints about a flag", func() {
		flags, err := read(help(func(flags *flag.FlagSet) {
			flags.Bool("off", false, "Off, unless it is on.")
			flags.Bool("on", true, "On (or not).")
			flags.String("text", "", "A `text`.")
			flags.String("where", ":8443", "Where; 0 for nowhere.")
			flags.Float64("ratio", 1, "In two\nlines.")
			flags.Func("what", "This|that. (default this)", func(string) error { return nil })
		}))
		Expect(err).NotTo(HaveOccurred())
		Expect(flags).To(Equal([]flagText{
			{"off", "false", "Off, unless it is on."},
			{"on", "true", "On (or not)."},
			{"ratio", "1", "In two lines."},
			{"text", "", "A text."},
			{"what", "this", "This|that."},
			{"where", ":8443", "Where; 0 for nowhere."},
		}))
		Expect(render(flags)).To(HaveSuffix("|---|---|---|\n" +
			"| `--off` | `false` | Off, unless it is on. |\n" +
			"| `--on` | `true` | On (or not). |\n" +
			"| `--ratio` | `1` | In two lines. |\n" +
			"| `--text` | | A text. |\n" +
			"| `--what` | `this` | This\\|that. |\n" +
			"| `--where` | `:8443` | Where; 0 for nowhere. |\n"))
	})

	It("is not written if there are no flags", func() {
		_, err := read(help(func(*flag.FlagSet) {}))
		Expect(err).To(MatchError(ContainSubstring("names no flag")))
	})
})
