// Package resolve finds the inputs of a token request: the authorization server, the CA bundle, the
// credentials, and a token of the ServiceAccount.
package resolve

import (
	"cmp"
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/fairshare"
	"github.com/tokensync/tokensync/internal/oauth2"
)

// Resolver finds the inputs of token requests.
type Resolver struct {
	Source        Source
	TokenEndpoint TokenEndpoint
	// Tokens issues tokens of ServiceAccounts.
	Tokens ServiceAccountTokens
	Policy Policy
}

// Source reads the objects that ClientCredentials name. If an object does not exist, the error is a
// *NotFoundError. Any other error means that the object could not be read.
type Source interface {
	// Server reads an AuthorizationServer or a ClusterAuthorizationServer, perhaps from a cache. If the
	// object cannot be used, the error is a *problem.Problem.
	Server(ctx context.Context, key client.ObjectKey, into Server) error
	// NamespaceLabels returns the labels of a Namespace, perhaps from a cache. Any error means that
	// they could not be read.
	NamespaceLabels(ctx context.Context, name string) (map[string]string, error)
	// CredentialsSecret reads a credentials Secret live.
	CredentialsSecret(ctx context.Context, key client.ObjectKey) (*corev1.Secret, error)
	// ServiceAccount reads a ServiceAccount live.
	ServiceAccount(ctx context.Context, key client.ObjectKey) (*corev1.ServiceAccount, error)
	// Bundle reads the value of a key of a ConfigMap or Secret live. It is empty if the key does
	// not exist.
	Bundle(ctx context.Context, namespace string, reference v1alpha1.CABundleReference) (string, error)
}

// TokenEndpoint reads CA bundles and metadata.
type TokenEndpoint interface {
	// Authorities returns the authorities of the bundle that read returns. The caller must call
	// release when it no longer uses them.
	Authorities(ctx context.Context, user fairshare.Claimant, read func() (string, error)) (authorities *oauth2.Authorities, release func(), err error)
	// Discover returns the metadata of an issuer.
	Discover(ctx context.Context, issuer string, trust oauth2.TLS) (*oauth2.Metadata, error)
}

// ServiceAccountTokens issues tokens of ServiceAccounts.
type ServiceAccountTokens interface {
	// Issue returns a token of a ServiceAccount for an audience. The API server does not accept
	// that token itself.
	Issue(ctx context.Context, account types.NamespacedName, audience string) (oauth2.Sensitive, error)
}

// Policy holds the restrictions of the cluster's admin.
type Policy struct {
	// RequireCredentialsLabel requires v1alpha1.UsageLabel on credentials Secrets and
	// ServiceAccounts.
	RequireCredentialsLabel bool
	// ForbidInlineServers rejects spec.authorizationServer.
	ForbidInlineServers bool
	// NamedNamespacesOnly rejects ClusterAuthorizationServers.
	NamedNamespacesOnly bool
	// ClusterResourceNamespace is the namespace of the objects that a
	// ClusterAuthorizationServer names.
	ClusterResourceNamespace string
}

// MayUse reports whether the policy permits the use of an object as credentials.
func (p Policy) MayUse(labels map[string]string) bool {
	return !p.RequireCredentialsLabel || labels[v1alpha1.UsageLabel] == v1alpha1.UsageClientCredential
}

// NotFoundError reports an object that does not exist.
type NotFoundError struct {
	Kind, Name string
	// Where says that the object is missing, and where. Empty means "does not exist".
	Where string
	// Remedy says how to add the object. Empty means to create it.
	Remedy string
}

func (e *NotFoundError) Error() string {
	return fmt.Sprintf("%s %q %s", e.Kind, e.Name, cmp.Or(e.Where, "does not exist"))
}

// remedy returns how to add the object.
func (e *NotFoundError) remedy() string { return cmp.Or(e.Remedy, "create it") }

// unreadableError reports an object that could not be read, so it may exist. It is no problem of the object:
// the request to the API server failed.
type unreadableError struct {
	// object names the object, such as Secret "shop".
	object string
	err    error
}

func (e *unreadableError) Error() string { return fmt.Sprintf("read %s: %s", e.object, e.err) }

func (e *unreadableError) Unwrap() error { return e.err }

// unreadable returns the error for an object that could not be read. format describes the object.
func unreadable(err error, format string, args ...any) error {
	return &unreadableError{object: fmt.Sprintf(format, args...), err: err}
}
