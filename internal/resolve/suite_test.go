package resolve_test

import (
	"context"
	"errors"
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/fairshare"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/resolve"
)

func TestResolve(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "Resolve")
}

// cluster is a small cluster. It implements resolve.Source, resolve.TokenEndpoint and
// resolve.ServiceAccountTokens. failure, if set, is the error of each read.
type cluster struct {
	servers    map[string]v1alpha1.AuthorizationServerSpec
	namespaces map[string]map[string]string
	allowed    *metav1.LabelSelector
	secret     *corev1.Secret
	bundles    map[string]string
	accounts   map[string]map[string]string
	// outlined are the servers whose spec is too large.
	outlined map[string]bool
	failure  error

	issued []string
}

func (c *cluster) Server(_ context.Context, key client.ObjectKey, into resolve.Server) error {
	spec, found := c.servers[key.String()]
	if !found {
		return orElse(c.failure, &resolve.NotFoundError{Kind: string(resolve.KindOf(into)), Name: key.Name})
	}
	into.SetUID("uid")
	into.SetGeneration(7)
	into.SetNamespace(key.Namespace)
	into.SetName(key.Name)
	if c.outlined[key.String()] {
		into.SetAnnotations(map[string]string{resolve.OutlinedAnnotation: "true"})
	}
	*into.GetDeclaration() = spec
	if shared, isShared := into.(*v1alpha1.ClusterAuthorizationServer); isShared {
		shared.Spec.AllowedNamespaces = c.allowed
	}
	return c.failure
}

func (c *cluster) NamespaceLabels(_ context.Context, name string) (map[string]string, error) {
	return c.namespaces[name], c.failure
}

func (c *cluster) CredentialsSecret(_ context.Context, key client.ObjectKey) (*corev1.Secret, error) {
	if c.secret == nil {
		return nil, orElse(c.failure, &resolve.NotFoundError{Kind: "Secret", Name: key.Name})
	}
	return c.secret, c.failure
}

func (c *cluster) ServiceAccount(_ context.Context, key client.ObjectKey) (*corev1.ServiceAccount, error) {
	labels, found := c.accounts[key.Name]
	if !found {
		return nil, orElse(c.failure, &resolve.NotFoundError{Kind: "ServiceAccount", Name: key.Name, Where: "is not here", Remedy: "apply it"})
	}
	return &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: key.Name, Labels: labels}}, c.failure
}

func (c *cluster) Bundle(_ context.Context, namespace string, reference v1alpha1.CABundleReference) (string, error) {
	text, found := c.bundles[namespace+"/"+string(reference.Kind)+"/"+reference.Name]
	if !found {
		return "", orElse(c.failure, &resolve.NotFoundError{Kind: string(reference.Kind), Name: reference.Name})
	}
	return text, c.failure
}

func (c *cluster) Authorities(_ context.Context, _ fairshare.Claimant, read func() (string, error)) (*oauth2.Authorities, func(), error) {
	text, err := read()
	if err != nil {
		return nil, nil, err
	}
	authorities, err := oauth2.ReadAuthorities(text)
	return authorities, func() {}, err
}

func (c *cluster) Discover(_ context.Context, issuer string, _ oauth2.TLS) (*oauth2.Metadata, error) {
	if c.failure != nil {
		return nil, c.failure
	}
	return &oauth2.Metadata{Issuer: issuer, TokenEndpoint: issuer + "/token", RevocationEndpoint: issuer + "/revoke"}, nil
}

func (c *cluster) Issue(_ context.Context, account types.NamespacedName, audience string) (oauth2.Sensitive, error) {
	c.issued = append(c.issued, account.String()+" for "+audience)
	return oauth2.NewSensitive("token of " + account.Name), c.failure
}

// orElse returns failure if it is not nil, and otherwise the second error.
func orElse(failure, otherwise error) error {
	if failure != nil {
		return failure
	}
	return otherwise
}

var errDown = errors.New("the API server is down")

// unreadable is a cluster whose namespaces cannot be read.
type unreadable struct{ *cluster }

func (unreadable) NamespaceLabels(context.Context, string) (map[string]string, error) {
	return nil, errDown
}
