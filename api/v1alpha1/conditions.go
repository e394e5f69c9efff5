package v1alpha1

// Types of the conditions of a ClientCredential. They follow kstatus: Ready is
// always there, the others only while they are True.
const (
	// ReadyCondition is True while the Secret holds an unexpired token that
	// matches the spec.
	ReadyCondition = "Ready"
	// ReconcilingCondition surfaces when there is no such token yet and the
	// operator retries by itself.
	ReconcilingCondition = "Reconciling"
	// StalledCondition surfaces when someone must change something; its message
	// says what.
	StalledCondition = "Stalled"
	// RenewalFailingCondition surfaces when the ClientCredential is still Ready,
	// but the last attempt to renew its token failed, or the next one cannot
	// be made.
	RenewalFailingCondition = "RenewalFailing"
	// LifetimeUnknownCondition surfaces when the token response has a value for the
	// lifetime that the operator cannot read, so that the expiry is assumed.
	LifetimeUnknownCondition = "LifetimeUnknown"
)

// Reasons of LifetimeUnknown.
const (
	// ReasonLifetimeUnreadable surfaces when a value that should tell the lifetime has
	// a notation that the operator does not know. The assumed lifetime is the smaller
	// of defaultTokenLifetime and one hour.
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

// Reasons of an AuthorizationServer or ClusterAuthorizationServer, besides those
// that its ClientCredentials have.
const (
	// ReasonUsable surfaces when token requests can be made to the server.
	ReasonUsable = "Usable"
)

// Reasons that lie in the objects of the cluster. Someone must change something.
const (
	// ReasonProfileUnknown surfaces when spec.authorizationServer.profile names
	// no profile of this version.
	ReasonProfileUnknown = "ProfileUnknown"
	// ReasonAuthorizationServerInvalid surfaces when the declaration of the
	// authorization server contradicts itself or holds what cannot be understood,
	// such as a template with an unknown function.
	ReasonAuthorizationServerInvalid = "AuthorizationServerInvalid"
	// ReasonSpecTooLarge surfaces when the spec of the ClientCredential or of its
	// authorization server, and the finalizers there, have more than 64 KiB of JSON.
	ReasonSpecTooLarge = "SpecTooLarge"
	// ReasonAuthorizationServerNotFound surfaces when the object does not exist that
	// spec.authorizationServerRef names.
	ReasonAuthorizationServerNotFound = "AuthorizationServerNotFound"
	// ReasonAuthorizationServerNotAllowed surfaces when the ClusterAuthorizationServer
	// is not for this namespace, or the operator was started with --namespaces and
	// uses none.
	ReasonAuthorizationServerNotAllowed = "AuthorizationServerNotAllowed"
	// ReasonInlineAuthorizationServerForbidden surfaces when the operator was started
	// with --allow-inline-authorization-servers=false and the spec has one.
	ReasonInlineAuthorizationServerForbidden = "InlineAuthorizationServerForbidden"
	// ReasonServiceAccountNotFound surfaces when the ServiceAccount does not exist
	// whose token authenticates the client.
	ReasonServiceAccountNotFound = "ServiceAccountNotFound"
	// ReasonServiceAccountNotLabelled surfaces when that ServiceAccount lacks the
	// label that allows its use.
	ReasonServiceAccountNotLabelled = "ServiceAccountNotLabelled"
	// ReasonServiceAccountTokenRefused surfaces when the API server issues no token
	// of that ServiceAccount, or one that the cluster itself would accept.
	ReasonServiceAccountTokenRefused = "ServiceAccountTokenRefused"
	// ReasonTokenEndpointMissing surfaces when neither the spec nor the profile
	// knows the token endpoint.
	ReasonTokenEndpointMissing = "TokenEndpointMissing"
	// ReasonCredentialsNotFound surfaces when the credentials Secret does not exist.
	ReasonCredentialsNotFound = "CredentialsNotFound"
	// ReasonCredentialsNotLabelled surfaces when the credentials Secret lacks the
	// label that allows its use.
	ReasonCredentialsNotLabelled = "CredentialsNotLabelled"
	// ReasonCredentialsMissing surfaces when the client authentication needs a
	// client ID or secret that nothing provides.
	ReasonCredentialsMissing = "CredentialsMissing"
	// ReasonCredentialsInvalid surfaces when a value of the credentials Secret cannot
	// be used: it is empty, holds control characters, or is no private key or
	// certificate where one is needed.
	ReasonCredentialsInvalid = "CredentialsInvalid"
	// ReasonCABundleUnusable surfaces when the certificates that
	// authorizationServer.tls.caBundleRef names cannot be read.
	ReasonCABundleUnusable = "CABundleUnusable"
	// ReasonTargetTemplateInvalid surfaces when spec.target.template cannot be
	// rendered, or asks for a type, label or annotation that means something to the
	// cluster. The last good Secret stays.
	ReasonTargetTemplateInvalid = "TargetTemplateInvalid"
	// ReasonTargetConflict surfaces when the target Secret exists and belongs to
	// someone else, cannot be adopted, or another ClientCredential has the same target.
	ReasonTargetConflict = "TargetConflict"
	// ReasonAPIRequestFailed surfaces when the API server fails or refuses a request
	// that the operator needs, such as reading the credentials Secret or setting the
	// finalizer.
	ReasonAPIRequestFailed = "APIRequestFailed"
	// ReasonTargetContested surfaces when someone else keeps on changing or
	// deleting the target Secret. After three repairs it is repaired every five
	// minutes.
	ReasonTargetContested = "TargetContested"
)

// Reasons that lie on the way to the token endpoint.
const (
	// ReasonTokenEndpointInsecure surfaces when the token endpoint is not https
	// and the operator does not allow that.
	ReasonTokenEndpointInsecure = "TokenEndpointInsecure"
	// ReasonAddressDenied surfaces when the token endpoint resolves to an address
	// that the operator must not connect to.
	ReasonAddressDenied = "AddressDenied"
	// ReasonDiscoveryFailed surfaces when the issuer's metadata cannot be found, or is
	// not that of the issuer.
	ReasonDiscoveryFailed = "DiscoveryFailed"
	// ReasonTokenEndpointUnreachable surfaces when no connection comes about.
	ReasonTokenEndpointUnreachable = "TokenEndpointUnreachable"
	// ReasonTLSFailed surfaces when the TLS handshake with the token endpoint fails.
	ReasonTLSFailed = "TLSFailed"
	// ReasonTimeout surfaces when the token endpoint does not answer in time.
	ReasonTimeout = "Timeout"
	// ReasonRedirectRefused surfaces when the token endpoint redirects:
	// credentials are never sent elsewhere.
	ReasonRedirectRefused = "RedirectRefused"
	// ReasonTokenEndpointBusy surfaces when the token expired while too many other
	// requests to the same host, or of the same namespace, are under way, or while the namespace
	// uses too many different CA bundles at a time.
	ReasonTokenEndpointBusy = "TokenEndpointBusy"
	// ReasonServerError surfaces when the token endpoint answers 5xx,
	// server_error or temporarily_unavailable.
	ReasonServerError = "ServerError"
	// ReasonRateLimited surfaces when the token endpoint answers 429, and when the
	// token expired while it waits for its turn under a rate limit.
	ReasonRateLimited = "RateLimited"
)

// Reasons that the token endpoint gives: the error codes of RFC 6749 section 5.2
// and RFC 8707, and what takes their place.
const (
	// ReasonInvalidClient surfaces on invalid_client, or 401 without a known code.
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
	// ReasonInvalidResponse surfaces when the answer holds no token that can be
	// used: no JSON, no token, a token with control characters.
	ReasonInvalidResponse = "InvalidResponse"
	// ReasonTokenExpired surfaces when the answer holds a token that has expired
	// already, or the token expired and has not been renewed.
	ReasonTokenExpired = "TokenExpired"
	// ReasonTokenMissing surfaces when the Secret lost its token, or the spec asks for
	// another one, and the operator is still verifying or requesting one.
	ReasonTokenMissing = "TokenMissing"
	// ReasonTokenTypeUnsupported surfaces when the token is bound to a key that
	// the operator does not have: DPoP, PoP, MAC.
	ReasonTokenTypeUnsupported = "TokenTypeUnsupported"
)

// Reasons that lie in writing the token down.
const (
	// ReasonSecretWriteFailed surfaces when the API server refuses the write of
	// the token Secret. The token is kept and written later.
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
	// EventScopeDiffers surfaces when the server grants another scope than spec.scopes
	// asks for.
	EventScopeDiffers = "ScopeDiffers"
	// EventTokenBound surfaces when the token is a JWT that is bound to a certificate
	// or key (claim cnf): an API takes it only together with that.
	EventTokenBound = "TokenBound"
	// EventRevocationEndpointMissing surfaces when the token must be revoked on
	// deletion, and the metadata of the server name no revocation endpoint.
	EventRevocationEndpointMissing = "RevocationEndpointMissing"
	// EventLifetimeAssumed surfaces when the response names no lifetime, and the token
	// is no JWT that names one.
	EventLifetimeAssumed = "LifetimeAssumed"
	// EventLifetimeShort surfaces when tokens live too briefly for the kubelet to
	// bring a new one into a running Pod in time.
	EventLifetimeShort = "LifetimeShort"
)

// Reasons has every reason of a condition, with the fields to check if a token request ends with it,
// the likeliest first. It has none for a reason that no token request ends with.
//
// A field is a path in the ClientCredential. {server} is the declaration of the authorization server,
// {endpoint} its URL, {secret} the credentials Secret, {credentials} what in it authenticates the
// client, and {label} the label that allows its use. A name with leading dashes is a flag of the
// operator.
var Reasons = map[string][]string{
	ReasonTokenIssued: nil,
	ReasonSuspended:   nil,

	ReasonUsable: nil,

	ReasonLifetimeUnreadable: nil,

	ReasonProfileUnknown:                     {"{server}.profile"},
	ReasonAuthorizationServerInvalid:         {"{server}"},
	ReasonSpecTooLarge:                       {"{server}", "spec"},
	ReasonAuthorizationServerNotFound:        {"spec.authorizationServerRef"},
	ReasonAuthorizationServerNotAllowed:      {"{server}.allowedNamespaces", "spec.authorizationServerRef"},
	ReasonInlineAuthorizationServerForbidden: nil,
	ReasonServiceAccountNotFound:             {"spec.serviceAccountName"},
	ReasonServiceAccountNotLabelled:          {"the ServiceAccount: {label}"},
	ReasonServiceAccountTokenRefused:         {"{server}.clientAuthentication.assertion.serviceAccountToken.audience", "spec.serviceAccountName"},
	ReasonTokenEndpointMissing:               {"{server}.tokenEndpoint"},
	ReasonCredentialsNotFound:                {"spec.credentialsRef.name"},
	ReasonCredentialsNotLabelled:             {"{secret}: {label}"},
	ReasonCredentialsMissing:                 {"spec.credentialsRef", "{secret}: data", "{server}.clientAuthentication.method"},
	ReasonCredentialsInvalid:                 {"{secret}: data"},
	ReasonCABundleUnusable:                   {"{server}.tls.caBundleRef"},
	ReasonTargetTemplateInvalid:              {"spec.target.template"},
	ReasonTargetConflict:                     nil,
	ReasonAPIRequestFailed:                   nil,
	ReasonTargetContested:                    nil,

	ReasonTokenEndpointInsecure:    {"{endpoint}", "--allow-http"},
	ReasonAddressDenied:            {"{endpoint}", "--allowed-cidrs"},
	ReasonDiscoveryFailed:          {"{server}.issuer"},
	ReasonTokenEndpointUnreachable: {"{endpoint}"},
	ReasonTLSFailed:                {"{server}.tls.caBundleRef", "{endpoint}"},
	ReasonTimeout:                  {"{endpoint}"},
	ReasonRedirectRefused:          {"{endpoint}"},
	ReasonTokenEndpointBusy:        nil,
	ReasonServerError:              {"{endpoint}", "{server}.request"},
	ReasonRateLimited:              {"{server}.rateLimit"},

	ReasonInvalidClient:        {"{credentials}", "{server}.clientAuthentication.method"},
	ReasonUnauthorizedClient:   {"{server}.request.grantType", "{credentials}"},
	ReasonUnsupportedGrantType: {"{server}.request.grantType"},
	ReasonInvalidGrant:         {"{server}.request.grantType", "{server}.request.assertion"},
	ReasonInvalidScope:         {"spec.scopes"},
	ReasonInvalidRequest:       {"{server}.profile", "{server}.request"},
	ReasonInvalidTarget:        {"spec.audience", "spec.resources"},
	ReasonRequestRefused:       {"{endpoint}", "{server}.profile", "{server}.request"},
	ReasonInvalidResponse:      {"{server}.response.accessToken", "{server}.profile", "{endpoint}"},
	ReasonTokenExpired:         {"{server}.response.expiresIn", "{server}.response.expiresAt", "{server}.defaultTokenLifetime"},
	ReasonTokenMissing:         nil,
	ReasonTokenTypeUnsupported: {"{server}.response.tokenType", "{server}.request"},

	ReasonSecretWriteFailed: nil,
}
