package v1alpha1

// TokenTarget says where the token is written.
// +kubebuilder:validation:MinProperties=1
type TokenTarget struct {
	// name of the Secret that the token is written to, in the namespace of the
	// ClientCredential. Default <metadata.name>-token. A Secret of that name which
	// exists and does not belong to this ClientCredential is never touched.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="!format.dns1123Subdomain().validate(self).hasValue()",message="target.name must be a valid name for a Secret: lower-case letters, digits, '-' and '.'"
	Name string `json:"name,omitempty"`

	// template says what else the token Secret has.
	// +optional
	Template *TokenSecretTemplate `json:"template,omitempty"`
}

// TokenSecretTemplate says what a token Secret has besides the token.
// +kubebuilder:validation:MinProperties=1
type TokenSecretTemplate struct {
	// metadata of the token Secret.
	// +optional
	Metadata *TokenSecretMetadata `json:"metadata,omitempty"`
}

// TokenSecretMetadata are labels and annotations of a token Secret.
// +kubebuilder:validation:MinProperties=1
type TokenSecretMetadata struct {
	// labels of the token Secret. With oauth2.tokensync.dev/usage=client-credential
	// it can be the credentials Secret of another ClientCredential.
	// +optional
	// +kubebuilder:validation:MinProperties=1
	// +kubebuilder:validation:MaxProperties=32
	// +kubebuilder:validation:XValidation:rule="self.all(k, !format.qualifiedName().validate(k).hasValue() && self[k].size() <= 63)",message="labels must have the form of Kubernetes labels: names and values of letters, digits, '-', '_' and '.'"
	// +kubebuilder:validation:XValidation:rule="self.all(k, k == 'oauth2.tokensync.dev/usage' || !k.matches('^([^/]*[.])?(kubernetes[.]io|k8s[.]io|tokensync[.]dev|argoproj[.]io|fluxcd[.]io|helm[.]sh)/'))",message="labels of kubernetes.io, k8s.io, tokensync.dev, argoproj.io, fluxcd.io and helm.sh are for those alone"
	Labels map[string]string `json:"labels,omitempty"`

	// annotations of the token Secret.
	// +optional
	// +kubebuilder:validation:MinProperties=1
	// +kubebuilder:validation:MaxProperties=32
	// +kubebuilder:validation:XValidation:rule="self.all(k, !format.qualifiedName().validate(k).hasValue() && self[k].size() <= 4096)",message="annotations must have names of the form of Kubernetes, and values of no more than 4096 characters"
	// +kubebuilder:validation:XValidation:rule="self.all(k, !k.matches('^([^/]*[.])?(kubernetes[.]io|k8s[.]io|tokensync[.]dev|argoproj[.]io|fluxcd[.]io|helm[.]sh)/'))",message="annotations of kubernetes.io, k8s.io, tokensync.dev, argoproj.io, fluxcd.io and helm.sh are for those alone"
	Annotations map[string]string `json:"annotations,omitempty"`
}
