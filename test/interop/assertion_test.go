//go:build interop

package interop_test

import (
	"net/http"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/test/interop/provider"
)

var _ = Describe("The JWT that authenticates a client", func() {
	It("differs in each request, because the provider accepts each JWT only once", func(ctx SpecContext) {
		l := loginOf("es256", newNamespace(ctx), op)
		before := l.outcomes()
		l.put(ctx)
		l.eventuallyReady(ctx)
		l.renew(ctx)
		l.expectActive(ctx, l.renew(ctx))

		requests := running.requests()
		last := requests[len(requests)-1]
		Expect(last.URL).To(Equal(op.TokenEndpoint))
		again, err := http.NewRequestWithContext(ctx, last.Method, last.URL, strings.NewReader(last.Body.Reveal()))
		Expect(err).NotTo(HaveOccurred())
		for name, value := range last.Header {
			again.Header.Set(name, value.Reveal())
		}
		response, err := op.HTTPClient(nil).Do(again)
		Expect(err).NotTo(HaveOccurred())
		Expect(response.Body.Close()).To(Succeed())
		Expect(response.StatusCode).To(Equal(http.StatusUnauthorized))
		Eventually(op.Exchanges).WithArguments("es256").Should(ContainElement(provider.Exchange{
			ClientID: "es256", Error: "invalid_client", Detail: "client assertion tokens must only be used once",
		}))
		Expect(l.outcomes()).To(Equal(append(before, "", "", "", "invalid_client")))
	})
})
