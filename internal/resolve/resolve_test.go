package resolve_test

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/fairshare"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/problem"
	"github.com/tokensync/tokensync/internal/resolve"
)

const (
	tokenEndpoint = "https://idp.example.com/token"
	issuer        = "https://issuer.example.com"
)

// shop returns a ClientCredential in the namespace shop.
func shop(changes ...func(*v1alpha1.ClientCredentialSpec)) *v1alpha1.ClientCredential {
	owner := &v1alpha1.ClientCredential{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "api"},
		Spec: v1alpha1.ClientCredentialSpec{
			CredentialsRef:      &v1alpha1.CredentialsReference{Name: "client"},
			AuthorizationServer: &v1alpha1.AuthorizationServerSpec{TokenEndpoint: tokenEndpoint},
			Scopes:              []string{"read"},
		},
	}
	for _, change := range changes {
		change(&owner.Spec)
	}
	return owner
}

func naming(kind v1alpha1.AuthorizationServerKind, name string) func(*v1alpha1.ClientCredentialSpec) {
	return func(spec *v1alpha1.ClientCredentialSpec) {
		spec.AuthorizationServer = nil
		spec.AuthorizationServerRef = &v1alpha1.AuthorizationServerReference{Kind: kind, Name: name}
	}
}

var (
	own    = naming(v1alpha1.AuthorizationServerNamespaced, "own")
	shared = naming(v1alpha1.AuthorizationServerCluster, "shared")
	none   = func(spec *v1alpha1.ClientCredentialSpec) { spec.AuthorizationServer = nil }
)

func trusting(kind v1alpha1.CABundleKind) func(*v1alpha1.ClientCredentialSpec) {
	return func(spec *v1alpha1.ClientCredentialSpec) {
		spec.AuthorizationServer.TLS = &v1alpha1.TLSClient{CABundleRef: &v1alpha1.CABundleReference{Kind: kind, Name: "ca"}}
	}
}

var labelled = map[string]string{v1alpha1.UsageLabel: v1alpha1.UsageClientCredential}

func credentialsSecret(labels map[string]string, data ...string) *corev1.Secret {
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "client", Labels: labels}, Data: map[string][]byte{}}
	for i := 0; i < len(data); i += 2 {
		secret.Data[data[i]] = []byte(data[i+1])
	}
	return secret
}

var _ = Describe("resolving", func() {
	var (
		source   *cluster
		resolver *resolve.Resolver
	)

	BeforeEach(func() {
		source = &cluster{
			servers: map[string]v1alpha1.AuthorizationServerSpec{
				"shop/own": {TokenEndpoint: tokenEndpoint}, "/shared": {Issuer: issuer},
			},
			namespaces: map[string]map[string]string{"shop": {"team": "web"}},
			secret:     credentialsSecret(labelled, "client_id", "shop", "client_secret", "s3cr3t"),
			bundles:    map[string]string{"shop/ConfigMap/ca": "no PEM"},
		}
		resolver = &resolve.Resolver{
			Source: source, TokenEndpoint: source, Tokens: source,
			Policy: resolve.Policy{RequireCredentialsLabel: true, ClusterResourceNamespace: "system"},
		}
	})

	selecting := func(team string) func() {
		return func() { source.allowed = &metav1.LabelSelector{MatchLabels: map[string]string{"team": team}} }
	}
	failing := func() { source.failure = errDown }

	DescribeTable("an authorization server finds",
		func(ctx SpecContext, owner *v1alpha1.ClientCredential, url, namespace, tenant, version string) {
			selecting("web")()
			found, err := resolver.Server(ctx, owner)
			Expect(err).NotTo(HaveOccurred())
			Expect(found.URL()).To(Equal(url))
			Expect(found.Namespace).To(Equal(namespace))
			Expect(found.Tenant).To(Equal(tenant))
			Expect(found.Version).To(Equal(version))
			Expect(found.Profile).To(Equal("RFC6749"), "the profile completes it")
		},
		Entry("the declaration in the ClientCredential", shop(), tokenEndpoint, "shop", "shop", ""),
		Entry("an AuthorizationServer of the namespace", shop(own), tokenEndpoint, "shop", "shop", "uid/7"),
		Entry("a ClusterAuthorizationServer, which names objects of the operator's namespace and belongs to no tenant", shop(shared), issuer, "system", "", "uid/7"),
	)

	DescribeTable("an authorization server fails",
		func(ctx SpecContext, owner *v1alpha1.ClientCredential, prepare func(), reason string, class problem.Class, said string) {
			prepare()
			_, err := resolver.Server(ctx, owner)
			Expect(problem.Of(err)).To(And(HaveField("Reason", reason), HaveField("Class", class), HaveField("Message", ContainSubstring(said))))
		},
		Entry("if none is set", shop(none), func() {}, v1alpha1.ReasonAuthorizationServerInvalid, problem.Invalid, "set spec.authorizationServer"),
		Entry("if it is forbidden in the ClientCredential", shop(), func() { resolver.Policy.ForbidInlineServers = true },
			v1alpha1.ReasonInlineAuthorizationServerForbidden, problem.Invalid, "set spec.authorizationServerRef"),
		Entry("if it is a ClusterAuthorizationServer, and the operator works only in named namespaces", shop(shared), func() { resolver.Policy.NamedNamespacesOnly = true },
			v1alpha1.ReasonAuthorizationServerNotAllowed, problem.Invalid, "Declare an AuthorizationServer in namespace \"shop\""),
		Entry("if it does not exist", shop(own), func() { source.servers = nil },
			v1alpha1.ReasonAuthorizationServerNotFound, problem.ObjectNotReady, `AuthorizationServer "own" does not exist: create it, or correct spec.authorizationServerRef`),
		Entry("if it is not for the namespace", shop(shared), selecting("mobile"),
			v1alpha1.ReasonAuthorizationServerNotAllowed, problem.ObjectNotReady, `is not for namespace "shop"`),
		Entry("if its selector cannot be used", shop(shared), func() {
			source.allowed = &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "team", Operator: "Like"}}}
		}, v1alpha1.ReasonAuthorizationServerInvalid, problem.Invalid, "spec.allowedNamespaces"),
		Entry("if its profile does not exist", shop(func(spec *v1alpha1.ClientCredentialSpec) { spec.AuthorizationServer.Profile = "Fabrik" }), func() {},
			v1alpha1.ReasonProfileUnknown, problem.Invalid, "Fabrik"),
	)

	It("an authorization server fails if the cache holds only an outline of it, or of the ClientCredential", func(ctx SpecContext) {
		tooLarge := func(said string) OmegaMatcher {
			return WithTransform(problem.Of, And(HaveField("Reason", v1alpha1.ReasonSpecTooLarge), HaveField("Message", HavePrefix(said))))
		}
		source.outlined = map[string]bool{"shop/own": true}
		_, err := resolver.Server(ctx, shop(own))
		Expect(err).To(tooLarge(`the spec of AuthorizationServer "own" has more than`))
		owner := shop(none)
		owner.Annotations = map[string]string{resolve.OutlinedAnnotation: "true"}
		_, err = resolver.Server(ctx, owner)
		Expect(err).To(tooLarge("the spec has more than"))
		_, err = resolver.Declared(&v1alpha1.AuthorizationServer{ObjectMeta: owner.ObjectMeta})
		Expect(err).To(tooLarge("the spec has more than"))
	})

	It("the declaration of an object is the declaration that a ClientCredential uses", func(ctx SpecContext) {
		for _, server := range []struct {
			reference func(*v1alpha1.ClientCredentialSpec)
			key       client.ObjectKey
			object    resolve.Server
		}{
			{own, client.ObjectKey{Namespace: "shop", Name: "own"}, &v1alpha1.AuthorizationServer{}},
			{shared, client.ObjectKey{Name: "shared"}, &v1alpha1.ClusterAuthorizationServer{}},
		} {
			used, err := resolver.Server(ctx, shop(server.reference))
			Expect(err).NotTo(HaveOccurred())
			Expect(source.Server(ctx, server.key, server.object)).To(Succeed())
			Expect(resolver.Declared(server.object)).To(Equal(used))
		}
	})

	It("an authorization server returns the declaration even if the namespace cannot be read", func(ctx SpecContext) {
		selecting("web")()
		resolver.Source = unreadable{source}
		found, err := resolver.Server(ctx, shop(shared))
		Expect(err).To(BeAssignableToTypeOf(&resolve.UnknownNamespaceError{}))
		Expect(err).To(MatchError(errDown))
		Expect(found.Profile).To(Equal("RFC6749"))
	})

	DescribeTable("a CA bundle fails",
		func(ctx SpecContext, owner *v1alpha1.ClientCredential, prepare func(), said string) {
			prepare()
			declared, err := resolver.Server(ctx, owner)
			Expect(err).NotTo(HaveOccurred())
			_, _, err = resolver.Authorities(ctx, fairshare.Claimant{}, declared)
			Expect(problem.Of(err)).To(And(HaveField("Reason", v1alpha1.ReasonCABundleUnusable), HaveField("Class", problem.MayPass),
				HaveField("Message", And(HavePrefix("authorizationServer.tls.caBundleRef: "), ContainSubstring(said)))))
		},
		Entry("if it is not PEM", shop(trusting("")), func() {}, `key "ca.crt" of ConfigMap "ca"`),
		Entry("if it does not exist", shop(trusting("Secret")), func() {}, `Secret "ca" does not exist: create it`),
		Entry("if a ClusterAuthorizationServer names it, and the operator has no namespace for such objects", shop(shared), func() {
			resolver.Policy.ClusterResourceNamespace = ""
			source.servers["/shared"] = v1alpha1.AuthorizationServerSpec{Issuer: issuer, TLS: &v1alpha1.TLSClient{CABundleRef: &v1alpha1.CABundleReference{Name: "ca"}}}
		}, "--cluster-resource-namespace"),
	)

	It("an object that cannot be read is no problem of the object, whichever object it is", func(ctx SpecContext) {
		declared, err := resolver.Server(ctx, shop(trusting("")))
		Expect(err).NotTo(HaveOccurred())
		failing()
		_, serverErr := resolver.Server(ctx, shop(own))
		_, credentialsErr := resolver.Credentials(ctx, shop(), declared)
		_, _, bundleErr := resolver.Authorities(ctx, fairshare.Claimant{}, declared)
		_, accountErr := (&resolve.ClusterTokens{Source: source}).Issue(ctx, types.NamespacedName{Namespace: "shop", Name: "runner"}, "idp")
		for object, err := range map[string]error{
			`AuthorizationServer "own"`: serverErr, `credentials Secret "client"`: credentialsErr,
			`ConfigMap "ca" of namespace "shop"`: bundleErr, `ServiceAccount "runner"`: accountErr,
		} {
			Expect(err).To(MatchError(errDown))
			Expect(err).To(MatchError("read " + object + ": " + errDown.Error()))
			Expect(problem.Of(err)).NotTo(HaveOccurred())
		}
	})

	It("a ServiceAccount that the caller may not read reports how to obtain the right", func(ctx SpecContext) {
		source.failure = apierrors.NewForbidden(corev1.Resource("serviceaccounts"), "runner", nil)
		_, err := (&resolve.ClusterTokens{Source: source, Remedy: "install the role"}).Issue(ctx, types.NamespacedName{Namespace: "shop", Name: "runner"}, "idp")
		Expect(problem.Of(err)).To(And(HaveField("Reason", v1alpha1.ReasonServiceAccountTokenRefused), HaveField("Class", problem.MayPass),
			HaveField("Message", `there is no right to use ServiceAccount "runner": install the role`)))
	})

	It("the authorities of the system need no CA bundle", func(ctx SpecContext) {
		authorities, release, err := resolver.Authorities(ctx, fairshare.Claimant{}, resolve.Declaration{})
		Expect(err).NotTo(HaveOccurred())
		Expect(authorities).To(BeNil())
		release()
	})

	DescribeTable("credentials fail",
		func(ctx SpecContext, secret *corev1.Secret, reason, said string) {
			source.secret = secret
			declared, err := resolver.Server(ctx, shop())
			Expect(err).NotTo(HaveOccurred())
			read, err := resolver.Credentials(ctx, shop(), declared)
			Expect(problem.Of(err)).To(And(HaveField("Reason", reason), HaveField("Class", problem.ObjectNotReady), HaveField("Message", ContainSubstring(said))))
			Expect(read.ClientSecret.IsEmpty()).To(BeTrue())
		},
		Entry("without their Secret", nil, v1alpha1.ReasonCredentialsNotFound, `Secret "client" does not exist: create it with the client ID and the client secret, or correct spec.credentialsRef.name`),
		Entry("without the label", credentialsSecret(nil, "client_id", "shop", "client_secret", "s3cr3t"), v1alpha1.ReasonCredentialsNotLabelled, "kubectl label secret client"),
		Entry("without the client secret", credentialsSecret(labelled, "client_id", "shop"), v1alpha1.ReasonCredentialsMissing, `"client_secret"`),
	)

	It("the credentials Secret is returned even if it lacks a value", func(ctx SpecContext) {
		source.secret = credentialsSecret(labelled, "client_id", "shop")
		declared, err := resolver.Server(ctx, shop())
		Expect(err).NotTo(HaveOccurred())
		read, err := resolver.Credentials(ctx, shop(), declared)
		Expect(err).To(HaveOccurred())
		Expect(read.Secret).To(BeIdenticalTo(source.secret))
	})

	It("a client that needs no Secret reads none", func(ctx SpecContext) {
		owner := shop(func(spec *v1alpha1.ClientCredentialSpec) {
			spec.CredentialsRef, spec.ClientID = nil, "shop"
			spec.AuthorizationServer.ClientAuthentication = &v1alpha1.ClientAuthentication{Method: v1alpha1.ClientAuthenticationNone}
		})
		failing()
		declared, err := resolver.Server(ctx, owner)
		Expect(err).NotTo(HaveOccurred())
		read, err := resolver.Credentials(ctx, owner, declared)
		Expect(err).NotTo(HaveOccurred())
		Expect(read.Secret).To(BeNil())
		Expect(read.ClientID.Reveal()).To(Equal("shop"))
	})

	It("a token request goes to the discovered endpoint, with a token of the ServiceAccount", func(ctx SpecContext) {
		source.servers["/shared"] = v1alpha1.AuthorizationServerSpec{
			Issuer: issuer, Revocation: &v1alpha1.Revocation{},
			ClientAuthentication: &v1alpha1.ClientAuthentication{
				Method:    v1alpha1.PrivateKeyJWT,
				Assertion: &v1alpha1.Assertion{ServiceAccountToken: &v1alpha1.ServiceAccountToken{Audience: "idp"}},
			},
		}
		owner := shop(shared, func(spec *v1alpha1.ClientCredentialSpec) { spec.ClientID, spec.ServiceAccountName = "shop", "runner" })
		declared, err := resolver.Server(ctx, owner)
		Expect(err).NotTo(HaveOccurred())
		parts := resolve.Parts{Owner: owner, Server: declared, Credentials: oauth2.Credentials{ClientID: oauth2.NewSensitive("shop")}}
		request, err := resolver.TokenRequest(ctx, parts, time.Now())
		Expect(err).NotTo(HaveOccurred())
		Expect(request.URL).To(Equal(issuer + "/token"))
		Expect(request.Metadata.Issuer).To(Equal(issuer))
		Expect(request.Body.Reveal()).To(ContainSubstring("client_assertion=token+of+runner"))
		Expect(source.issued).To(Equal([]string{"shop/runner for idp"}))

		revocation, err := resolver.RevocationRequest(ctx, parts, oauth2.NewSensitive("t0ken"), time.Now())
		Expect(err).NotTo(HaveOccurred())
		Expect(revocation.URL).To(Equal(issuer + "/revoke"))
		Expect(revocation.Body.Reveal()).To(ContainSubstring("token=t0ken"))
	})
})
