package tokenendpoint_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/internal/fairshare"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/tokenendpoint"
)

var _ = Describe("a CA bundle", func() {
	var (
		c    *tokenendpoint.Client
		text string
	)
	BeforeEach(func() { c, text = client(), largeBundle() })

	// version returns an edited version of the bundle.
	version := func(number int) func() (string, error) {
		return func() (string, error) { return fmt.Sprintf("version %d\n", number) + text, nil }
	}
	of := func(tenant string) fairshare.Claimant { return fairshare.Claimant{Tenant: tenant} }
	waiting := func(tenant string) fairshare.Claimant {
		return fairshare.Claimant{Tenant: tenant, Waits: true}
	}
	tooMany := MatchError(ContainSubstring("too many different CA bundles"))
	// fill makes a tenant use as many versions of the bundle as it may, starting with the given number.
	fill := func(ctx context.Context, tenant string, from int) (leaves []func()) {
		GinkgoHelper()
		for {
			_, leave, err := c.Authorities(ctx, of(tenant), version(from+len(leaves)))
			if isTooMany, _ := tooMany.Match(err); err != nil && isTooMany {
				return leaves
			}
			Expect(err).NotTo(HaveOccurred())
			leaves = append(leaves, leave)
		}
	}

	It("is parsed once for concurrent and later requests", func(ctx SpecContext) {
		one, leaveOne, err := c.Authorities(ctx, of("shop"), version(1))
		Expect(err).NotTo(HaveOccurred())
		two, leaveTwo, err := c.Authorities(ctx, of("bank"), version(1))
		Expect(err).NotTo(HaveOccurred())
		Expect(two).To(BeIdenticalTo(one))
		leaveOne()
		leaveTwo()
		three, leave, err := c.Authorities(ctx, of("shop"), version(1))
		Expect(err).NotTo(HaveOccurred())
		defer leave()
		Expect(three).To(BeIdenticalTo(one))
		other, leaveOther, err := c.Authorities(ctx, of("shop"), version(2))
		Expect(err).NotTo(HaveOccurred())
		defer leaveOther()
		Expect(other).NotTo(BeIdenticalTo(one))
	})

	It("can be used by any number of requests", func(ctx SpecContext) {
		for range 300 {
			_, leave, err := c.Authorities(ctx, of("shop"), version(1))
			Expect(err).NotTo(HaveOccurred())
			defer leave()
		}
	})

	It("is refused only to a tenant that has used up its share", func(ctx SpecContext) {
		leaves := fill(ctx, "shop", 0)
		Expect(len(leaves)).To(BeNumerically(">=", 3))
		_, leave, err := c.Authorities(ctx, of("bank"), version(1000))
		Expect(err).NotTo(HaveOccurred())
		leave()
		leaves[0]()
		_, leave, err = c.Authorities(ctx, of("shop"), version(1000))
		Expect(err).NotTo(HaveOccurred())
		leave()
	})

	It("needs no more memory for more requests", func(ctx SpecContext) {
		before := inUse()
		fill(ctx, "shop", 0)
		fill(ctx, "bank", 500)
		Expect(inUse() - before).To(BeNumerically("<", 32<<20))
		// All these bundles are still in use.
		_, _, err := c.Authorities(ctx, of("shop"), version(1000))
		Expect(err).To(tooMany)
	})

	It("is available to a waiting request once another bundle is released", func(ctx SpecContext) {
		leaves := fill(ctx, "shop", 0)
		got := make(chan error)
		go func() {
			_, leave, err := c.Authorities(ctx, waiting("shop"), version(1000))
			if err == nil {
				leave()
			}
			got <- err
		}()
		Consistently(got).ShouldNot(Receive())
		leaves[0]()
		Eventually(got).Should(Receive(BeNil()))
		Expect(fill(ctx, "shop", 1000)).To(HaveLen(1), "the bundle is released")
	})

	It("is refused to a waiting request after the timeout of a request", func(ctx SpecContext) {
		c = client(func(o *tokenendpoint.Options) { o.Timeout = 10 * time.Millisecond })
		fill(ctx, "shop", 0)
		_, _, err := c.Authorities(ctx, waiting("shop"), version(1000))
		Expect(err).To(tooMany)
	})

	It("is refused to a waiting request when its context ends", func(ctx SpecContext) {
		fill(ctx, "shop", 0)
		ending, end := context.WithCancel(ctx)
		end()
		_, _, err := c.Authorities(ending, waiting("shop"), version(1000))
		Expect(err).To(MatchError(context.Canceled))
	})

	It("that cannot be read or parsed does not count against the share", func(ctx SpecContext) {
		failure := errors.New("gone")
		for range 100 {
			_, _, err := c.Authorities(ctx, of("shop"), func() (string, error) { return "", failure })
			Expect(err).To(MatchError(failure))
			_, _, err = c.Authorities(ctx, of("shop"), func() (string, error) { return "no PEM", nil })
			Expect(err).To(MatchError(ContainSubstring("no certificate in PEM")))
		}
		Expect(fill(ctx, "shop", 0)).NotTo(BeEmpty())
	})

	It("is shared by two clients with certificates, whose keys differ", func() {
		trusted := authoritiesOf(text)
		one := oauth2.TLS{Certificate: selfSigned("one"), Key: "1"}.Trusting(trusted)
		two := oauth2.TLS{Certificate: selfSigned("two"), Key: "2"}.Trusting(trusted)
		Expect(one.Key).NotTo(Equal(two.Key))
		Expect(one.RootCAs).To(BeIdenticalTo(two.RootCAs))
	})
})
