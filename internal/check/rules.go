package check

import (
	"slices"
	"strings"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/problem"
)

// checkRules returns an error if a declaration breaks a rule of the API server. It checks only rules
// that the exchange depends on. parameters are the parameters of the ClientCredential. The error is a
// *problem.Problem.
func checkRules(parameters []v1alpha1.Parameter, server v1alpha1.AuthorizationServerSpec) error {
	invalid := func(format string, args ...any) error {
		return problem.Stalled(v1alpha1.ReasonAuthorizationServerInvalid, format, args...)
	}
	if server.TokenEndpoint != "" && server.Issuer != "" {
		return invalid("set authorizationServer.tokenEndpoint or issuer, not both")
	}
	parameters = slices.Clone(parameters)
	if server.Request != nil {
		parameters = append(parameters, server.Request.Parameters...)
		for _, header := range server.Request.Headers {
			parameters = append(parameters, v1alpha1.Parameter{
				Name: header.Name, Value: header.Value, SecretKey: header.SecretKey, Template: header.Template,
			})
		}
	}
	for _, parameter := range parameters {
		if parameter.Name == "" || !isOneSource(parameter) {
			return invalid("parameter or header %q: set name and exactly one of value, secretKey and template", parameter.Name)
		}
	}
	if server.Response == nil {
		return nil
	}
	if success := server.Response.Success; success != nil && (success.Pointer == nil || success.Equals == nil) {
		return invalid("set both pointer and equals of authorizationServer.response.success")
	}
	for _, pointer := range server.Response.Pointers() {
		if pointer != "" && !strings.HasPrefix(string(pointer), "/") {
			return invalid("%q in authorizationServer.response is no JSON Pointer: start it with '/', such as /access_token", pointer)
		}
	}
	return nil
}

func isOneSource(parameter v1alpha1.Parameter) bool {
	sources := 0
	for _, set := range []bool{parameter.Value != nil, parameter.SecretKey != "", parameter.Template != ""} {
		if set {
			sources++
		}
	}
	return sources == 1
}
