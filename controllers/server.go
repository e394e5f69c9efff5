package controllers

import (
	"context"
	"fmt"
	"strconv"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/problem"
	"github.com/tokensync/tokensync/internal/profile"
)

// server is an object that declares an authorization server.
type server interface {
	client.Object
	GetDeclaration() *v1alpha1.AuthorizationServerSpec
	GetStatus() *v1alpha1.AuthorizationServerStatus
}

// declaration is how an authorization server is declared for a ClientCredential.
type declaration struct {
	v1alpha1.AuthorizationServerSpec
	// namespace of what its caBundleRef names.
	namespace string
	// tenant is the namespace that declares it. It is empty for a ClusterAuthorizationServer, whose
	// rate limit is one for all namespaces.
	tenant string
	// version tells one state of the object that declares it from another; empty
	// for a declaration inside the ClientCredential.
	version string
}

// observeServer finds the declaration and completes it by its profile. What
// makes it unusable is a *problem.Problem.
func (r *Reconciler) observeServer(ctx context.Context, owner *v1alpha1.ClientCredential) (declaration, error) {
	declared, err := r.declarationFor(ctx, owner)
	if err != nil {
		return declared, err
	}
	declared.AuthorizationServerSpec, err = profile.Complete(declared.AuthorizationServerSpec, owner.Spec.Parameters)
	return declared, err
}

func (r *Reconciler) declarationFor(ctx context.Context, owner *v1alpha1.ClientCredential) (declaration, error) {
	reference := owner.Spec.AuthorizationServerRef
	switch {
	case isOutline(owner):
		return declaration{}, oauth2.SpecTooLarge("the spec")
	case reference == nil && r.ForbidInlineServers:
		return declaration{}, problem.Stalled(v1alpha1.ReasonInlineAuthorizationServerForbidden,
			"spec.authorizationServer is forbidden in this cluster (--allow-inline-authorization-servers=false): set spec.authorizationServerRef to an AuthorizationServer or ClusterAuthorizationServer")
	case reference == nil && owner.Spec.AuthorizationServer == nil:
		return declaration{}, problem.Stalled(v1alpha1.ReasonAuthorizationServerInvalid,
			"there is no authorization server: set spec.authorizationServer or spec.authorizationServerRef")
	case reference == nil:
		return declaration{AuthorizationServerSpec: *owner.Spec.AuthorizationServer, namespace: owner.Namespace, tenant: owner.Namespace}, nil
	case reference.Kind == v1alpha1.AuthorizationServerCluster:
		return r.clusterServer(ctx, owner, reference.Name)
	}
	found := &v1alpha1.AuthorizationServer{}
	key := types.NamespacedName{Namespace: owner.Namespace, Name: reference.Name}
	if err := r.getServer(ctx, key, found); err != nil {
		return declaration{}, err
	}
	return declaration{
		AuthorizationServerSpec: *found.GetDeclaration(), namespace: owner.Namespace, tenant: owner.Namespace, version: versionOf(found),
	}, nil
}

func (r *Reconciler) clusterServer(ctx context.Context, owner *v1alpha1.ClientCredential, name string) (declaration, error) {
	if r.NamedNamespacesOnly {
		return declaration{}, problem.Stalled(v1alpha1.ReasonAuthorizationServerNotAllowed,
			"ClusterAuthorizationServer %q cannot be used: this operator works in named namespaces only (--namespaces). "+
				"Declare an AuthorizationServer in namespace %q, and name that in spec.authorizationServerRef",
			name, owner.Namespace)
	}
	found := &v1alpha1.ClusterAuthorizationServer{}
	if err := r.getServer(ctx, types.NamespacedName{Name: name}, found); err != nil {
		return declaration{}, err
	}
	declared := declaration{
		AuthorizationServerSpec: *found.GetDeclaration(), namespace: r.ClusterResourceNamespace, version: versionOf(found),
	}
	allowed, err := r.isAllowed(ctx, owner.Namespace, found.Spec.AllowedNamespaces)
	if err == nil && !allowed {
		err = problem.Retry(problem.ObjectNotReady, v1alpha1.ReasonAuthorizationServerNotAllowed,
			"ClusterAuthorizationServer %q is not for namespace %q: ask its admin to let spec.allowedNamespaces select the labels of this namespace",
			name, owner.Namespace)
	}
	return declared, err
}

// isAllowed tells whether a selector, which may be nil for all, selects a namespace.
func (r *Reconciler) isAllowed(ctx context.Context, namespace string, selector *metav1.LabelSelector) (bool, error) {
	if selector == nil {
		return true, nil
	}
	chosen, err := metav1.LabelSelectorAsSelector(selector)
	if err != nil {
		return false, problem.Stalled(v1alpha1.ReasonAuthorizationServerInvalid,
			"spec.allowedNamespaces of the ClusterAuthorizationServer cannot be used: %s", err)
	}
	metadata := namespaceMetadata(namespace)
	if err := r.Client.Get(ctx, client.ObjectKeyFromObject(metadata), metadata); err != nil {
		return false, fmt.Errorf("read the labels of namespace %q: %w", namespace, err)
	}
	return chosen.Matches(labels.Set(metadata.Labels)), nil
}

func (r *Reconciler) getServer(ctx context.Context, key types.NamespacedName, into server) error {
	err := r.Client.Get(ctx, key, into)
	if apierrors.IsNotFound(err) {
		return problem.Retry(problem.ObjectNotReady, v1alpha1.ReasonAuthorizationServerNotFound,
			"%s %q does not exist: create it, or correct spec.authorizationServerRef", kindOf(into), key.Name)
	}
	if err != nil {
		return fmt.Errorf("read %s %q: %w", kindOf(into), key.Name, err)
	}
	if isOutline(into) {
		return oauth2.SpecTooLarge(fmt.Sprintf("the spec of %s %q", kindOf(into), key.Name))
	}
	return nil
}

func kindOf(server server) v1alpha1.AuthorizationServerKind {
	if _, ok := server.(*v1alpha1.ClusterAuthorizationServer); ok {
		return v1alpha1.AuthorizationServerCluster
	}
	return v1alpha1.AuthorizationServerNamespaced
}

func versionOf(object metav1.Object) string {
	return string(object.GetUID()) + "/" + strconv.FormatInt(object.GetGeneration(), 10)
}

// namespaceMetadata is what the cache knows namespaces as.
func namespaceMetadata(name string) *metav1.PartialObjectMetadata {
	return &metav1.PartialObjectMetadata{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Namespace"},
		ObjectMeta: metav1.ObjectMeta{Name: name},
	}
}

// distrustMetadata has the metadata read again before the next attempt, if the token
// endpoint that failed was found there: a server may have told of another one while it
// started. It returns the failure, which may pass if it lies in the metadata.
func (r *Reconciler) distrustMetadata(declared declaration, trust oauth2.TLS, failure *problem.Problem) error {
	if declared.TokenEndpoint != "" || failure.Class == problem.CredentialsRefused {
		return failure
	}
	r.TokenEndpoint.Distrust(declared.Issuer, trust)
	if failure.Class == problem.Invalid {
		return failure.WithClass(problem.MayPass)
	}
	return failure
}

// discovered is the declaration with the endpoints. If it names an issuer instead,
// they come from the issuer's metadata, which are returned too.
func (r *Reconciler) discovered(ctx context.Context, declared declaration, bundle *oauth2.Authorities) (v1alpha1.AuthorizationServerSpec, *oauth2.Metadata, error) {
	if declared.TokenEndpoint != "" {
		return declared.AuthorizationServerSpec, nil, nil
	}
	metadata, err := r.TokenEndpoint.Discover(ctx, declared.Issuer, oauth2.TLS{}.Trusting(bundle))
	if err != nil {
		return declared.AuthorizationServerSpec, nil, err
	}
	return metadata.Discovered(declared.AuthorizationServerSpec), metadata, nil
}
