package tokensecret_test

import (
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/problem"
	"github.com/tokensync/tokensync/internal/tokensecret"
)

// templated returns the owner with a template, given as alternating keys and templates.
func templated(kind v1alpha1.TokenSecretType, keysAndTemplates ...string) *v1alpha1.ClientCredential {
	template := &v1alpha1.TokenSecretTemplate{Type: kind, Data: map[string]string{}}
	for i := 0; i < len(keysAndTemplates); i += 2 {
		template.Data[keysAndTemplates[i]] = keysAndTemplates[i+1]
	}
	return withTarget(&v1alpha1.TokenTarget{Template: template})
}

var _ = Describe("the template of a token Secret", func() {
	DescribeTable("renders a key",
		func(template, expected string) {
			secret := writtenFor(templated("", "key", template), withFields("instance_url", "https://eu.example.com"), provenance)
			Expect(secret.Data).To(HaveKeyWithValue("key", []byte(expected)))
			Expect(secret.Data).To(HaveKeyWithValue("access_token", []byte(accessToken)))
		},
		Entry("from the token", `Authorization: Bearer {{ .access_token }}`, "Authorization: Bearer the-access-token"),
		Entry("from its type", `{{ .token_type }}`, "Bearer"),
		Entry("from its times", `{{ .issued_at }} {{ .expires_at }} {{ .expires_at_unix }}`, "2026-03-01T12:00:00Z 2026-03-01T13:00:00Z 1772370000"),
		Entry("from its scope", `{{ .scope }}`, "read write"),
		Entry("from the client ID", `{{ .client_id }}`, "shop-id"),
		Entry("from a further field of the response", `{{ .instance_url }}/api`, "https://eu.example.com/api"),
		Entry("with functions", `{{ printf "%s:%s" .client_id .access_token | b64enc }}`, "c2hvcC1pZDp0aGUtYWNjZXNzLXRva2Vu"),
	)

	It("never holds the client secret", func() {
		_, err := tokensecret.Write(templated("", "key", `{{ .client_secret }}`), nil, token, tokensecret.NewRecord(token, provenance), "shop-id")
		Expect(err).To(MatchError(ContainSubstring(`there is no key "client_secret"`)))
	})

	It("uses a field of the response before a derived value of the same name", func() {
		secret := writtenFor(templated("", "key", `{{ .scope }}`), withFields("scope", "of the response"), provenance)
		Expect(secret.Data).To(HaveKeyWithValue("key", []byte("of the response")))
	})

	It("takes precedence over a field of the response with the same key, which is then not written", func() {
		with := templated("", "instance_url", "mine")
		fit := tokensecret.WithoutTemplateKeys(with, withFields("instance_url", "u", "region", "eu"))
		secret := writtenFor(with, fit, provenance)
		Expect(secret.Data).To(And(HaveKeyWithValue("instance_url", []byte("mine")), HaveKeyWithValue("region", []byte("eu"))))
		Expect(tokensecret.RecordOf(secret.Annotations).Fields).To(Equal([]string{"region"}))
		Expect(tokensecret.VerifiedToken(secret, provenance)).NotTo(BeNil())
	})

	It("gives the Secret its type", func() {
		secret := writtenFor(templated("kubernetes.io/basic-auth", "username", "x", "password", "{{ .access_token }}"), token, provenance)
		Expect(secret.Type).To(Equal(corev1.SecretTypeBasicAuth))
	})

	DescribeTable("fails, and names the key and the line, if it",
		func(owner *v1alpha1.ClientCredential, class problem.Class, expected ...string) {
			token := token
			token.Scope = "{}"
			_, err := tokensecret.Write(owner, nil, token, tokensecret.NewRecord(token, provenance), "shop-id")
			Expect(err).To(BeAssignableToTypeOf(&problem.Problem{}))
			Expect(err).To(And(HaveField("Reason", v1alpha1.ReasonTargetTemplateInvalid), HaveField("Class", class)))
			for _, part := range expected {
				Expect(err).To(MatchError(ContainSubstring(part)))
			}
			Expect(err).NotTo(MatchError(ContainSubstring(accessToken)))
		},
		Entry("uses a key that does not exist", templated("", "auth.json", "{\n{{ .acess_token }}}"), problem.Invalid, `spec.target.template.data["auth.json"]`, "line 2", `there is no key "acess_token"`),
		Entry("has a value that it cannot parse", templated("", "key", `{{ (fromJson .access_token).a }}`), problem.MayPass, `data["key"]`, "fromJson"),
		Entry("uses a key that is missing in a value", templated("", "key", `{{ (fromJson .scope).name }}`), problem.MayPass, `data["key"]`, `there is no key "name"`),
		Entry("uses a long key that does not exist", templated("", "key", "{{ .a_key_that_is_longer_than_what_is_quoted }}"), problem.Invalid, `there is no key "a_key_that_is_longer`),
		Entry("yields registry credentials that are not JSON", templated("kubernetes.io/dockerconfigjson", ".dockerconfigjson", "{{ .access_token }}"), problem.MayPass,
			`data[".dockerconfigjson"] yields no JSON object`),
		Entry("yields registry credentials that are not an object", templated("kubernetes.io/dockerconfigjson", ".dockerconfigjson", "null"), problem.MayPass,
			`data[".dockerconfigjson"] yields no JSON object`),
		Entry("yields too much in total", templated("", many(strings.Repeat("x", 60<<10), 12)...), problem.MayPass, "more than 512 KiB"),
	)

	It("fails if it yields, with the token and its fields, more than a Secret can hold", func() {
		token := token
		token.Fields = map[string]oauth2.Sensitive{"field": oauth2.NewSensitive(strings.Repeat("f", 500<<10))}
		_, err := tokensecret.Write(templated("", many(strings.Repeat("x", 60<<10), 8)...), nil, token, tokensecret.NewRecord(token, provenance), "shop-id")
		Expect(err).To(MatchError(ContainSubstring("authorizationServer.response.fields and spec.target.template.data have more than 960 KiB")))
		Expect(err).To(HaveField("Class", problem.MayPass))
	})

	It("causes drift if it changed, and the token is still intact", func() {
		secret := writtenFor(templated("", "key", "a"), token, provenance)
		for _, now := range []*v1alpha1.ClientCredential{
			templated("", "key", "b"), templated("", "key", "a", "other", "c"), templated("", "other", "a"), owner,
			templated("kubernetes.io/basic-auth", "key", "a"),
		} {
			state := tokensecret.StateOf(now, secret)
			Expect(state.Drifted).To(BeTrue())
			Expect(state.Tampered).To(BeFalse())
		}
		Expect(tokensecret.StateOf(templated("Opaque", "key", "a"), secret).Drifted).To(BeFalse())
	})

	It("makes the Secret invalid if another writer changed a key, until the key is repaired", func() {
		with := templated("", "key", "a")
		secret := writtenFor(with, token, provenance)
		secret.ManagedFields = []metav1.ManagedFieldsEntry{
			wrote(tokensecret.FieldManager, updated, without(fieldsOf(secret), "key")), wrote("kubectl", updated, [][]string{{"data", "key"}}),
		}
		Expect(tokensecret.StateOf(with, secret).Tampered).To(BeTrue())
	})

	It("removes keys that it no longer has", func() {
		secret := writtenFor(templated("", "old", "a", "kept", "b"), token, provenance)
		now := templated("", "kept", "b")
		Expect(string(tokensecret.PrunePatch(now, tokensecret.StateOf(now, secret), tokensecret.NewRecord(token, provenance), "43"))).
			To(Equal(`{"data":{"old":null},"metadata":{"annotations":{},"labels":{},"resourceVersion":"43","uid":"secret-uid"}}`))
	})

	It("does not change the fingerprint of the token", func() {
		Expect(tokensecret.VerifiedToken(writtenFor(templated("", "key", "a"), token, provenance), provenance)).NotTo(BeNil())
	})
})

// many returns many keys with the same template.
func many(template string, count int) (keysAndTemplates []string) {
	for i := range count {
		keysAndTemplates = append(keysAndTemplates, "key-"+string(rune('a'+i)), template)
	}
	return keysAndTemplates
}

var _ = DescribeTable("a template is checked before a token is requested, even if admission allowed it:",
	func(owner *v1alpha1.ClientCredential, expected string) {
		failure := tokensecret.Check(owner)
		if expected == "" {
			Expect(failure).NotTo(HaveOccurred())
			return
		}
		Expect(failure).To(And(HaveField("Reason", v1alpha1.ReasonTargetTemplateInvalid), HaveField("Class", problem.Invalid)))
		Expect(failure).To(MatchError(ContainSubstring(expected)))
	},
	Entry("valid without a template", owner, ""),
	Entry("valid with an allowed type and its required key", templated("kubernetes.io/dockerconfigjson", ".dockerconfigjson", "{}"), ""),
	Entry("valid with the usage label", wanting(texts{v1alpha1.UsageLabel: "x"}, nil), ""),
	Entry("valid with the label of an Argo CD repository", wanting(texts{"argocd.argoproj.io/secret-type": "repo-creds"}, nil), ""),
	Entry("valid with the label of the application that it is part of", wanting(texts{"app.kubernetes.io/part-of": "argocd"}, nil), ""),
	Entry("invalid with the label that Argo CD uses for tracking", wanting(texts{"app.kubernetes.io/instance": "x"}, nil), "app.kubernetes.io/instance=x is reserved"),
	Entry("invalid with the type of a service account's token", templated("kubernetes.io/service-account-token"), "kubernetes.io/service-account-token"),
	Entry("invalid with the type of a bootstrap token", templated("bootstrap.kubernetes.io/token"), "bootstrap.kubernetes.io/token"),
	Entry("invalid with the type of a Helm release", templated("helm.sh/release.v1"), "helm.sh/release.v1"),
	Entry("invalid with the label of an Argo CD cluster", wanting(texts{"argocd.argoproj.io/secret-type": "cluster"}, nil), "argocd.argoproj.io/secret-type=cluster is reserved"),
	Entry("invalid with a label whose value is not valid", wanting(texts{"team": "hello world!"}, nil), `labels["team"]`),
	Entry("invalid with a label of Flux", wanting(texts{"kustomize.toolkit.fluxcd.io/name": "apps"}, nil), "kustomize.toolkit.fluxcd.io/name=apps is reserved"),
	Entry("invalid with an annotation of Helm", wanting(nil, texts{"helm.sh/hook": "x"}), "helm.sh/hook is reserved"),
	Entry("invalid with an annotation of Kubernetes", wanting(nil, texts{"kubernetes.io/service-account.name": "x"}), "kubernetes.io/service-account.name is reserved"),
	Entry("invalid with the key of the token", templated("", "access_token", "x"), `data["access_token"]`),
	Entry("invalid with the label that Helm uses to find its releases", wanting(texts{"owner": "helm"}, nil), "owner=helm is reserved"),
	Entry("invalid with the name of a Helm release", withTarget(&v1alpha1.TokenTarget{Name: "sh.helm.release.v1.web.v1"}), "sh.helm.release.* are Helm's releases"),
	Entry("invalid with a label of a Kubernetes project", wanting(texts{"cluster.x-k8s.io/cluster-name": "x"}, nil), "cluster.x-k8s.io/cluster-name=x is reserved"),
	Entry("invalid if it cannot be parsed", templated("", "key", "a\n{{ nothing }}"), "line 2"),
)
