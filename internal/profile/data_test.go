package profile_test

import (
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/internal/profile"
)

var _ = Describe("the list of profiles", func() {
	It("has all texts of docs/profiles.md for each profile", func() {
		for _, p := range profile.All() {
			Expect(p.Vendor).NotTo(BeEmpty(), p.Name)
			Expect(p.Needs).NotTo(BeEmpty(), p.Name)
			Expect(p.Vendor+p.Needs+p.Endpoint).NotTo(ContainSubstring("\n"), p.Name)
			documentation, err := url.Parse(p.Documentation)
			Expect(err).NotTo(HaveOccurred(), p.Name)
			Expect(documentation.Scheme).To(Equal("https"), p.Name)
			Expect(documentation.Host).NotTo(BeEmpty(), p.Name)
		}
	})

	It("has a pattern of the token endpoint if, and only if, the profile does not know the endpoint", func() {
		for _, p := range profile.All() {
			Expect([]string{p.Endpoint, p.Server.TokenEndpoint}).To(ConsistOf(BeEmpty(), HavePrefix("https://")), p.Name)
		}
	})

	It("has the names in alphabetical order", func() {
		var names []string
		for _, p := range profile.All() {
			names = append(names, p.Name)
		}
		Expect(names).To(Equal(profile.Names()))
	})

	It("returns copies", func() {
		for i := range profile.All() {
			profile.All()[i].Server.Response = nil
		}
		Expect(complete(of("ElasticPath")).Response.ExpiresAt).NotTo(BeEmpty())
	})

	It("is in alphabetical order in its file, after the default", func() {
		raw, err := os.ReadFile("profiles.yaml")
		Expect(err).NotTo(HaveOccurred())
		names := regexp.MustCompile(`(?m)^[A-Za-z0-9]+:$`).FindAllString(string(raw), -1)
		Expect(names).To(HaveLen(len(profile.Names())))
		Expect(names[0]).To(Equal(profile.Default + ":"))
		Expect(slices.IsSortedFunc(names[1:], func(a, b string) int {
			return strings.Compare(strings.ToLower(a), strings.ToLower(b))
		})).To(BeTrue())
	})
})
