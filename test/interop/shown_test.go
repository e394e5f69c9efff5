//go:build interop

package interop_test

import (
	"encoding/json"
	"net/url"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// events returns the events in the namespace of the ClientCredential.
func (l *login) events(ctx SpecContext, g Gomega) []eventsv1.Event {
	list := &eventsv1.EventList{}
	g.Expect(apiServer.List(ctx, list, client.InNamespace(l.clientCredential.Namespace))).To(Succeed())
	return list.Items
}

// expectNothingSecretShown expects no credentials and no tokens in texts that other people can read:
// the object, its events and the operator's log.
func (l *login) expectNothingSecretShown(ctx SpecContext, tokens ...*corev1.Secret) {
	GinkgoHelper()
	object, err := json.Marshal(l.now(ctx, Default))
	Expect(err).NotTo(HaveOccurred())
	events, err := json.Marshal(l.events(ctx, Default))
	Expect(err).NotTo(HaveOccurred())
	shown := string(object) + string(events) + string(running.logs.Contents())
	for _, secret := range append(l.secrets(), assertions()...) {
		Expect(strings.Contains(shown, secret)).To(BeFalse(), "a part of the credentials is shown")
	}
	for _, token := range tokens {
		Expect(strings.Contains(shown, string(token.Data["access_token"]))).To(BeFalse(), "the token is shown")
	}
}

// secrets returns the lines of the credentials that must not be shown.
func (l *login) secrets() []string {
	var secrets []string
	for key, value := range l.credentials.Data {
		if key == "client_id" || key == "tls.crt" {
			continue
		}
		for line := range strings.Lines(string(value)) {
			if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "-----") {
				secrets = append(secrets, line)
			}
		}
	}
	return secrets
}

// assertions returns the assertions that the operator has sent.
func assertions() []string {
	GinkgoHelper()
	var found []string
	for _, request := range running.requests() {
		form, err := url.ParseQuery(request.Body.Reveal())
		Expect(err).NotTo(HaveOccurred())
		if assertion := form.Get("client_assertion"); assertion != "" {
			found = append(found, assertion)
		}
	}
	return found
}
