package profile

import (
	. "github.com/onsi/ginkgo/v2"
	g "github.com/onsi/gomega"
)

// These tests are inside the package, because no current profile has such values.
var _ = Describe("filling in", func() {
	object := func(name, value string) any { return map[string]any{"name": name, "value": value} }

	DescribeTable("merges lists",
		func(wanted, rest, merged []any) {
			g.Expect(fill(map[string]any{"list": wanted}, map[string]any{"list": rest})).To(g.Equal(map[string]any{"list": merged}))
		},
		Entry("of parameters by their names, the user's parameters first",
			[]any{object("b", "user"), object("c", "user")}, []any{object("a", "profile"), object("b", "profile")},
			[]any{object("b", "user"), object("c", "user"), object("a", "profile")}),
		Entry("of parameters if the profile has none", []any{object("a", "user")}, nil, []any{object("a", "user")}),
		Entry("of pointers never: only the user's pointers count", []any{"/a"}, []any{"/b", "/c"}, []any{"/a"}),
		Entry("of pointers never, and an empty one stays empty", []any{}, []any{"/b"}, []any{}),
	)

	It("takes over a list that the user does not set", func() {
		g.Expect(fill(map[string]any{}, map[string]any{"list": []any{object("a", "profile")}})).
			To(g.HaveKeyWithValue("list", g.ConsistOf(object("a", "profile"))))
	})

	DescribeTable("refuses a file of profiles with",
		func(file, problem string) {
			g.Expect(func() { mustParse([]byte(file)) }).To(g.PanicWith(g.And(g.ContainSubstring("profiles.yaml"), g.ContainSubstring(problem))))
		},
		Entry("an unknown field", "Acme: {server: {tokenEndpiont: https://idp.example.com/}}", "tokenEndpiont"),
		Entry("an unknown property", "Acme: {vender: Acme}", "vender"),
		Entry("a duplicate profile", "Acme: {}\nAcme: {}", "Acme"),
		Entry("an invalid duration", "Acme: {server: {defaultTokenLifetime: soon}}", "soon"),
	)
})
