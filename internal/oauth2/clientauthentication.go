package oauth2

import (
	"maps"
	"slices"
	"strings"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

// clientAuthentication describes a method of client authentication: the values that it sends, and
// hints for refused credentials. The values determine which credentials the method needs and which
// declarations contradict it. The zero value sends only the client ID.
type clientAuthentication struct {
	// basic is true if client ID and secret are in the header Authorization, in the form that
	// authorizationScheme and basicEncoding declare.
	basic bool
	// secretParameter is true if the client secret is a parameter.
	secretParameter bool
	// signsWith is the key that signs the JWT in the parameter client_assertion; noKey if there is
	// no JWT.
	signsWith assertionKey
	// certificate is true if the client presents a certificate in the TLS handshake.
	certificate bool

	// toCheck names the credentials of the client. In a hint, it follows the word "check".
	toCheck string
	// advice says what to try if the credentials are right; empty if there is none.
	advice string
	// alternatives are methods that use the same credentials, the most likely first.
	alternatives []v1alpha1.ClientAuthenticationMethod
}

// assertionKey is the part of the credentials that signs a JWT.
type assertionKey string

const (
	noKey assertionKey = ""
	// symmetricKey is the client secret.
	symmetricKey assertionKey = "symmetric"
	// asymmetricKey is the private key.
	asymmetricKey assertionKey = "asymmetric"
)

const (
	idAndSecret      = "the client ID and its secret"
	idAndCertificate = "the client ID and that its certificate is registered at the authorization server"
	checkAudience    = "set authorizationServer.clientAuthentication.assertion.audience to the server's issuer if it does not accept the token endpoint, and check the clocks"
)

// clientAuthentications has a row for each method of the API.
var clientAuthentications = map[v1alpha1.ClientAuthenticationMethod]clientAuthentication{
	v1alpha1.ClientSecretBasic: {
		basic:        true,
		toCheck:      idAndSecret,
		advice:       "authorizationServer.clientAuthentication.method is client_secret_basic: try client_secret_post",
		alternatives: methods{v1alpha1.ClientSecretPost, v1alpha1.ClientSecretJWT},
	},
	v1alpha1.ClientSecretPost: {
		secretParameter: true,
		toCheck:         idAndSecret,
		advice:          "authorizationServer.clientAuthentication.method is client_secret_post: try client_secret_basic",
		alternatives:    methods{v1alpha1.ClientSecretBasic, v1alpha1.ClientSecretJWT},
	},
	v1alpha1.ClientSecretJWT: {
		signsWith:    symmetricKey,
		toCheck:      idAndSecret,
		advice:       checkAudience,
		alternatives: methods{v1alpha1.ClientSecretBasic, v1alpha1.ClientSecretPost},
	},
	v1alpha1.PrivateKeyJWT: {
		signsWith: asymmetricKey,
		toCheck:   "the client ID and that its public key is registered at the authorization server",
		advice:    checkAudience,
	},
	v1alpha1.TLSClientAuth: {
		certificate:  true,
		toCheck:      idAndCertificate,
		alternatives: methods{v1alpha1.SelfSignedTLSClientAuth},
	},
	v1alpha1.SelfSignedTLSClientAuth: {
		certificate:  true,
		toCheck:      idAndCertificate,
		alternatives: methods{v1alpha1.TLSClientAuth},
	},
	v1alpha1.ClientAuthenticationNone: {
		toCheck: "the client ID",
		advice:  "no secret is sent: if the client has one, set authorizationServer.clientAuthentication.method to client_secret_basic",
	},
}

type methods = []v1alpha1.ClientAuthenticationMethod

func authenticationOf(server v1alpha1.AuthorizationServerSpec) clientAuthentication {
	return clientAuthentications[server.ClientAuthentication.Method]
}

// checkMethod returns an error if the API has no such method. An API server rejects it, but a file may
// declare it.
func checkMethod(server v1alpha1.AuthorizationServerSpec) error {
	method := server.ClientAuthentication.Method
	if _, known := clientAuthentications[method]; !known {
		return invalid("there is no client authentication method %q: set authorizationServer.clientAuthentication.method to one of %s",
			method, joined(slices.Sorted(maps.Keys(clientAuthentications))))
	}
	return nil
}

// sendsClientSecret reports whether the client secret itself is sent.
func (c clientAuthentication) sendsClientSecret() bool {
	return c.basic || c.secretParameter
}

// isNone reports whether the method sends only the client ID. Parameters, headers or a grant
// may still authenticate the client.
func (c clientAuthentication) isNone() bool {
	return !c.sendsClientSecret() && c.signsWith == noKey && !c.certificate
}

// addTo adds the credentials that the method uses, except for the client ID as a parameter.
func (c clientAuthentication) addTo(uses *uses, declared *v1alpha1.ClientAuthentication, names names) {
	uses.clientID = uses.clientID || c.basic
	uses.clientSecret = uses.clientSecret || c.basic || (c.secretParameter && names.clientSecret != "")
	uses.certificate = uses.certificate || c.certificate
	if c.signsWith != noKey {
		uses.addAssertion(declared.Assertion, c.signsWith == symmetricKey)
	}
}

// checkHeader returns an error if the method sets a header that the declaration sets too.
func (c clientAuthentication) checkHeader(declared *v1alpha1.ClientAuthentication, name string) error {
	if !c.basic || !strings.EqualFold(name, "Authorization") {
		return nil
	}
	return invalid("%s sets the header Authorization, and authorizationServer.request.headers does too: set clientAuthentication.method to none, or remove the header", declared.Method)
}

// checkAssertion returns an error if the declared assertion contradicts the method.
func (c clientAuthentication) checkAssertion(declared *v1alpha1.ClientAuthentication) error {
	assertion := declared.Assertion
	switch {
	case assertion == nil:
		return nil
	case c.signsWith == noKey:
		return invalid("clientAuthentication.assertion is for the methods client_secret_jwt and private_key_jwt, but the method is %s: correct one of them", declared.Method)
	case assertion.ServiceAccountToken != nil && c.signsWith != asymmetricKey:
		return invalid("clientAuthentication.assertion.serviceAccountToken is for the method private_key_jwt, but the method is %s: correct one of them", declared.Method)
	case assertion.Algorithm != "" && isSymmetric(assertion.Algorithm) != (c.signsWith == symmetricKey):
		return invalid("clientAuthentication.assertion.algorithm %s does not go with the method %s: correct one of them", assertion.Algorithm, declared.Method)
	}
	return nil
}

// setHeaders sets the headers that authenticate the client.
func (c clientAuthentication) setHeaders(headers map[string]value, declared *v1alpha1.ClientAuthentication, credentials Credentials) {
	if c.basic {
		headers["Authorization"] = hidden(NewSensitive(basicAuthorization(declared, credentials)))
	}
}

// authenticate adds the parameters that authenticate the client (RFC 6749 section 2.3.1, RFC 7521
// section 4.2, RFC 8705 section 2).
func authenticate(parameters parameters, server v1alpha1.AuthorizationServerSpec, grant Grant, assertions assertions) error {
	const jwtBearer = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
	if err := checkMethod(server); err != nil {
		return err
	}
	method, names := authenticationOf(server), namesOf(server)
	parameters.set(names.clientID, grant.Credentials.clientID())
	if method.secretParameter {
		parameters.set(names.clientSecret, hidden(grant.Credentials.ClientSecret))
	}
	if method.signsWith != noKey {
		parameters.set(names.clientAssertionType, plain(jwtBearer))
		parameters.set(names.clientAssertion, hidden(assertions.client))
	}
	return nil
}
