package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// ClientCredential keeps an OAuth 2.0 access token in a Secret. The operator requests the
// token with a client ID and secret (RFC 6749 section 4.4), writes it to a Secret of the
// same namespace, and renews it before it expires.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=cc
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`,description="True while the Secret holds an unexpired token that matches the spec"
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`,description="Why it is ready or not"
// +kubebuilder:printcolumn:name="Failing",type=string,JSONPath=`.status.conditions[?(@.type=="RenewalFailing")].reason`,description="Why it is not renewed while it is still ready"
// +kubebuilder:printcolumn:name="Secret",type=string,JSONPath=`.status.token.secretName`,description="The Secret that holds the token"
// +kubebuilder:printcolumn:name="Expires",type=string,JSONPath=`.status.token.expiresAt`,description="When the token expires"
// +kubebuilder:printcolumn:name="Renews",type=string,JSONPath=`.status.token.renewAt`,description="When the token is renewed"
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:validation:XValidation:rule="self.metadata.name.size() <= 247 || (has(self.spec.target) && has(self.spec.target.name))",message="the name is too long for the Secret name <metadata.name>-token: shorten it to 247 characters, or set spec.target.name"
// +kubebuilder:validation:XValidation:rule="!has(self.spec.credentialsRef) || self.spec.credentialsRef.name != (has(self.spec.target) && has(self.spec.target.name) ? self.spec.target.name : self.metadata.name + '-token')",message="the token must not overwrite the credentials: set spec.target.name to a name other than spec.credentialsRef.name"
type ClientCredential struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`

	// spec is the desired state.
	// +required
	Spec ClientCredentialSpec `json:"spec,omitzero"`

	// status is the observed state.
	// +optional
	// +kubebuilder:default:={"observedGeneration":-1}
	Status ClientCredentialStatus `json:"status,omitzero"`
}

// ClientCredentialSpec defines the token to request, and the Secret to write it to.
//
// +kubebuilder:validation:MinProperties=1
// +kubebuilder:validation:XValidation:rule="has(self.credentialsRef) || has(self.clientID) || has(self.serviceAccountName)",message="set credentialsRef to the Secret that holds client_id and client_secret; a client without a secret may set clientID or serviceAccountName instead"
// +kubebuilder:validation:XValidation:rule="has(self.authorizationServer) != has(self.authorizationServerRef)",message="set exactly one of authorizationServer and authorizationServerRef"
// +kubebuilder:validation:XValidation:rule="!(has(self.renewBefore) && has(self.renewBeforePercentage))",message="set renewBefore or renewBeforePercentage, not both"
type ClientCredentialSpec struct {
	// authorizationServer declares the authorization server that issues the token.
	// +optional
	AuthorizationServer *AuthorizationServerSpec `json:"authorizationServer,omitempty"`

	// authorizationServerRef names the AuthorizationServer or ClusterAuthorizationServer
	// that declares the authorization server. Several ClientCredentials can share it. A
	// change to its declaration does not trigger a renewal: it takes effect at the next
	// renewal.
	// +optional
	AuthorizationServerRef *AuthorizationServerReference `json:"authorizationServerRef,omitempty"`

	// credentialsRef names the Secret that holds the client ID and the client secret. It
	// must be in the same namespace and carry the label
	// oauth2.tokensync.dev/usage=client-credential. With this label, the owner of the
	// Secret allows the operator to send it to a token endpoint.
	// +optional
	CredentialsRef *CredentialsReference `json:"credentialsRef,omitempty"`

	// clientID is the client ID. It overrides the client ID in the credentials Secret. A
	// client ID is not a secret (RFC 6749 section 2.2).
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:XValidation:rule="self.matches('^[ -~]+$')",message="clientID must be printable ASCII (RFC 6749 appendix A.1)"
	ClientID string `json:"clientID,omitempty"`

	// serviceAccountName is the name of a ServiceAccount of this namespace. Its token
	// replaces a stored secret if the authorization server is declared with
	// assertion.serviceAccountToken. The ServiceAccount must carry the label
	// oauth2.tokensync.dev/usage=client-credential. With this label, the owner of the
	// ServiceAccount allows the operator to send its token to a token endpoint. Default:
	// default.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="!format.dns1123Subdomain().validate(self).hasValue()",message="serviceAccountName must be the name of a ServiceAccount: lower-case letters, digits, '-' and '.'"
	ServiceAccountName string `json:"serviceAccountName,omitempty"`

	// scopes are the scopes to request (RFC 6749 section 3.3), joined by a space. Without
	// scopes, the authorization server decides.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=100
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=2048
	// +kubebuilder:validation:items:XValidation:rule="self.matches('^[!#-\\\\[\\\\]-~]+$')",message="a scope has no spaces, quotes or backslashes (RFC 6749 section 3.3): write each scope as an item of its own"
	Scopes []string `json:"scopes,omitempty"`

	// audience is sent as the audience parameter. Some authorization servers need it to
	// know which API the token is for.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2048
	Audience string `json:"audience,omitempty"`

	// resources are the resources that the token is for. Each is sent as a resource
	// parameter (RFC 8707).
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=2048
	Resources []string `json:"resources,omitempty"`

	// parameters are additional parameters of the token request, for this client only. They
	// override parameters of the same name in request.parameters of the authorization
	// server.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	Parameters []Parameter `json:"parameters,omitempty"`

	// renewBefore is the time before expiry at which the token is renewed: a duration
	// from 10s to 8760h. Without it, renewBeforePercentage applies. If the lifetime of
	// the token is not longer than renewBefore, the token is renewed when a third of its
	// lifetime is left. Each renewal starts earlier by a random time of up to a tenth of
	// the lifetime, so that tokens that were issued together are not renewed together.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]+([.][0-9]+)?(ms|s|m|h))+$') && duration(self) >= duration('10s') && duration(self) <= duration('8760h')",message="renewBefore must be a duration from 10s to 8760h, such as 10m"
	RenewBefore *metav1.Duration `json:"renewBefore,omitempty"`

	// renewBeforePercentage is the percentage of the token's lifetime that is left when the
	// token is renewed. Default 33.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=99
	RenewBeforePercentage int32 `json:"renewBeforePercentage,omitempty"`

	// target configures the Secret that the token is written to.
	// +optional
	Target *TokenTarget `json:"target,omitempty"`

	// suspend stops all token requests while it is true. The token in the Secret stays
	// there, and is valid until it expires.
	// +optional
	Suspend *bool `json:"suspend,omitempty"`
}

// ClientCredentialList is a list of ClientCredentials.
// +kubebuilder:object:root=true
type ClientCredentialList struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is standard list metadata.
	// +optional
	metav1.ListMeta `json:"metadata,omitzero"`

	// items are the ClientCredentials.
	// +optional
	Items []ClientCredential `json:"items"`
}

// TargetName returns the name of the Secret that the token is written to.
func (c *ClientCredential) TargetName() string {
	if c.Spec.Target != nil && c.Spec.Target.Name != "" {
		return c.Spec.Target.Name
	}
	return c.Name + "-token"
}

// ServiceAccountName returns the name of the ServiceAccount whose token is used instead of
// a stored secret.
func (c *ClientCredential) ServiceAccountName() string {
	if c.Spec.ServiceAccountName != "" {
		return c.Spec.ServiceAccountName
	}
	return "default"
}

// TargetTemplate returns the template of the token Secret. It is empty if the spec has
// none.
func (c *ClientCredential) TargetTemplate() TokenSecretTemplate {
	if c.Spec.Target == nil || c.Spec.Target.Template == nil {
		return TokenSecretTemplate{}
	}
	return *c.Spec.Target.Template
}

// MayAdopt reports whether the ClientCredential may adopt an existing Secret that allows
// it.
func (c *ClientCredential) MayAdopt() bool {
	return c.Spec.Target != nil && c.Spec.Target.Adopt != nil && *c.Spec.Target.Adopt
}

// RetainsTarget reports whether the token Secret outlives the ClientCredential.
func (c *ClientCredential) RetainsTarget() bool {
	return c.Spec.Target != nil && c.Spec.Target.DeletionPolicy == DeletionPolicyRetain
}

// IsSuspended reports whether token requests are stopped.
func (c *ClientCredential) IsSuspended() bool {
	return c.Spec.Suspend != nil && *c.Spec.Suspend
}
