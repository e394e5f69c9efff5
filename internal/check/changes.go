package check

import (
	"fmt"
	"strings"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

// fields are those that a reason can lie in, the likeliest first. {server} is the
// declaration of the authorization server, {endpoint} its URL, {secret} the
// credentials Secret, {credentials} what in it authenticates the client, and
// {label} the label that allows its use.
var fields = map[string][]string{
	v1alpha1.ReasonProfileUnknown:                {"{server}.profile"},
	v1alpha1.ReasonAuthorizationServerInvalid:    {"{server}"},
	v1alpha1.ReasonAuthorizationServerNotFound:   {"spec.authorizationServerRef"},
	v1alpha1.ReasonAuthorizationServerNotAllowed: {"{server}.allowedNamespaces", "spec.authorizationServerRef"},
	v1alpha1.ReasonServiceAccountNotFound:        {"spec.serviceAccountName"},
	v1alpha1.ReasonServiceAccountNotLabelled:     {"the ServiceAccount: {label}"},
	v1alpha1.ReasonServiceAccountTokenRefused:    {"{server}.clientAuthentication.assertion.serviceAccountToken.audience", "spec.serviceAccountName"},
	v1alpha1.ReasonTokenEndpointMissing:          {"{server}.tokenEndpoint"},
	v1alpha1.ReasonCredentialsNotFound:           {"spec.credentialsRef.name"},
	v1alpha1.ReasonCredentialsNotLabelled:        {"{secret}: {label}"},
	v1alpha1.ReasonCredentialsMissing:            {"spec.credentialsRef", "{secret}: data", "{server}.clientAuthentication.method"},
	v1alpha1.ReasonCredentialsInvalid:            {"{secret}: data"},
	v1alpha1.ReasonCABundleUnusable:              {"{server}.tls.caBundleRef"},
	v1alpha1.ReasonTargetTemplateInvalid:         {"spec.target.template"},
	v1alpha1.ReasonTokenEndpointInsecure:         {"{endpoint}", "the flag --allow-http, here and of the operator"},
	v1alpha1.ReasonAddressDenied:                 {"{endpoint}", "the flag --allowed-cidrs, here and of the operator"},
	v1alpha1.ReasonDiscoveryFailed:               {"{server}.issuer"},
	v1alpha1.ReasonTokenEndpointUnreachable:      {"{endpoint}"},
	v1alpha1.ReasonTLSFailed:                     {"{server}.tls.caBundleRef", "{endpoint}"},
	v1alpha1.ReasonTimeout:                       {"{endpoint}"},
	v1alpha1.ReasonRedirectRefused:               {"{endpoint}"},
	v1alpha1.ReasonServerError:                   {"{endpoint}", "{server}.request"},
	v1alpha1.ReasonRateLimited:                   {"{server}.rateLimit"},
	v1alpha1.ReasonInvalidClient:                 {"{credentials}", "{server}.clientAuthentication.method"},
	v1alpha1.ReasonUnauthorizedClient:            {"{server}.request.grantType", "{credentials}"},
	v1alpha1.ReasonUnsupportedGrantType:          {"{server}.request.grantType"},
	v1alpha1.ReasonInvalidGrant:                  {"{server}.request.grantType", "{server}.request.assertion"},
	v1alpha1.ReasonInvalidScope:                  {"spec.scopes"},
	v1alpha1.ReasonInvalidRequest:                {"{server}.profile", "{server}.request"},
	v1alpha1.ReasonInvalidTarget:                 {"spec.audience", "spec.resources"},
	v1alpha1.ReasonRequestRefused:                {"{endpoint}", "{server}.profile", "{server}.request"},
	v1alpha1.ReasonInvalidResponse:               {"{server}.response.accessToken", "{server}.profile", "{endpoint}"},
	v1alpha1.ReasonTokenExpired:                  {"{server}.response.expiresIn", "{server}.response.expiresAt", "{server}.defaultTokenLifetime"},
	v1alpha1.ReasonTokenTypeUnsupported:          {"{server}.response.tokenType", "{server}.request"},
}

// changes lists the fields that a failure may lie in.
func (e *exchange) changes(reason string) []string {
	declared := e.server.path
	endpoint := declared + ".tokenEndpoint"
	if e.server.Issuer != "" {
		endpoint = declared + ".issuer"
	}
	replacer := strings.NewReplacer(
		"{server}", declared, "{endpoint}", endpoint, "{secret}", e.secretPath(), "{credentials}", e.credentialsPath(),
		"{label}", fmt.Sprintf("metadata.labels[%q]", v1alpha1.UsageLabel))
	var changes []string
	if reason == v1alpha1.ReasonInvalidResponse {
		for _, pointer := range e.suggested {
			changes = append(changes, fmt.Sprintf("%s.response.accessToken: [%s]", declared, pointer))
		}
	}
	for _, field := range fields[reason] {
		changes = append(changes, replacer.Replace(field))
	}
	return changes
}

func (e *exchange) secretPath() string {
	if e.owner.Spec.CredentialsRef == nil {
		return "the credentials Secret"
	}
	return fmt.Sprintf("Secret %q", e.owner.Spec.CredentialsRef.Name)
}

// credentialsPath names what authenticates the client.
func (e *exchange) credentialsPath() string {
	source := e.source()
	keys := []string{source.ClientIDKey}
	if e.server.ClientAuthentication != nil {
		switch e.server.ClientAuthentication.Method {
		case v1alpha1.ClientSecretBasic, v1alpha1.ClientSecretPost, v1alpha1.ClientSecretJWT:
			keys = append(keys, source.ClientSecretKey)
		case v1alpha1.PrivateKeyJWT:
			keys = append(keys, source.PrivateKeyKey)
		case v1alpha1.TLSClientAuth, v1alpha1.SelfSignedTLSClientAuth:
			keys = append(keys, v1alpha1.CertificateKey)
		case v1alpha1.ClientAuthenticationNone:
		}
	}
	if e.owner.Spec.ClientID == "" {
		return fmt.Sprintf("%s: data.%s", e.secretPath(), strings.Join(keys, ", data."))
	}
	if len(keys) == 1 {
		return "spec.clientID"
	}
	return fmt.Sprintf("spec.clientID, %s: data.%s", e.secretPath(), keys[1])
}
