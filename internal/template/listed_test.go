package template_test

import (
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/Masterminds/sprig/v3"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/internal/template"
)

// leftOut are hermetic functions of sprig that templates do not have, and why.
var leftOut = map[string]string{
	"ago":                      "reads the clock",
	"shuffle":                  "is random",
	"randInt":                  "is random",
	"bcrypt":                   "is random, and slow by design",
	"htpasswd":                 "is random, and slow by design",
	"derivePassword":           "is slow by design",
	"genPrivateKey":            "is random",
	"genCA":                    "is random, and reads the clock",
	"genCAWithKey":             "is random, and reads the clock",
	"genSelfSignedCert":        "is random, and reads the clock",
	"genSelfSignedCertWithKey": "is random, and reads the clock",
	"genSignedCert":            "is random, and reads the clock",
	"genSignedCertWithKey":     "is random, and reads the clock",
	"buildCustomCert":          "is for the functions that make certificates",
	"encryptAES":               "is random",
	"decryptAES":               "is the other half of encryptAES, and does not tell a wrong key",
	"osBase":                   "depends on the system of the operator",
	"osClean":                  "depends on the system of the operator",
	"osDir":                    "depends on the system of the operator",
	"osExt":                    "depends on the system of the operator",
	"osIsAbs":                  "depends on the system of the operator",
	"seq":                      "loops by a number",
	"until":                    "loops by a number",
	"untilStep":                "loops by a number",
	"hello":                    "says hello",
}

// builtIn are the functions of the language that templates have as they are.
var builtIn = strings.Fields("and or not len slice call eq ne lt le gt ge")

// span is a name, and maybe its arguments, as Markdown shows code.
var span = regexp.MustCompile("`(\\w+)[^`]*`")

// documented are the functions in the tables of the documentation.
func documented() (names []string) {
	GinkgoHelper()
	raw, err := os.ReadFile("../../docs/templates.md")
	Expect(err).NotTo(HaveOccurred())
	_, section, found := strings.Cut(string(raw), "\n## Functions\n")
	Expect(found).To(BeTrue())
	section, _, _ = strings.Cut(section, "\n## ")
	for line := range strings.Lines(section) {
		if cells := strings.Split(line, "|"); len(cells) > 2 {
			for _, found := range span.FindAllStringSubmatch(cells[1], -1) {
				names = append(names, found[1])
			}
		}
	}
	return names
}

var _ = Describe("the functions", func() {
	It("are all in docs/templates.md, and no others", Label("docs"), func() {
		want := slices.DeleteFunc(append(template.Offered(), builtIn...), func(name string) bool {
			// One sentence tells of these.
			return strings.HasPrefix(name, "must") || name == "call"
		})
		Expect(documented()).To(ConsistOf(want))
	})

	It("are those of sprig, but for some that are left out for a reason", func() {
		var missing []string
		for name := range sprig.HermeticTxtFuncMap() {
			if !slices.Contains(template.Offered(), name) && !slices.Contains(builtIn, name) {
				missing = append(missing, name)
			}
		}
		Expect(leftOut).To(HaveLen(len(missing)))
		for _, name := range missing {
			Expect(leftOut).To(HaveKeyWithValue(name, Not(BeEmpty())))
		}
	})

	It("with must before their names are there when those without are", func() {
		for _, name := range template.Offered() {
			if plain, isMust := strings.CutPrefix(name, "must"); isMust {
				plain = strings.TrimPrefix(strings.ToLower(plain[:1])+plain[1:], "_")
				Expect(append(template.Offered(), builtIn...)).To(ContainElement(plain))
			}
		}
	})
})
