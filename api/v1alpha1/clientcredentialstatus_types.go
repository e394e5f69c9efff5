package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// ClientCredentialStatus is the observed state of a ClientCredential.
type ClientCredentialStatus struct {
	// observedGeneration is the metadata.generation that this status describes. It is -1
	// until the operator has observed the object.
	// +optional
	// +kubebuilder:validation:Minimum=-1
	ObservedGeneration *int64 `json:"observedGeneration,omitempty"`

	// conditions are the conditions of this object: Ready, Reconciling, Stalled,
	// RenewalFailing and LifetimeUnknown. LifetimeUnknown means that the operator assumes
	// the expiry of the token, because it cannot read the lifetime.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// token describes the token in the Secret. It does not contain the token itself.
	// +optional
	Token *TokenStatus `json:"token,omitempty"`

	// failure describes failed attempts to get a token. It is absent while nothing fails.
	// +optional
	Failure *FailureStatus `json:"failure,omitempty"`

	// lastHandledRenewRequest is the last value of the annotation
	// oauth2.tokensync.dev/renew-requested-at that the operator has handled.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	LastHandledRenewRequest string `json:"lastHandledRenewRequest,omitempty"`
}

// TokenStatus describes a token. It does not contain the token itself.
type TokenStatus struct {
	// secretName is the name of the Secret that holds the token.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	SecretName string `json:"secretName,omitempty"`

	// issuedAt is the time at which the request for the token was sent.
	// +required
	IssuedAt metav1.Time `json:"issuedAt,omitzero"`

	// expiresAt is the time at which the token expires.
	// +required
	ExpiresAt metav1.Time `json:"expiresAt,omitzero"`

	// expirySource is the source of expiresAt. Server: the token response or the token
	// states it. Assumed: neither states it for certain. It is absent for a token that an
	// older version of the operator requested.
	// +optional
	ExpirySource ExpirySource `json:"expirySource,omitempty"`

	// renewAt is the time at which the token is renewed, unless renewal is suspended.
	// +required
	RenewAt metav1.Time `json:"renewAt,omitzero"`

	// renewRequest is the value of the annotation oauth2.tokensync.dev/renew-requested-at
	// when the token was requested.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	RenewRequest string `json:"renewRequest,omitempty"`

	// scope is the granted scope, if the authorization server returns it.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=4096
	Scope string `json:"scope,omitempty"`
}

// ExpirySource is the source of the expiry of a token.
// +kubebuilder:validation:Enum=Server;Assumed
type ExpirySource string

const (
	ExpiryFromServer ExpirySource = "Server"
	ExpiryAssumed    ExpirySource = "Assumed"
)

// FailureClass is the class of a failure. It determines whether the failure may resolve
// itself, and when the operator retries.
// +kubebuilder:validation:Enum=Unavailable;MayPass;CredentialsRefused;ObjectNotReady;Invalid
type FailureClass string

// ClassAttempts counts failed attempts of one class.
type ClassAttempts struct {
	// class of the failures.
	// +required
	Class FailureClass `json:"class,omitempty"`

	// attempts is the number of failed attempts of this class since the last success or change.
	// +required
	// +kubebuilder:validation:Minimum=1
	Attempts int32 `json:"attempts,omitempty"`
}

// FailureStatus describes failed attempts. It survives a restart of the operator, so a
// restart does not shorten the backoff.
type FailureStatus struct {
	// reason of the last failure. Conditions use the same reasons.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	Reason string `json:"reason,omitempty"`

	// message of the last failure.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=32768
	Message string `json:"message,omitempty"`

	// class of the last failure. Unavailable: the server cannot be reached or fails.
	// MayPass: the server refused the request, but the problem may be temporary.
	// CredentialsRefused: the server refused the credentials. ObjectNotReady: an object of
	// the cluster is missing or incomplete. Invalid: an object must be changed.
	// +optional
	Class FailureClass `json:"class,omitempty"`

	// attemptsByClass counts the failed attempts by class: each class has its own backoff.
	// +optional
	// +listType=map
	// +listMapKey=class
	// +kubebuilder:validation:MaxItems=5
	AttemptsByClass []ClassAttempts `json:"attemptsByClass,omitempty"`

	// attempts is the number of consecutive failed attempts.
	// +required
	// +kubebuilder:validation:Minimum=1
	Attempts int32 `json:"attempts,omitempty"`

	// lastAttemptAt is the time of the last attempt.
	// +required
	LastAttemptAt metav1.Time `json:"lastAttemptAt,omitzero"`

	// retryAt is the time of the next attempt. A renewal request, or a change that affects
	// the token request or the token Secret, triggers the attempt immediately, except
	// during the Retry-After of an outage. After 5 token requests in a row, the operator
	// waits at least 10 s before the next request.
	// +required
	RetryAt metav1.Time `json:"retryAt,omitzero"`

	// generation is the metadata.generation of the spec that the last attempt used.
	// +optional
	// +kubebuilder:validation:Minimum=1
	Generation int64 `json:"generation,omitempty"`

	// credentialsVersion is the resourceVersion of the credentials Secret that
	// the last attempt used.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	CredentialsVersion string `json:"credentialsVersion,omitempty"`

	// authorizationServerVersion is the UID and metadata.generation of the authorization
	// server that authorizationServerRef named at the last attempt.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	AuthorizationServerVersion string `json:"authorizationServerVersion,omitempty"`
}
