package v1alpha1

import corev1 "k8s.io/api/core/v1"

// TokenTarget configures the Secret that the token is written to.
// +kubebuilder:validation:MinProperties=1
type TokenTarget struct {
	// name of the Secret that the token is written to, in the namespace of the
	// ClientCredential. Default <metadata.name>-token. An existing Secret of that name that
	// does not belong to this ClientCredential is never changed, unless adopt allows it.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="!format.dns1123Subdomain().validate(self).hasValue()",message="target.name must be a valid name for a Secret: lower-case letters, digits, '-' and '.'"
	// +kubebuilder:validation:XValidation:rule="!self.startsWith('sh.helm.release.')",message="Secrets called sh.helm.release.* are Helm's releases: set another name"
	Name string `json:"name,omitempty"`

	// template sets the type, the metadata and the additional data of the token Secret.
	// +optional
	Template *TokenSecretTemplate `json:"template,omitempty"`

	// adopt takes over an existing Secret. The Secret must have the type of the template,
	// and the annotation oauth2.tokensync.dev/adoptable-by with the name of this
	// ClientCredential. It must have no controller and must not be immutable. Its other
	// keys, labels and annotations stay. From then on it belongs to this ClientCredential,
	// and deletionPolicy applies to it.
	// +optional
	Adopt *bool `json:"adopt,omitempty"`

	// deletionPolicy decides what happens to the token Secret when the ClientCredential is
	// deleted or names another target. Delete (the default) deletes it. Retain keeps it,
	// with a token that is not renewed. A later ClientCredential of the same name takes
	// over a retained Secret.
	// +optional
	DeletionPolicy DeletionPolicy `json:"deletionPolicy,omitempty"`
}

// DeletionPolicy decides what happens to a token Secret that its ClientCredential no longer
// needs.
// +kubebuilder:validation:Enum=Delete;Retain
type DeletionPolicy string

// The deletion policies.
const (
	DeletionPolicyDelete DeletionPolicy = "Delete"
	DeletionPolicyRetain DeletionPolicy = "Retain"
)

// TokenSecretTemplate holds the type, the metadata and the additional data of a token
// Secret.
// +kubebuilder:validation:MinProperties=1
// +kubebuilder:validation:XValidation:rule="!has(self.type) || self.type != 'kubernetes.io/dockerconfigjson' || (has(self.data) && '.dockerconfigjson' in self.data)",message="a Secret of type kubernetes.io/dockerconfigjson needs the key .dockerconfigjson: set template.data"
// +kubebuilder:validation:XValidation:rule="!has(self.type) || self.type != 'kubernetes.io/basic-auth' || (has(self.data) && ('username' in self.data || 'password' in self.data))",message="a Secret of type kubernetes.io/basic-auth needs the key username or password: set template.data"
type TokenSecretTemplate struct {
	// type of the token Secret. Default Opaque. Types with a special meaning are not
	// allowed: a service account's token, a bootstrap token, a Helm release. If the type
	// changes, the Secret is deleted and created again with the same token.
	// +optional
	Type TokenSecretType `json:"type,omitempty"`

	// metadata of the token Secret.
	// +optional
	Metadata *TokenSecretMetadata `json:"metadata,omitempty"`

	// data are additional keys of the token Secret. Each value is a Go template over the
	// other keys: access_token, token_type, expires_at and the keys of response.fields. It
	// can also use issued_at, expires_at_unix (seconds), scope and client_id. For example,
	// {"header": "Authorization: Bearer {{ .access_token }}"} writes a header to a file.
	// See docs/templates.md for the functions. The result of a template is at most 64 KiB.
	// +optional
	// +kubebuilder:validation:MinProperties=1
	// +kubebuilder:validation:MaxProperties=16
	// +kubebuilder:validation:XValidation:rule="self.all(k, k.size() <= 253 && k.matches('^[-._a-zA-Z0-9]+$') && k != '.' && !k.startsWith('..'))",message="a key of template.data is letters, digits, '-', '_' and '.', at most 253 of them"
	// +kubebuilder:validation:XValidation:rule="self.all(k, !(k in ['access_token', 'token_type', 'expires_at']))",message="template.data cannot replace access_token, token_type or expires_at: choose another key"
	// +kubebuilder:validation:XValidation:rule="self.all(k, self[k].size() <= 16384)",message="a template of template.data has at most 16384 characters"
	Data map[string]string `json:"data,omitempty"`
}

// TokenSecretType is a type that a token Secret may have.
// +kubebuilder:validation:Enum=Opaque;kubernetes.io/basic-auth;kubernetes.io/dockerconfigjson
type TokenSecretType string

// TokenSecretTypes are all types that a token Secret may have.
var TokenSecretTypes = []TokenSecretType{
	TokenSecretType(corev1.SecretTypeOpaque),
	TokenSecretType(corev1.SecretTypeBasicAuth),
	TokenSecretType(corev1.SecretTypeDockerConfigJson),
}

// TokenSecretMetadata are labels and annotations of a token Secret.
// +kubebuilder:validation:MinProperties=1
type TokenSecretMetadata struct {
	// labels of the token Secret. With oauth2.tokensync.dev/usage=client-credential, the
	// Secret can be the credentials Secret of another ClientCredential. With
	// argocd.argoproj.io/secret-type=repository or repo-creds, Argo CD uses it as
	// credentials of a repository.
	// +optional
	// +kubebuilder:validation:MinProperties=1
	// +kubebuilder:validation:MaxProperties=32
	// +kubebuilder:validation:XValidation:rule="self.all(k, !format.qualifiedName().validate(k).hasValue() && self[k].size() <= 63)",message="labels must have the form of Kubernetes labels: names and values of letters, digits, '-', '_' and '.'"
	// +kubebuilder:validation:XValidation:rule="!('owner' in self) || self['owner'] != 'helm'",message="the label owner=helm marks Helm releases: remove it"
	// +kubebuilder:validation:XValidation:rule="self.all(k, k == 'oauth2.tokensync.dev/usage' || (k == 'argocd.argoproj.io/secret-type' && self[k] in ['repository', 'repo-creds']) || k.matches('^app[.]kubernetes[.]io/(name|component|part-of|version)$') || !k.matches('^([^/]*[.-])?(kubernetes[.]io|k8s[.]io|tokensync[.]dev|argoproj[.]io|fluxcd[.]io|helm[.]sh)/'))",message="labels of kubernetes.io, k8s.io, tokensync.dev, argoproj.io, fluxcd.io and helm.sh are reserved: use another prefix; app.kubernetes.io/name, component, part-of and version may be set, and argocd.argoproj.io/secret-type to repository or repo-creds"
	Labels map[string]string `json:"labels,omitempty"`

	// annotations of the token Secret.
	// +optional
	// +kubebuilder:validation:MinProperties=1
	// +kubebuilder:validation:MaxProperties=32
	// +kubebuilder:validation:XValidation:rule="self.all(k, !format.qualifiedName().validate(k).hasValue() && self[k].size() <= 4096)",message="annotations must have the form of Kubernetes annotations, and values of at most 4096 characters"
	// +kubebuilder:validation:XValidation:rule="self.all(k, !k.matches('^([^/]*[.-])?(kubernetes[.]io|k8s[.]io|tokensync[.]dev|argoproj[.]io|fluxcd[.]io|helm[.]sh)/'))",message="annotations of kubernetes.io, k8s.io, tokensync.dev, argoproj.io, fluxcd.io and helm.sh are reserved: use another prefix"
	Annotations map[string]string `json:"annotations,omitempty"`
}
