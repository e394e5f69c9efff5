package v1alpha1

// AuthorizationServerKind is a kind of object that declares an authorization server.
// +kubebuilder:validation:Enum=AuthorizationServer;ClusterAuthorizationServer
type AuthorizationServerKind string

const (
	// AuthorizationServerNamespaced is an AuthorizationServer of the same namespace.
	AuthorizationServerNamespaced AuthorizationServerKind = "AuthorizationServer"
	// AuthorizationServerCluster is a ClusterAuthorizationServer.
	AuthorizationServerCluster AuthorizationServerKind = "ClusterAuthorizationServer"
)

// AuthorizationServerReference names an authorization server.
type AuthorizationServerReference struct {
	// kind is AuthorizationServer (the default), of the same namespace, or
	// ClusterAuthorizationServer.
	// +optional
	Kind AuthorizationServerKind `json:"kind,omitempty"`

	// name of the object.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="!format.dns1123Subdomain().validate(self).hasValue()",message="authorizationServerRef.name must be the name of an object: lower-case letters, digits, '-' and '.'"
	Name string `json:"name,omitempty"`
}

// CredentialsReference names the Secret that holds a client's credentials.
type CredentialsReference struct {
	// name of the Secret, in the namespace of the ClientCredential.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="!format.dns1123Subdomain().validate(self).hasValue()",message="credentialsRef.name must be the name of a Secret of this namespace: lower-case letters, digits, '-' and '.'"
	Name string `json:"name,omitempty"`

	// clientIDKey is the key of the Secret that holds the client ID. Default
	// client_id. It is not read if spec.clientID is set.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[-._a-zA-Z0-9]+$')",message="clientIDKey must be a key of a Secret: letters, digits, '-', '_' and '.'"
	ClientIDKey string `json:"clientIDKey,omitempty"`

	// clientSecretKey is the key of the Secret that holds the client secret.
	// Default client_secret. It is not read if the client authentication needs no secret.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[-._a-zA-Z0-9]+$')",message="clientSecretKey must be a key of a Secret: letters, digits, '-', '_' and '.'"
	ClientSecretKey string `json:"clientSecretKey,omitempty"`

	// privateKeyKey is the key of the Secret that holds the private key, in PEM or
	// as a JWK. Default private_key. It is read only if a JWT is signed with it.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[-._a-zA-Z0-9]+$')",message="privateKeyKey must be a key of a Secret: letters, digits, '-', '_' and '.'"
	PrivateKeyKey string `json:"privateKeyKey,omitempty"`
}
