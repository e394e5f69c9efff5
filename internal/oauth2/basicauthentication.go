package oauth2

import (
	"encoding/base64"
	"net/url"
	"strings"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

// basicAuthorization returns the header Authorization for a client ID and secret. It encodes them
// as RFC 6749 section 2.3.1 requires, unless the raw form is declared.
func basicAuthorization(declared *v1alpha1.ClientAuthentication, credentials Credentials) string {
	scheme := declared.AuthorizationScheme
	if scheme == "" {
		scheme = "Basic"
	}
	id, secret := credentials.ClientID.Reveal(), credentials.ClientSecret.Reveal()
	if declared.BasicEncoding != v1alpha1.RawBasic {
		id, secret = url.QueryEscape(id), url.QueryEscape(secret)
	}
	return scheme + " " + base64.StdEncoding.EncodeToString([]byte(id+":"+secret))
}

// otherEncoding returns the other value of basicEncoding. It returns an empty string if that would
// send the same bytes, or bytes that no server can read. In the raw form, an ID must not contain a
// colon (RFC 7617 section 2).
func otherEncoding(server v1alpha1.AuthorizationServerSpec, credentials Credentials) v1alpha1.BasicEncoding {
	id, secret := credentials.ClientID.Reveal(), credentials.ClientSecret.Reveal()
	isSame := url.QueryEscape(id) == id && url.QueryEscape(secret) == secret
	switch {
	case !authenticationOf(server).basic || isSame:
		return ""
	case server.ClientAuthentication.BasicEncoding == v1alpha1.RawBasic:
		return v1alpha1.FormURLEncodedBasic
	case strings.Contains(id, ":"):
		return ""
	}
	return v1alpha1.RawBasic
}

// OtherBasicEncoding returns the value of basicEncoding to try after the server refused the
// credentials of this request. It is empty if another value makes no difference.
func (r *Request) OtherBasicEncoding() v1alpha1.BasicEncoding { return r.facts.otherEncoding }
