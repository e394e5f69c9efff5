package tokensecret_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/tokensecret"
)

func TestTokenSecret(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "tokensecret")
}

const (
	accessToken  = "the-access-token"
	clientSecret = "the-client-secret"
)

var (
	issuedAt  = time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)
	expiresAt = issuedAt.Add(time.Hour)

	owner = &v1alpha1.ClientCredential{ObjectMeta: metav1.ObjectMeta{Name: "shop", Namespace: "ns", UID: "owner-uid"}}

	token = oauth2.Token{
		AccessToken: oauth2.NewSensitive(accessToken), Type: "Bearer",
		IssuedAt: issuedAt, ExpiresAt: expiresAt, Scope: "read write",
	}

	provenance = tokensecret.Provenance{
		RequestHash: "hash", CredentialsVersion: "7", RenewRequest: "today",
		Credentials: oauth2.Credentials{ClientID: oauth2.NewSensitive("shop-id"), IsClientIDPublic: true, ClientSecret: oauth2.NewSensitive(clientSecret)},
	}
)

// written returns the Secret of a token as the API server stores it.
func written(token oauth2.Token, provenance tokensecret.Provenance) *corev1.Secret {
	GinkgoHelper()
	return writtenFor(owner, token, provenance)
}

// writtenFor returns the Secret of a token for the given owner.
func writtenFor(owner *v1alpha1.ClientCredential, token oauth2.Token, provenance tokensecret.Provenance) *corev1.Secret {
	GinkgoHelper()
	raw, err := json.Marshal(configured(owner, nil, token, provenance))
	Expect(err).NotTo(HaveOccurred())
	secret := &corev1.Secret{}
	Expect(json.Unmarshal(raw, secret)).To(Succeed())
	secret.UID, secret.ResourceVersion = "secret-uid", "42"
	secret.ManagedFields = []metav1.ManagedFieldsEntry{wrote(tokensecret.FieldManager, metav1.ManagedFieldsOperationUpdate, fieldsOf(secret))}
	return secret
}

// configured returns the configuration that the operator applies.
func configured(owner *v1alpha1.ClientCredential, current *tokensecret.State, token oauth2.Token, provenance tokensecret.Provenance) *corev1ac.SecretApplyConfiguration {
	GinkgoHelper()
	configuration, err := tokensecret.Write(owner, current, token, tokensecret.NewRecord(token, provenance), provenance.Credentials.ClientID.Reveal())
	Expect(err).NotTo(HaveOccurred())
	return configuration
}

// withFields returns the token with further response fields, given as alternating names and values.
func withFields(namesAndValues ...string) oauth2.Token {
	with := token
	with.Fields = map[string]oauth2.Sensitive{}
	for pair := range slices.Chunk(namesAndValues, 2) {
		with.Fields[pair[0]] = oauth2.NewSensitive(pair[1])
	}
	return with
}

// wanting returns the owner with a template for the metadata of its token Secret.
func wanting(labels, annotations map[string]string) *v1alpha1.ClientCredential {
	with := owner.DeepCopy()
	with.Spec.Target = &v1alpha1.TokenTarget{Template: &v1alpha1.TokenSecretTemplate{
		Metadata: &v1alpha1.TokenSecretMetadata{Labels: labels, Annotations: annotations},
	}}
	return with
}

// fieldsOf returns the paths of all labels, annotations and data of a Secret.
func fieldsOf(secret *corev1.Secret) (paths [][]string) {
	for key := range secret.Labels {
		paths = append(paths, []string{"metadata", "labels", key})
	}
	for key := range secret.Annotations {
		paths = append(paths, []string{"metadata", "annotations", key})
	}
	for key := range secret.Data {
		paths = append(paths, []string{"data", key})
	}
	return paths
}

// without returns the paths that do not end in the given key.
func without(paths [][]string, key string) [][]string {
	return slices.DeleteFunc(slices.Clone(paths), func(path []string) bool { return path[len(path)-1] == key })
}

// wrote returns the managed fields entry that the API server records for a write.
func wrote(manager string, operation metav1.ManagedFieldsOperationType, paths [][]string) metav1.ManagedFieldsEntry {
	GinkgoHelper()
	tree := map[string]any{}
	for _, path := range paths {
		node := tree
		for _, part := range path {
			if node["f:"+part] == nil {
				node["f:"+part] = map[string]any{}
			}
			node = node["f:"+part].(map[string]any)
		}
	}
	raw, err := json.Marshal(tree)
	Expect(err).NotTo(HaveOccurred())
	return metav1.ManagedFieldsEntry{
		Manager: manager, Operation: operation, APIVersion: "v1", FieldsType: "FieldsV1", FieldsV1: metav1.NewFieldsV1(string(raw)),
	}
}
