//go:build interop

package interop_test

import (
	. "github.com/onsi/ginkgo/v2"
)

// In these entries, the provider receives no token request, because it cannot be found or is not
// trusted.
var _ = DescribeTable("No token is requested", expectRefused,
	Entry("at an issuer that does not exist", refused{
		client: "basic", spoil: func(l *login) { l.byIssuer(op.Issuer + "/realms/unknown") },
		reason: "DiscoveryFailed", says: []string{"/realms/unknown", "HTTP 404", "discovery is retried"}, unsent: true,
	}),
	Entry("at an issuer with an extra slash", refused{
		client: "basic", spoil: func(l *login) { l.byIssuer(op.Issuer + "/") },
		reason: "DiscoveryFailed", says: []string{"is about", "set authorizationServer.issuer to exactly"},
		unsent: true,
	}),
	Entry("when the provider's certificate is not trusted", refused{
		client: "basic", spoil: func(l *login) { l.server().TLS = nil },
		reason: "TLSFailed", says: []string{"its certificate is not accepted", "authorizationServer.tls.caBundleRef"},
	}),
	Entry("when the certificate of an issuer is not trusted", refused{
		client: "basic", spoil: func(l *login) { l.byIssuer(op.Issuer); l.server().TLS = nil },
		reason: "TLSFailed", says: []string{"its certificate is not accepted", "authorizationServer.tls.caBundleRef"},
		unsent: true,
	}),
	Entry("when the bundle holds another authority", refused{
		client: "basic", spoil: func(l *login) { l.bundle.Data["ca.crt"] = string(selfSigned("other").CertificatePEM) },
		reason: "TLSFailed", says: []string{"its certificate is not accepted", "authorizationServer.tls.caBundleRef"},
	}),
	Entry("when there is no bundle", refused{
		client: "basic", spoil: func(l *login) { l.bundle = nil },
		reason: "CABundleUnusable", says: []string{"tls.caBundleRef", `ConfigMap "authorities" does not exist`, "create it"},
		unsent: true,
	}),
	Entry("when the bundle holds no certificate", refused{
		client: "basic", spoil: func(l *login) { l.bundle.Data["ca.crt"] = "none" },
		reason: "CABundleUnusable", says: []string{"tls.caBundleRef", `key "ca.crt" of ConfigMap "authorities" holds no certificate`},
		unsent: true,
	}),
	Entry("when the bundle lacks the key", refused{
		client: "basic", spoil: func(l *login) { l.server().TLS.CABundleRef.Key = "other.crt" },
		reason: "CABundleUnusable", says: []string{"tls.caBundleRef", `key "other.crt" of ConfigMap "authorities"`},
		unsent: true,
	}),
	Entry("when the bundle is in a Secret that does not exist", refused{
		client: "basic", spoil: func(l *login) { l.server().TLS.CABundleRef.Kind = "Secret" },
		reason: "CABundleUnusable", says: []string{"tls.caBundleRef", `Secret "authorities" does not exist`},
		unsent: true,
	}),
)
