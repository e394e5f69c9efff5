package hostile_test

import (
	"fmt"
	"net/http"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/test/matchers"
)

var _ = It("A tenant whose tokens cannot be written uses only its share of the memory, and no other tenant's token is dropped", func(ctx SpecContext) {
	// 45 times 920 KiB are more than half of 64 MiB.
	const objects = 45
	w := newWorld(ctx)
	large := newHostileServer(answers(http.StatusOK, `{"access_token": "`+strings.Repeat("t", 230<<10)+`", "token_type": "Bearer", "expires_in": 3600}`))
	honest := newHonestServer("shop")
	w.interceptWith(refuses(http.MethodPost))
	create(ctx, w.attacker.credentials("shared", map[string]string{"client_id": "a", "client_secret": secretOf("a")}))
	for i := range objects {
		create(ctx, w.attacker.clientCredential(fmt.Sprintf("large-%d", i), large.URL, withFields(3), func(spec *v1alpha1.ClientCredentialSpec) {
			spec.CredentialsRef.Name = "shared"
		}))
	}
	messages := func(g Gomega) (messages []string) {
		list := &v1alpha1.ClientCredentialList{}
		g.Expect(apiServer.List(ctx, list, client.InNamespace(w.attacker.namespace))).To(Succeed())
		for _, item := range list.Items {
			g.Expect(item.Status.Conditions).To(matchers.HaveCondition("Ready", "False", "SecretWriteFailed"))
			messages = append(messages, item.Status.Failure.Message)
		}
		return messages
	}
	Eventually(messages).Should(And(
		HaveLen(objects), ContainElement(ContainSubstring("with the same token")), ContainElement(ContainSubstring("the next attempt requests another token"))))

	w.victim.requestsToken(ctx, "shop", tokenEndpoint(honest))
	w.victim.reports(ctx, "shop", matchers.HaveCondition("Ready", "False", "SecretWriteFailed", ContainSubstring("with the same token")))
	w.interceptWith(nil)
	w.victim.reports(ctx, "shop", matchers.HaveCondition("Ready", "True", "TokenIssued"))
	Expect(honest.Requests("shop")).To(HaveLen(1))
	By("serving the attacker too, with one more request for each token that was dropped")
	Eventually(func(g Gomega) {
		list := &v1alpha1.ClientCredentialList{}
		g.Expect(apiServer.List(ctx, list, client.InNamespace(w.attacker.namespace))).To(Succeed())
		g.Expect(list.Items).To(HaveEach(HaveField("Status.Conditions", matchers.HaveCondition("Ready", "True", "TokenIssued"))))
	}).Should(Succeed())
	Expect(large.requests.Load()).To(And(BeNumerically(">", objects), BeNumerically("<", 2*objects)))
})
