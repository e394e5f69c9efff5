package resolve

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/problem"
	"github.com/tokensync/tokensync/internal/profile"
)

// Server is an object that declares an authorization server.
type Server interface {
	client.Object
	GetDeclaration() *v1alpha1.AuthorizationServerSpec
}

// Declaration is the declaration of the authorization server of a ClientCredential.
type Declaration struct {
	v1alpha1.AuthorizationServerSpec
	// Namespace is the namespace of the objects that the declaration names.
	Namespace string
	// Tenant is the namespace of the declaration. It is empty for a ClusterAuthorizationServer,
	// whose rate limit applies to all namespaces together.
	Tenant string
	// Version identifies the declaring object and its generation. It is empty for a declaration in
	// the ClientCredential.
	Version string
}

// URL returns the URL that identifies the server.
func (d Declaration) URL() string {
	if d.Issuer != "" {
		return d.Issuer
	}
	return d.TokenEndpoint
}

// UsesSecret reports whether a ClientCredential needs its credentials Secret for this server.
func (d Declaration) UsesSecret(owner *v1alpha1.ClientCredential) bool {
	return owner.Spec.CredentialsRef != nil && oauth2.UsesSecret(d.AuthorizationServerSpec, owner.Spec.ClientID)
}

// UnknownNamespaceError reports a namespace whose labels cannot be read, so spec.allowedNamespaces of a
// ClusterAuthorizationServer cannot be checked.
type UnknownNamespaceError struct {
	Server, Namespace string
	Err               error
}

func (e *UnknownNamespaceError) Error() string {
	return fmt.Sprintf("read the labels of namespace %q: %s", e.Namespace, e.Err)
}

func (e *UnknownNamespaceError) Unwrap() error { return e.Err }

// Server returns the declaration of the authorization server of a ClientCredential, completed by
// its profile. The declaration is also complete if the error is an *UnknownNamespaceError. If the
// server cannot be used, the error is a *problem.Problem. Any other error means that the server could not
// be read.
func (r *Resolver) Server(ctx context.Context, owner *v1alpha1.ClientCredential) (Declaration, error) {
	declared, err := r.declaration(ctx, owner)
	var unknown *UnknownNamespaceError
	if err != nil && !errors.As(err, &unknown) {
		return declared, err
	}
	declared, completeErr := complete(declared, owner.Spec.Parameters)
	if completeErr != nil {
		return declared, completeErr
	}
	return declared, err
}

// Declared returns the declaration of an object, completed by its profile. If the object cannot be used, the
// error is a *problem.Problem.
func (r *Resolver) Declared(object Server) (Declaration, error) {
	if err := checkOutline("the spec", object); err != nil {
		return Declaration{}, err
	}
	return complete(r.declarationOf(object), nil)
}

// complete completes a declaration by its profile. parameters are the parameters of the ClientCredential.
func complete(declared Declaration, parameters []v1alpha1.Parameter) (Declaration, error) {
	completed, err := profile.Complete(declared.AuthorizationServerSpec, parameters)
	declared.AuthorizationServerSpec = completed
	return declared, err
}

// declarationOf returns the declaration of an object as it is.
func (r *Resolver) declarationOf(object Server) Declaration {
	declared := Declaration{
		AuthorizationServerSpec: *object.GetDeclaration(), Namespace: object.GetNamespace(), Tenant: object.GetNamespace(), Version: versionOf(object),
	}
	if KindOf(object) == v1alpha1.AuthorizationServerCluster {
		declared.Namespace = r.Policy.ClusterResourceNamespace
	}
	return declared
}

func (r *Resolver) declaration(ctx context.Context, owner *v1alpha1.ClientCredential) (Declaration, error) {
	if err := checkOutline("the spec", owner); err != nil {
		return Declaration{}, err
	}
	reference := owner.Spec.AuthorizationServerRef
	switch {
	case reference == nil && r.Policy.ForbidInlineServers:
		return Declaration{}, problem.Stalled(v1alpha1.ReasonInlineAuthorizationServerForbidden,
			"spec.authorizationServer is forbidden in this cluster (--allow-inline-authorization-servers=false): set spec.authorizationServerRef to an AuthorizationServer or ClusterAuthorizationServer")
	case reference == nil && owner.Spec.AuthorizationServer == nil:
		return Declaration{}, problem.Stalled(v1alpha1.ReasonAuthorizationServerInvalid,
			"there is no authorization server: set spec.authorizationServer or spec.authorizationServerRef")
	case reference == nil:
		return Declaration{AuthorizationServerSpec: *owner.Spec.AuthorizationServer, Namespace: owner.Namespace, Tenant: owner.Namespace}, nil
	case reference.Kind == v1alpha1.AuthorizationServerCluster:
		return r.clusterServer(ctx, owner, reference.Name)
	}
	found := &v1alpha1.AuthorizationServer{}
	if err := r.read(ctx, client.ObjectKey{Namespace: owner.Namespace, Name: reference.Name}, found); err != nil {
		return Declaration{}, err
	}
	return r.declarationOf(found), nil
}

func (r *Resolver) clusterServer(ctx context.Context, owner *v1alpha1.ClientCredential, name string) (Declaration, error) {
	if r.Policy.NamedNamespacesOnly {
		return Declaration{}, problem.Stalled(v1alpha1.ReasonAuthorizationServerNotAllowed,
			"ClusterAuthorizationServer %q cannot be used: this operator works in named namespaces only (--namespaces). "+
				"Declare an AuthorizationServer in namespace %q, and name that in spec.authorizationServerRef",
			name, owner.Namespace)
	}
	found := &v1alpha1.ClusterAuthorizationServer{}
	if err := r.read(ctx, client.ObjectKey{Name: name}, found); err != nil {
		return Declaration{}, err
	}
	return r.declarationOf(found), r.checkNamespace(ctx, owner.Namespace, found)
}

// checkNamespace returns an error unless a ClusterAuthorizationServer allows a namespace.
func (r *Resolver) checkNamespace(ctx context.Context, namespace string, server *v1alpha1.ClusterAuthorizationServer) error {
	if server.Spec.AllowedNamespaces == nil {
		return nil
	}
	selector, err := metav1.LabelSelectorAsSelector(server.Spec.AllowedNamespaces)
	if err != nil {
		return problem.Stalled(v1alpha1.ReasonAuthorizationServerInvalid,
			"spec.allowedNamespaces of the ClusterAuthorizationServer cannot be used: %s", err)
	}
	found, err := r.Source.NamespaceLabels(ctx, namespace)
	switch {
	case err != nil:
		return &UnknownNamespaceError{Server: server.Name, Namespace: namespace, Err: err}
	case !selector.Matches(labels.Set(found)):
		return problem.Retry(problem.ObjectNotReady, v1alpha1.ReasonAuthorizationServerNotAllowed,
			"ClusterAuthorizationServer %q is not for namespace %q: ask its admin to allow the labels of this namespace in spec.allowedNamespaces",
			server.Name, namespace)
	}
	return nil
}

func (r *Resolver) read(ctx context.Context, key client.ObjectKey, into Server) error {
	err := r.Source.Server(ctx, key, into)
	var missing *NotFoundError
	switch {
	case errors.As(err, &missing):
		return problem.Retry(problem.ObjectNotReady, v1alpha1.ReasonAuthorizationServerNotFound,
			"%s: %s, or correct spec.authorizationServerRef", missing, missing.remedy())
	case err != nil && problem.Of(err) == nil:
		return unreadable(err, "%s %q", KindOf(into), key.Name)
	case err != nil:
		return err
	}
	return checkOutline(fmt.Sprintf("the spec of %s %q", KindOf(into), key.Name), into)
}

// KindOf returns the kind of a server.
func KindOf(server Server) v1alpha1.AuthorizationServerKind {
	if _, ok := server.(*v1alpha1.ClusterAuthorizationServer); ok {
		return v1alpha1.AuthorizationServerCluster
	}
	return v1alpha1.AuthorizationServerNamespaced
}

func versionOf(object metav1.Object) string {
	return string(object.GetUID()) + "/" + strconv.FormatInt(object.GetGeneration(), 10)
}
