package profile

import (
	. "github.com/onsi/ginkgo/v2"
	g "github.com/onsi/gomega"
)

// These look inside the package, at what no profile of today has.
var _ = Describe("filling in", func() {
	object := func(name, value string) any { return map[string]any{"name": name, "value": value} }

	DescribeTable("merges lists",
		func(wanted, rest, merged []any) {
			g.Expect(fill(map[string]any{"list": wanted}, map[string]any{"list": rest})).To(g.Equal(map[string]any{"list": merged}))
		},
		Entry("of parameters by their names, those of the user first",
			[]any{object("b", "user"), object("c", "user")}, []any{object("a", "profile"), object("b", "profile")},
			[]any{object("b", "user"), object("c", "user"), object("a", "profile")}),
		Entry("of parameters where the profile has none", []any{object("a", "user")}, nil, []any{object("a", "user")}),
		Entry("of pointers never: those of the user stand alone", []any{"/a"}, []any{"/b", "/c"}, []any{"/a"}),
		Entry("of pointers never, and an empty one stays empty", []any{}, []any{"/b"}, []any{}),
	)

	It("takes a list over that the user does not set", func() {
		g.Expect(fill(map[string]any{}, map[string]any{"list": []any{object("a", "profile")}})).
			To(g.HaveKeyWithValue("list", g.ConsistOf(object("a", "profile"))))
	})

	DescribeTable("needs a file of profiles that can be read",
		func(file, problem string) {
			g.Expect(func() { mustParse([]byte(file)) }).To(g.PanicWith(g.And(g.ContainSubstring("profiles.yaml"), g.ContainSubstring(problem))))
		},
		Entry("a field that there is not", "Acme: {server: {tokenEndpiont: https://idp.example.com/}}", "tokenEndpiont"),
		Entry("a property that there is not", "Acme: {vender: Acme}", "vender"),
		Entry("a profile twice", "Acme: {}\nAcme: {}", "Acme"),
		Entry("a duration that is none", "Acme: {server: {defaultTokenLifetime: soon}}", "soon"),
	)
})
