package check

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
)

// changes returns the fields that may cause a failure.
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
		if strings.HasPrefix(field, "--") {
			field = fmt.Sprintf("the flag %s of this command and of the operator", field)
		}
		changes = append(changes, replacer.Replace(field))
	}
	return append(changes, e.errorChanges(failure)...)
}

// fieldsOf returns the fields of the reason. It adds the credentials for a failed user login, and for a
// refusal without a reason.
func (e *exchange) fieldsOf(failure *oauth2.Error) []string {
	isLogin := failure.Reason == v1alpha1.ReasonInvalidGrant && oauth2.LogsUserIn(e.server.AuthorizationServerSpec)
	isUnexplained := failure.Reason == v1alpha1.ReasonRequestRefused && failure.RefusesCredentials()
	fields := v1alpha1.Reasons[failure.Reason].Fields
	if isLogin || isUnexplained {
		return append([]string{"{credentials}"}, fields...)
	}
	return fields
}

// errorChanges returns fields that help the operator to understand a failure.
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

// credentialsPath names the client ID and the keys of the Secret that authenticate the client.
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
