package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// ClientCredentialStatus is what the operator observed and did.
type ClientCredentialStatus struct {
	// observedGeneration is the metadata.generation that this status is about;
	// -1 before the operator has seen the object.
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

	// issuedAt is when the request for the token was sent.
	// +required
	IssuedAt metav1.Time `json:"issuedAt,omitzero"`

	// expiresAt is when the token expires.
	// +required
	ExpiresAt metav1.Time `json:"expiresAt,omitzero"`

	// expirySource is where expiresAt comes from. Server: the token response or the token
	// states it. Assumed: neither states it for certain. It is absent for a token that an
	// older version of the operator requested.
	// +optional
	ExpirySource ExpirySource `json:"expirySource,omitempty"`

	// renewAt is when the token is renewed, unless renewal is suspended.
	// +required
	RenewAt metav1.Time `json:"renewAt,omitzero"`

	// renewRequest is the value of the annotation oauth2.tokensync.dev/renew-requested-at
	// when the token was requested.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	RenewRequest string `json:"renewRequest,omitempty"`

	// scope that was granted, if the authorization server returns it.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=4096
	Scope string `json:"scope,omitempty"`
}

// ExpirySource is where the expiry of a token comes from.
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
	// reason of the last failure, one of the reasons of the conditions.
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
	// MayPass: it refused the request in a way that may be temporary.
	// CredentialsRefused: it refused the credentials. ObjectNotReady: an object of the
	// cluster is missing or incomplete. Invalid: an object must be changed.
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

	// lastAttemptAt is when the last attempt was made.
	// +required
	LastAttemptAt metav1.Time `json:"lastAttemptAt,omitzero"`

	// retryAt is when the next attempt is made. A request to renew, and a change that affects
	// the token request or the token Secret, trigger it immediately, except during a Retry-After
	// after an outage. After 5 token requests in a row, the next one is sent after 10 s at the
	// earliest.
	// +required
	RetryAt metav1.Time `json:"retryAt,omitzero"`

	// generation is the metadata.generation of the spec that the last attempt was
	// made for.
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
