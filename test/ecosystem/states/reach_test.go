package states_test

import (
	"net/http"
	"slices"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/test/matchers"
)

// issue creates the ClientCredential shop with the given changes, and waits for its first token.
func (w *world) issue(ctx SpecContext, changes ...func(*v1alpha1.ClientCredential)) {
	GinkgoHelper()
	create(ctx, w.credentials())
	w.issueTo(ctx, "shop", changes...)
}

func (w *world) issueTo(ctx SpecContext, name string, changes ...func(*v1alpha1.ClientCredential)) {
	GinkgoHelper()
	w.create(ctx, name, changes...)
	w.eventuallySays(ctx, name, matchers.HaveCondition("Ready", "True", "TokenIssued"))
}

// create creates a ClientCredential with the given changes.
func (w *world) create(ctx SpecContext, name string, changes ...func(*v1alpha1.ClientCredential)) {
	GinkgoHelper()
	clientCredential := w.clientCredential(name)
	for _, change := range changes {
		change(clientCredential)
	}
	create(ctx, clientCredential)
}

// stalledAfter is the time after which a problem that may resolve itself is Stalled.
const stalledAfter = 2 * time.Minute

// eventuallyStalls waits until the ClientCredential shop reports a problem that may resolve itself, and
// then until it is Stalled.
func (w *world) eventuallyStalls(ctx SpecContext, reason string) {
	GinkgoHelper()
	w.eventuallySays(ctx, "shop", Or(
		matchers.HaveCondition("Reconciling", "True", reason), matchers.HaveCondition("RenewalFailing", "True", reason)))
	Expect(w.get(ctx, Default, "shop").Status.Conditions).NotTo(matchers.HaveConditionType("Stalled"))
	w.clock.Step(stalledAfter)
	w.eventuallySays(ctx, "shop", matchers.HaveCondition("Stalled", "True", reason))
}

// answer makes the server answer the client shop with an HTTP status.
func (w *world) answer(status int, headers ...string) {
	w.server.Respond("shop", func(rw http.ResponseWriter, _ *http.Request) {
		for pair := range slices.Chunk(headers, 2) {
			rw.Header().Set(pair[0], pair[1])
		}
		rw.WriteHeader(status)
	})
}

// edit changes the ClientCredential shop.
func (w *world) edit(ctx SpecContext, change func(*v1alpha1.ClientCredential)) {
	GinkgoHelper()
	edit(ctx, w.clientCredential("shop"), change)
}

func concat(rows ...[]state) []state { return slices.Concat(rows...) }
