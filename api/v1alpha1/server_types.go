package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// AuthorizationServer declares an authorization server for the ClientCredentials of its
// namespace. They name it in spec.authorizationServerRef.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=as
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`,description="True while the declaration can be used"
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`,description="Why it is ready or not"
// +kubebuilder:printcolumn:name="Token Endpoint",type=string,JSONPath=`.status.tokenEndpoint`,description="Where token requests go"
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type AuthorizationServer struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`

	// spec declares the authorization server.
	// +required
	Spec AuthorizationServerSpec `json:"spec,omitzero"`

	// status is the observed state.
	// +optional
	// +kubebuilder:default:={"observedGeneration":-1}
	Status AuthorizationServerStatus `json:"status,omitzero"`
}

// ClusterAuthorizationServer declares an authorization server for the ClientCredentials of
// all namespaces, or of selected namespaces. It holds no credentials.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Cluster,shortName=cas
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`,description="True while the declaration can be used"
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`,description="Why it is ready or not"
// +kubebuilder:printcolumn:name="Token Endpoint",type=string,JSONPath=`.status.tokenEndpoint`,description="Where token requests go"
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type ClusterAuthorizationServer struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`

	// spec declares the authorization server, and the namespaces that may use it.
	// +required
	Spec ClusterAuthorizationServerSpec `json:"spec,omitzero"`

	// status is the observed state.
	// +optional
	// +kubebuilder:default:={"observedGeneration":-1}
	Status AuthorizationServerStatus `json:"status,omitzero"`
}

// ClusterAuthorizationServerSpec declares an authorization server, and the namespaces that
// may use it.
// +kubebuilder:validation:MinProperties=1
type ClusterAuthorizationServerSpec struct {
	AuthorizationServerSpec `json:",inline"`

	// allowedNamespaces selects, by labels, the namespaces whose ClientCredentials may use
	// this server. By default, all namespaces may use it.
	// +optional
	AllowedNamespaces *metav1.LabelSelector `json:"allowedNamespaces,omitempty"`
}

// AuthorizationServerStatus is the observed state of an authorization server.
type AuthorizationServerStatus struct {
	// observedGeneration is the metadata.generation that this status describes. It is -1
	// until the operator has observed the object.
	// +optional
	// +kubebuilder:validation:Minimum=-1
	ObservedGeneration *int64 `json:"observedGeneration,omitempty"`

	// conditions are the conditions of this object: Ready, and Stalled or Reconciling while
	// Ready is not True.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// tokenEndpoint is the URL that token requests are sent to, declared or discovered. A
	// discovered URL shows only the parts that are common in such URLs or also in the
	// issuer. Each other part is "...".
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2048
	TokenEndpoint string `json:"tokenEndpoint,omitempty"`
}

// AuthorizationServerList is a list of AuthorizationServers.
// +kubebuilder:object:root=true
type AuthorizationServerList struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is standard list metadata.
	// +optional
	metav1.ListMeta `json:"metadata,omitzero"`

	// items are the AuthorizationServers.
	// +optional
	Items []AuthorizationServer `json:"items"`
}

// ClusterAuthorizationServerList is a list of ClusterAuthorizationServers.
// +kubebuilder:object:root=true
type ClusterAuthorizationServerList struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is standard list metadata.
	// +optional
	metav1.ListMeta `json:"metadata,omitzero"`

	// items are the ClusterAuthorizationServers.
	// +optional
	Items []ClusterAuthorizationServer `json:"items"`
}

// GetDeclaration returns the declaration of the authorization server.
func (s *AuthorizationServer) GetDeclaration() *AuthorizationServerSpec { return &s.Spec }

// GetStatus returns the status, to read or change it.
func (s *AuthorizationServer) GetStatus() *AuthorizationServerStatus { return &s.Status }

// GetDeclaration returns the declaration of the authorization server.
func (s *ClusterAuthorizationServer) GetDeclaration() *AuthorizationServerSpec {
	return &s.Spec.AuthorizationServerSpec
}

// GetStatus returns the status, to read or change it.
func (s *ClusterAuthorizationServer) GetStatus() *AuthorizationServerStatus { return &s.Status }
