package check

import (
	"cmp"
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/problem"
)

// declaration is how an authorization server is declared for a ClientCredential.
type declaration struct {
	v1alpha1.AuthorizationServerSpec
	// namespace of what its caBundleRef names.
	namespace string
	// path of its fields, for who has to change one.
	path string
}

// findServer finds the declaration of the authorization server.
func (e *exchange) findServer(ctx context.Context) error {
	spec := e.owner.Spec
	reference := spec.AuthorizationServerRef
	e.server = declaration{namespace: e.owner.Namespace, path: "spec.authorizationServer"}
	if err := oauth2.CheckSpecSize("the spec", spec); err != nil {
		return err
	}
	switch {
	case reference != nil && spec.AuthorizationServer != nil, reference == nil && spec.AuthorizationServer == nil:
		return problem.Stalled(v1alpha1.ReasonAuthorizationServerInvalid, "set exactly one of spec.authorizationServer and spec.authorizationServerRef")
	case reference == nil:
		e.server.AuthorizationServerSpec = *spec.AuthorizationServer
		e.report.AuthorizationServer = "declared in the ClientCredential"
		return nil
	case reference.Kind == v1alpha1.AuthorizationServerCluster:
		return e.findClusterServer(ctx, reference.Name)
	}
	found := &v1alpha1.AuthorizationServer{}
	err := e.findDeclaration(ctx, v1alpha1.AuthorizationServerNamespaced,
		types.NamespacedName{Namespace: e.owner.Namespace, Name: reference.Name}, found)
	if err != nil {
		return err
	}
	e.server.AuthorizationServerSpec = found.Spec
	return oauth2.CheckSpecSize(fmt.Sprintf("the spec of %s %q", v1alpha1.AuthorizationServerNamespaced, reference.Name), found.Spec)
}

func (e *exchange) findClusterServer(ctx context.Context, name string) error {
	found := &v1alpha1.ClusterAuthorizationServer{}
	if err := e.findDeclaration(ctx, v1alpha1.AuthorizationServerCluster, types.NamespacedName{Name: name}, found); err != nil {
		return err
	}
	e.server.AuthorizationServerSpec = found.Spec.AuthorizationServerSpec
	e.server.namespace = e.ClusterResourceNamespace
	if err := oauth2.CheckSpecSize(fmt.Sprintf("the spec of %s %q", v1alpha1.AuthorizationServerCluster, name), found.Spec); err != nil {
		return err
	}
	return e.checkAllowed(ctx, name, found.Spec.AllowedNamespaces)
}

// findDeclaration reads an object that declares an authorization server.
func (e *exchange) findDeclaration(ctx context.Context, kind v1alpha1.AuthorizationServerKind, name types.NamespacedName, into client.Object) error {
	e.server.path = fmt.Sprintf("%s %q: spec", kind, name.Name)
	source, err := e.Finder.find(ctx, string(kind), name, into)
	if err != nil {
		return problem.Stalled(v1alpha1.ReasonAuthorizationServerNotFound,
			"%s: add it to the files, or correct spec.authorizationServerRef", err)
	}
	e.report.AuthorizationServer = fmt.Sprintf("%s %q (%s)", kind, name.Name, source)
	return nil
}

// checkAllowed holds the namespace against the selector of a ClusterAuthorizationServer.
func (e *exchange) checkAllowed(ctx context.Context, server string, selector *metav1.LabelSelector) error {
	if selector == nil {
		return nil
	}
	chosen, err := metav1.LabelSelectorAsSelector(selector)
	if err != nil {
		return problem.Stalled(v1alpha1.ReasonAuthorizationServerInvalid, "spec.allowedNamespaces of the ClusterAuthorizationServer cannot be used: %s", err)
	}
	namespace := &corev1.Namespace{}
	if _, err := e.Finder.find(ctx, "Namespace", types.NamespacedName{Name: e.owner.Namespace}, namespace); err != nil {
		e.notice(NoticeNotChecked, "whether ClusterAuthorizationServer %q is for namespace %q (spec.allowedNamespaces): %s",
			server, e.owner.Namespace, err)
		return nil
	}
	if !chosen.Matches(labels.Set(namespace.Labels)) {
		return problem.Stalled(v1alpha1.ReasonAuthorizationServerNotAllowed,
			"ClusterAuthorizationServer %q is not for namespace %q: ask its admin to let spec.allowedNamespaces select the labels of this namespace",
			server, e.owner.Namespace)
	}
	return nil
}

// discover fills in the endpoints of a server that is declared by its issuer.
func (e *exchange) discover(ctx context.Context) error {
	if e.server.TokenEndpoint != "" {
		return nil
	}
	trust, err := e.trusted(ctx, oauth2.TLS{})
	if err != nil {
		return err
	}
	metadata, err := e.TokenEndpoint.Discover(ctx, e.server.Issuer, trust)
	if err != nil {
		return err
	}
	e.metadata = metadata
	e.server.AuthorizationServerSpec = metadata.Discovered(e.server.AuthorizationServerSpec)
	if mismatch := oauth2.MethodMismatch(e.server.AuthorizationServerSpec, metadata); mismatch != "" {
		e.notice(NoticeMethodNotListed, "%s", mismatch)
	}
	return nil
}

// trusted makes the authorities of the declared bundle those to trust.
func (e *exchange) trusted(ctx context.Context, usual oauth2.TLS) (oauth2.TLS, error) {
	if e.server.TLS == nil || e.server.TLS.CABundleRef == nil {
		return usual, nil
	}
	reference := e.server.TLS.CABundleRef
	key := cmp.Or(reference.Key, v1alpha1.DefaultCABundleKey)
	bundle, err := e.bundle(ctx, reference, key)
	if err != nil {
		return usual, problem.Stalled(v1alpha1.ReasonCABundleUnusable, "authorizationServer.tls.caBundleRef: %s: add it to the files, or correct the reference", err)
	}
	authorities, err := oauth2.ReadAuthorities(bundle)
	if err != nil {
		return usual, problem.Stalled(v1alpha1.ReasonCABundleUnusable, "authorizationServer.tls.caBundleRef: key %q of %s %q %s",
			key, cmp.Or(string(reference.Kind), "ConfigMap"), reference.Name, err)
	}
	return usual.Trusting(authorities), nil
}

func (e *exchange) bundle(ctx context.Context, reference *v1alpha1.CABundleReference, key string) (string, error) {
	name := types.NamespacedName{Namespace: e.server.namespace, Name: reference.Name}
	if reference.Kind == "Secret" {
		secret := &corev1.Secret{}
		_, err := e.Finder.find(ctx, "Secret", name, secret)
		return string(secret.Data[key]), err
	}
	configMap := &corev1.ConfigMap{}
	_, err := e.Finder.find(ctx, "ConfigMap", name, configMap)
	return configMap.Data[key], err
}
