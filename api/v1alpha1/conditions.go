package v1alpha1

import (
	"slices"
	"strings"
)

// Types of the conditions of a ClientCredential. They follow kstatus: Ready is
// always present, the other conditions only while they are True.
const (
	// ReadyCondition is True while the Secret holds an unexpired token that
	// matches the spec.
	ReadyCondition = "Ready"
	// ReconcilingCondition surfaces when the Secret does not yet hold an unexpired token that matches the
	// spec, and the operator retries by itself.
	ReconcilingCondition = "Reconciling"
	// StalledCondition surfaces when a person must change something. Its message states the change.
	StalledCondition = "Stalled"
	// RenewalFailingCondition surfaces when the ClientCredential is still Ready, but the last attempt to
	// renew its token failed, or the next attempt cannot be made.
	RenewalFailingCondition = "RenewalFailing"
	// LifetimeUnknownCondition surfaces when the token response states a lifetime that the operator
	// cannot read, so that it assumes the expiry.
	LifetimeUnknownCondition = "LifetimeUnknown"
)

// Reasons of LifetimeUnknown.
const (
	// ReasonLifetimeUnreadable surfaces when the token response states a lifetime in a format that the
	// operator does not know. The assumed lifetime is the smaller of defaultTokenLifetime and one hour.
	ReasonLifetimeUnreadable = "LifetimeUnreadable"
)

// Reasons of Ready while it is True.
const (
	// ReasonTokenIssued surfaces when the Secret holds a token and its renewal
	// is planned.
	ReasonTokenIssued = "TokenIssued"
	// ReasonSuspended surfaces when spec.suspend stops all token requests.
	ReasonSuspended = "Suspended"
)

// Reasons that only an AuthorizationServer or ClusterAuthorizationServer has. Its other reasons are also
// reasons of its ClientCredentials.
const (
	// ReasonUsable surfaces when token requests can be sent to the server.
	ReasonUsable = "Usable"
)

// Reasons that are caused by objects of the cluster. A person must change something.
const (
	// ReasonProfileUnknown surfaces when spec.authorizationServer.profile names a profile that this version
	// does not have.
	ReasonProfileUnknown = "ProfileUnknown"
	// ReasonAuthorizationServerInvalid surfaces when the declaration of the authorization server
	// contradicts itself or has an invalid value, such as a template with an unknown function.
	ReasonAuthorizationServerInvalid = "AuthorizationServerInvalid"
	// ReasonSpecTooLarge surfaces when a ClientCredential or its authorization server is too large: the
	// JSON of its spec and finalizers exceeds 64 KiB.
	ReasonSpecTooLarge = "SpecTooLarge"
	// ReasonAuthorizationServerNotFound surfaces when the object that spec.authorizationServerRef names
	// does not exist.
	ReasonAuthorizationServerNotFound = "AuthorizationServerNotFound"
	// ReasonAuthorizationServerNotAllowed surfaces when the ClusterAuthorizationServer does not allow
	// this namespace, or when the operator was started with --namespaces and so uses no
	// ClusterAuthorizationServers.
	ReasonAuthorizationServerNotAllowed = "AuthorizationServerNotAllowed"
	// ReasonInlineAuthorizationServerForbidden surfaces when spec.authorizationServer is set, but the
	// operator was started with --allow-inline-authorization-servers=false.
	ReasonInlineAuthorizationServerForbidden = "InlineAuthorizationServerForbidden"
	// ReasonServiceAccountNotFound surfaces when the ServiceAccount whose token authenticates the
	// client does not exist.
	ReasonServiceAccountNotFound = "ServiceAccountNotFound"
	// ReasonServiceAccountNotLabelled surfaces when the ServiceAccount lacks the label that allows its use.
	ReasonServiceAccountNotLabelled = "ServiceAccountNotLabelled"
	// ReasonServiceAccountTokenRefused surfaces when the API server issues no token for the ServiceAccount,
	// or accepts that token itself, or does not report whether it does.
	ReasonServiceAccountTokenRefused = "ServiceAccountTokenRefused"
	// ReasonTokenEndpointMissing surfaces when neither the spec nor the profile has a token endpoint or an
	// issuer, or when the URL is not absolute.
	ReasonTokenEndpointMissing = "TokenEndpointMissing"
	// ReasonCredentialsNotFound surfaces when the credentials Secret does not exist.
	ReasonCredentialsNotFound = "CredentialsNotFound"
	// ReasonCredentialsNotLabelled surfaces when the credentials Secret lacks the
	// label that allows its use.
	ReasonCredentialsNotLabelled = "CredentialsNotLabelled"
	// ReasonCredentialsMissing surfaces when no object provides a value that the token request needs, such as
	// the client ID or the client secret.
	ReasonCredentialsMissing = "CredentialsMissing"
	// ReasonCredentialsInvalid surfaces when a value of the credentials Secret cannot be used: it is
	// empty, has control characters, or is not the private key or certificate that is needed.
	ReasonCredentialsInvalid = "CredentialsInvalid"
	// ReasonCABundleUnusable surfaces when the certificates that authorizationServer.tls.caBundleRef names
	// do not exist or cannot be used.
	ReasonCABundleUnusable = "CABundleUnusable"
	// ReasonTargetTemplateInvalid surfaces when spec.target.template cannot be rendered, or sets a reserved
	// type, label or annotation. The last valid Secret stays.
	ReasonTargetTemplateInvalid = "TargetTemplateInvalid"
	// ReasonTargetConflict surfaces when the target Secret exists and has another owner, when it cannot be
	// adopted, when it is being deleted and waits for a finalizer, or when another ClientCredential with the
	// same target takes precedence.
	ReasonTargetConflict = "TargetConflict"
	// ReasonAPIRequestFailed surfaces when the API server fails or refuses a request that the operator needs,
	// such as a read of the credentials Secret or of the CA bundle, or the addition of the finalizer.
	ReasonAPIRequestFailed = "APIRequestFailed"
	// ReasonTargetContested surfaces when another client of the API server keeps changing or deleting
	// the target Secret. After three repairs, the operator repairs it every five minutes.
	ReasonTargetContested = "TargetContested"
)

// Reasons that concern the connection to the token endpoint, or its availability.
const (
	// ReasonTokenEndpointInsecure surfaces when the token endpoint does not use https, and the operator does
	// not allow http.
	ReasonTokenEndpointInsecure = "TokenEndpointInsecure"
	// ReasonAddressDenied surfaces when the token endpoint resolves to an address
	// that the operator must not connect to.
	ReasonAddressDenied = "AddressDenied"
	// ReasonDiscoveryFailed surfaces when the issuer's metadata cannot be found or used, or names a different
	// issuer.
	ReasonDiscoveryFailed = "DiscoveryFailed"
	// ReasonTokenEndpointUnreachable surfaces when the operator cannot connect to the token endpoint.
	ReasonTokenEndpointUnreachable = "TokenEndpointUnreachable"
	// ReasonTLSFailed surfaces when the TLS handshake with the token endpoint fails.
	ReasonTLSFailed = "TLSFailed"
	// ReasonTimeout surfaces when the token endpoint does not answer in time.
	ReasonTimeout = "Timeout"
	// ReasonRedirectRefused surfaces when the token endpoint redirects: the operator never sends
	// credentials to another URL.
	ReasonRedirectRefused = "RedirectRefused"
	// ReasonTokenEndpointBusy surfaces when there is no valid token, and its request waits because too many
	// requests to the same host or from the same namespace are in flight. It also surfaces if the namespace
	// uses too many different CA bundles at a time.
	ReasonTokenEndpointBusy = "TokenEndpointBusy"
	// ReasonServerError surfaces when the token endpoint answers 408, 425, 5xx, server_error or
	// temporarily_unavailable.
	ReasonServerError = "ServerError"
	// ReasonRateLimited surfaces when the token endpoint answers 429 or slow_down. It also surfaces when
	// there is no valid token, and its request waits for a rate limit, for a Retry-After, or because edits or
	// renew requests led to too many token requests. The last two also surface when a requested renewal waits
	// for them, even if there is a valid token.
	ReasonRateLimited = "RateLimited"
)

// Reasons that are caused by the response of the token endpoint: the error codes of RFC 6749
// section 5.2 and RFC 8707, and failures without such a code.
const (
	// ReasonInvalidClient surfaces on invalid_client, on 401 without a known code, and on the errors and
	// statuses in response.credentialErrors and response.credentialStatuses.
	ReasonInvalidClient = "InvalidClient"
	// ReasonUnauthorizedClient surfaces on unauthorized_client or access_denied.
	ReasonUnauthorizedClient = "UnauthorizedClient"
	// ReasonUnsupportedGrantType surfaces on unsupported_grant_type.
	ReasonUnsupportedGrantType = "UnsupportedGrantType"
	// ReasonInvalidGrant surfaces on invalid_grant.
	ReasonInvalidGrant = "InvalidGrant"
	// ReasonInvalidScope surfaces on invalid_scope.
	ReasonInvalidScope = "InvalidScope"
	// ReasonInvalidRequest surfaces on invalid_request.
	ReasonInvalidRequest = "InvalidRequest"
	// ReasonInvalidTarget surfaces on invalid_target (RFC 8707).
	ReasonInvalidTarget = "InvalidTarget"
	// ReasonRequestRefused surfaces on any other refusal.
	ReasonRequestRefused = "RequestRefused"
	// ReasonInvalidResponse surfaces when the response holds no usable token: it is not JSON, has no
	// token, or has a token with control characters.
	ReasonInvalidResponse = "InvalidResponse"
	// ReasonTokenExpired surfaces when the response holds a token that has already expired, or when the
	// token expired and has not been renewed.
	ReasonTokenExpired = "TokenExpired"
	// ReasonTokenMissing surfaces when the Secret lost its token, or the spec needs another token, and
	// the operator is still verifying or requesting it.
	ReasonTokenMissing = "TokenMissing"
	// ReasonTokenTypeUnsupported surfaces when the token is bound to a key that the operator does not have,
	// or when the server requires such a token: DPoP, PoP, MAC.
	ReasonTokenTypeUnsupported = "TokenTypeUnsupported"
)

// Reasons that are caused by a failed write of the token Secret.
const (
	// ReasonSecretWriteFailed surfaces when the API server refuses or fails to write the token Secret. The
	// operator remembers the token and writes it later.
	ReasonSecretWriteFailed = "SecretWriteFailed"
)

// Reasons of events that are not the reason of a condition.
const (
	// EventRecovered surfaces when a failure is over.
	EventRecovered = "Recovered"
	// EventTokenRevoked surfaces when the token of a deleted ClientCredential was
	// revoked.
	EventTokenRevoked = "TokenRevoked"
	// EventRevocationFailed surfaces when a ClientCredential is deleted although its
	// token could not be revoked.
	EventRevocationFailed = "RevocationFailed"
	// EventCredentialsTrimmed surfaces when new credentials hold a byte order mark
	// or a trailing newline, which is not sent.
	EventCredentialsTrimmed = "CredentialsTrimmed"
	// EventResponseFieldMissing surfaces when the response lacks a value of
	// response.fields.
	EventResponseFieldMissing = "ResponseFieldMissing"
	// EventScopeDiffers surfaces when the granted scopes differ from spec.scopes.
	EventScopeDiffers = "ScopeDiffers"
	// EventTokenBound surfaces when the token is a JWT that is bound to a certificate or key (claim
	// cnf): an API accepts it only together with that certificate or key.
	EventTokenBound = "TokenBound"
	// EventRevocationEndpointMissing surfaces when the token must be revoked on deletion, but the metadata of
	// the server has no revocation endpoint.
	EventRevocationEndpointMissing = "RevocationEndpointMissing"
	// EventLifetimeAssumed surfaces when the response states no lifetime, and the token is not a JWT with a
	// lifetime.
	EventLifetimeAssumed = "LifetimeAssumed"
	// EventLifetimeShort surfaces when tokens expire too soon for the kubelet to update a running Pod
	// in time.
	EventLifetimeShort = "LifetimeShort"
)

// ReasonFacts says what follows from a reason of a condition. It is not part of the API.
// +kubebuilder:object:generate=false
type ReasonFacts struct {
	// Fields are the fields to check when a token request fails with the reason, the likeliest first. It is nil
	// if no token request fails with the reason.
	//
	// A field is a path in the ClientCredential. {server} is the declaration of the authorization server,
	// {endpoint} its URL, {secret} the credentials Secret, {credentials} the keys in it that authenticate
	// the client, and {label} the label that allows its use. A name with leading dashes is a flag of the
	// operator.
	Fields []string
	// Command has the arguments of the kubectl command that fixes the problem or shows its cause; empty if there
	// is none. {usageLabel} is the label that allows the use of an object, with its value.
	Command string
	// IsUnsent is true if the problem is found before anything is sent to the token endpoint.
	IsUnsent bool
	// IsServerDown is true if an unavailable server with this reason fails for every request.
	IsServerDown bool
	// IsQueued is true if the reason may mean that the request waits behind other requests.
	IsQueued bool
	// IsRequested is true if the reason may mean that the operator verifies or requests a token by itself.
	IsRequested bool
}

// DependsOnFlag reports whether a flag of the operator may allow what failed.
func (r ReasonFacts) DependsOnFlag() bool {
	return slices.ContainsFunc(r.Fields, func(field string) bool { return strings.HasPrefix(field, "--") })
}

// Reasons maps the reasons of conditions to what follows from them.
var Reasons = map[string]ReasonFacts{
	ReasonTokenIssued: {},
	ReasonSuspended:   {},

	ReasonUsable: {},

	ReasonLifetimeUnreadable: {},

	ReasonProfileUnknown:                     {Fields: []string{"{server}.profile"}},
	ReasonAuthorizationServerInvalid:         {Fields: []string{"{server}"}},
	ReasonSpecTooLarge:                       {Fields: []string{"{server}", "spec"}},
	ReasonAuthorizationServerNotFound:        {Fields: []string{"spec.authorizationServerRef"}},
	ReasonAuthorizationServerNotAllowed:      {Fields: []string{"{server}.allowedNamespaces", "spec.authorizationServerRef"}},
	ReasonInlineAuthorizationServerForbidden: {},
	ReasonServiceAccountNotFound:             {Fields: []string{"spec.serviceAccountName"}, Command: "create serviceaccount {serviceAccountName}"},
	ReasonServiceAccountNotLabelled:          {Fields: []string{"the ServiceAccount: {label}"}, Command: "label serviceaccount {serviceAccountName} {usageLabel}"},
	ReasonServiceAccountTokenRefused:         {Fields: []string{"{server}.clientAuthentication.assertion.serviceAccountToken.audience", "spec.serviceAccountName"}},
	ReasonTokenEndpointMissing:               {Fields: []string{"{server}.tokenEndpoint"}, IsUnsent: true},
	ReasonCredentialsNotFound:                {Fields: []string{"spec.credentialsRef.name"}},
	ReasonCredentialsNotLabelled:             {Fields: []string{"{secret}: {label}"}, Command: "label secret {credentialsName} {usageLabel}"},
	ReasonCredentialsMissing:                 {Fields: []string{"spec.credentialsRef", "{secret}: data", "{server}.clientAuthentication.method"}},
	ReasonCredentialsInvalid:                 {Fields: []string{"{secret}: data"}},
	ReasonCABundleUnusable:                   {Fields: []string{"{server}.tls.caBundleRef"}},
	ReasonTargetTemplateInvalid:              {Fields: []string{"spec.target.template"}},
	ReasonTargetConflict:                     {},
	ReasonAPIRequestFailed:                   {},
	ReasonTargetContested: {
		// Show the writers of the Secret, not its data.
		Command: `get secret {targetName} --show-managed-fields --output=jsonpath='{range .metadata.managedFields[*]}{.manager} {.operation} {.time}{"\n"}{end}'`,
	},

	ReasonTokenEndpointInsecure:    {Fields: []string{"{endpoint}", "--allow-http"}, IsUnsent: true},
	ReasonAddressDenied:            {Fields: []string{"{endpoint}", "--allowed-cidrs"}, IsUnsent: true},
	ReasonDiscoveryFailed:          {Fields: []string{"{server}.issuer"}},
	ReasonTokenEndpointUnreachable: {Fields: []string{"{endpoint}"}, IsServerDown: true},
	ReasonTLSFailed:                {Fields: []string{"{server}.tls.caBundleRef", "{endpoint}"}, IsServerDown: true},
	ReasonTimeout:                  {Fields: []string{"{endpoint}"}, IsServerDown: true},
	ReasonRedirectRefused:          {Fields: []string{"{endpoint}"}},
	ReasonTokenEndpointBusy:        {IsQueued: true},
	ReasonServerError:              {Fields: []string{"{endpoint}", "{server}.request"}, IsServerDown: true},
	ReasonRateLimited:              {Fields: []string{"{server}.rateLimit"}, IsQueued: true},

	ReasonInvalidClient:        {Fields: []string{"{credentials}", "{server}.clientAuthentication.method"}},
	ReasonUnauthorizedClient:   {Fields: []string{"{server}.request.grantType", "{credentials}"}},
	ReasonUnsupportedGrantType: {Fields: []string{"{server}.request.grantType"}},
	ReasonInvalidGrant:         {Fields: []string{"{server}.request.grantType", "{server}.request.assertion"}},
	ReasonInvalidScope:         {Fields: []string{"spec.scopes"}},
	ReasonInvalidRequest:       {Fields: []string{"{server}.profile", "{server}.request"}},
	ReasonInvalidTarget:        {Fields: []string{"spec.audience", "spec.resources"}},
	ReasonRequestRefused:       {Fields: []string{"{endpoint}", "{server}.profile", "{server}.request"}},
	ReasonInvalidResponse:      {Fields: []string{"{server}.response.accessToken", "{server}.profile", "{endpoint}"}},
	ReasonTokenExpired:         {Fields: []string{"{server}.response.expiresIn", "{server}.response.expiresAt", "{server}.defaultTokenLifetime"}, IsRequested: true},
	ReasonTokenMissing:         {IsRequested: true},
	ReasonTokenTypeUnsupported: {Fields: []string{"{server}.response.tokenType", "{server}.request"}},

	ReasonSecretWriteFailed: {},
}
