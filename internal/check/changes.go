package check

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
)

// fields are those that a reason can lie in, the likeliest first. {server} is the
// declaration of the authorization server, {endpoint} its URL, {secret} the
// credentials Secret, {credentials} what in it authenticates the client, and
// {label} the label that allows its use.
var fields = map[string][]string{
	v1alpha1.ReasonProfileUnknown:                {"{server}.profile"},
	v1alpha1.ReasonAuthorizationServerInvalid:    {"{server}"},
	v1alpha1.ReasonSpecTooLarge:                  {"{server}", "spec"},
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
func (e *exchange) changes(failure *oauth2.Error) []string {
	declared := e.path
	endpoint := declared + ".tokenEndpoint"
	if e.server.Issuer != "" {
		endpoint = declared + ".issuer"
	}
	replacer := strings.NewReplacer(
		"{server}", declared, "{endpoint}", endpoint, "{secret}", e.secretPath(), "{credentials}", e.credentialsPath(),
		"{label}", fmt.Sprintf("metadata.labels[%q]", v1alpha1.UsageLabel))
	var changes []string
	if e.worksWith != "" {
		changes = append(changes, fmt.Sprintf("%s.clientAuthentication.basicEncoding: %s", declared, e.worksWith))
	}
	if failure.Reason == v1alpha1.ReasonInvalidResponse {
		for _, pointer := range e.suggested {
			changes = append(changes, fmt.Sprintf("%s.response.accessToken: [%s]", declared, pointer))
		}
	}
	for _, field := range e.fieldsOf(failure) {
		changes = append(changes, replacer.Replace(field))
	}
	return append(changes, e.errorChanges(failure)...)
}

// fieldsOf are the fields of the reason. A login of a user, and a refusal for no
// reason, may be about the credentials.
func (e *exchange) fieldsOf(failure *oauth2.Error) []string {
	isLogin := failure.Reason == v1alpha1.ReasonInvalidGrant && oauth2.LogsUserIn(e.server.AuthorizationServerSpec)
	isUnexplained := failure.Reason == v1alpha1.ReasonRequestRefused && failure.RefusesCredentials()
	if isLogin || isUnexplained {
		return append([]string{"{credentials}"}, fields[failure.Reason]...)
	}
	return fields[failure.Reason]
}

// errorChanges lists fields by which the operator would understand a failure better.
func (e *exchange) errorChanges(failure *oauth2.Error) (changes []string) {
	if e.report.Response == nil {
		return nil
	}
	response := e.path + ".response"
	add := func(field string, pointers []string) {
		if len(pointers) > 0 {
			changes = append(changes, fmt.Sprintf("%s.%s: [%s]", response, field, strings.Join(pointers, ", ")))
		}
	}
	add("errorCode", e.suggestedErrors.codes)
	add("errorDescription", e.suggestedErrors.texts)
	switch status := failure.StatusCode; {
	case !oauth2.IsVendorFailure(failure):
	case failure.Code != "":
		changes = append(changes, fmt.Sprintf("if %s means wrong credentials, %s.credentialErrors: [%q]", failure.Code, response, failure.Code))
	case status == http.StatusBadRequest, status == http.StatusForbidden:
		changes = append(changes, fmt.Sprintf("if HTTP %d means wrong credentials, %s.credentialStatuses: [%d]", status, response, status))
	}
	return changes
}

func (e *exchange) secretPath() string {
	if e.owner.Spec.CredentialsRef == nil {
		return "the credentials Secret"
	}
	return fmt.Sprintf("Secret %q", e.owner.Spec.CredentialsRef.Name)
}

// credentialsPath names what authenticates the client: keys that the Secret has.
func (e *exchange) credentialsPath() string {
	var parts []string
	if e.owner.Spec.ClientID != "" {
		parts = append(parts, "spec.clientID")
	}
	if len(e.keys) > 0 {
		parts = append(parts, fmt.Sprintf("%s: data.%s", e.secretPath(), strings.Join(e.keys, ", data.")))
	}
	if len(parts) == 0 {
		return e.secretPath() + ": data"
	}
	return strings.Join(parts, ", ")
}
