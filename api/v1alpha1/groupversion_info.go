// Package v1alpha1 is the API of tokensync, group oauth2.tokensync.dev.
// +kubebuilder:object:generate=true
// +groupName=oauth2.tokensync.dev
package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

var (
	// GroupVersion identifies this API.
	GroupVersion = schema.GroupVersion{Group: "oauth2.tokensync.dev", Version: "v1alpha1"}

	schemeBuilder = runtime.NewSchemeBuilder(addKnownTypes)

	// AddToScheme adds the kinds of this package to a scheme.
	AddToScheme = schemeBuilder.AddToScheme
)

// ClientCredentialKind is the kind that owns token Secrets.
const ClientCredentialKind = "ClientCredential"

func addKnownTypes(scheme *runtime.Scheme) error {
	scheme.AddKnownTypes(GroupVersion,
		&ClientCredential{}, &ClientCredentialList{},
		&AuthorizationServer{}, &AuthorizationServerList{},
		&ClusterAuthorizationServer{}, &ClusterAuthorizationServerList{})
	metav1.AddToGroupVersion(scheme, GroupVersion)
	return nil
}
