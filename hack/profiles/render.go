package main

import (
	"fmt"
	"strings"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/profile"
)

const head = `<!-- Written by "make generate" from internal/profile/profiles.yaml. Do not edit. -->

# Profiles

A profile describes the dialect of a vendor's token endpoint. To use it, set
` + "`spec.authorizationServer.profile`" + ` to its name, and supply the values in the last column. A profile
only fills in fields that you do not set: you can override every field.

If the column "token endpoint" says "yours", it shows the form of the URL. Set
` + "`spec.authorizationServer.tokenEndpoint`" + ` to this URL, with your own values instead of the braces.

The Secret that ` + "`spec.credentialsRef`" + ` names holds the client ID, client secret and private key.

If your vendor is not in the table, see [My vendor is not listed](vendor-not-listed.md).

`

var columns = []string{"profile", "vendor", "token endpoint", "client authentication", "request", "token", "you supply"}

// render returns the page. The same profiles always give the same text.
func render() (string, error) {
	var out strings.Builder
	out.WriteString(head)
	writeRow(&out, columns)
	writeRow(&out, strings.Split(strings.Repeat("---,", len(columns)-1)+"---", ","))
	for _, p := range profile.All() {
		cells, err := cellsOf(p)
		if err != nil {
			return "", fmt.Errorf("profile %s: %w", p.Name, err)
		}
		writeRow(&out, cells)
	}
	return out.String(), nil
}

func writeRow(out *strings.Builder, cells []string) {
	escape := strings.NewReplacer("|", `\|`)
	for _, cell := range cells {
		out.WriteString("| " + escape.Replace(cell) + " ")
	}
	out.WriteString("|\n")
}

func cellsOf(p profile.Profile) ([]string, error) {
	declared := v1alpha1.AuthorizationServerSpec{Profile: p.Name, TokenEndpoint: p.Server.TokenEndpoint}
	endpoint := "known: "
	if declared.TokenEndpoint == "" {
		declared.TokenEndpoint, endpoint = p.Endpoint, "yours: "
	}
	server, err := profile.Complete(declared, nil)
	if err != nil {
		return nil, err
	}
	return []string{
		code(p.Name),
		fmt.Sprintf("[%s](%s)", p.Vendor, p.Documentation),
		endpoint + code(server.TokenEndpoint),
		authentication(server.ClientAuthentication),
		request(server.Request),
		token(server.Response),
		p.Needs,
	}, nil
}

func authentication(declared *v1alpha1.ClientAuthentication) string {
	said := code(string(declared.Method))
	if declared.AuthorizationScheme != "" {
		said += ", scheme " + code(declared.AuthorizationScheme)
	}
	if declared.BasicEncoding == v1alpha1.RawBasic {
		said += ", raw"
	}
	if declared.Assertion != nil && declared.Assertion.ServiceAccountToken != nil {
		said += ", the token of a ServiceAccount"
	}
	return said
}

func request(declared *v1alpha1.TokenRequest) string {
	encoding := map[v1alpha1.RequestEncoding]string{
		v1alpha1.FormEncoding: "form", v1alpha1.JSONEncoding: "JSON", v1alpha1.QueryEncoding: "query",
	}[declared.Encoding]
	grantType := code(declared.GrantType)
	if names := declared.ParameterNames; names != nil && names.GrantType != nil && *names.GrantType == "" {
		grantType = "no grant type"
	}
	return fmt.Sprintf("%s, %s, %s", declared.Method, encoding, grantType)
}

func token(declared *v1alpha1.TokenResponse) string {
	pointers := make([]string, len(declared.AccessToken))
	for i, pointer := range declared.AccessToken {
		pointers[i] = code(string(pointer))
	}
	return strings.Join(pointers, " or ")
}

func code(text string) string { return "`" + text + "`" }
