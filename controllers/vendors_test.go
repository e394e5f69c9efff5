package controllers_test

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/test/authserver"
)

// vendor is a row of the table of supported vendors: the spec, the expected request parameters, and the
// expected data of the Secret.
type vendor struct {
	server    v1alpha1.AuthorizationServerSpec
	path      string
	clientID  string // instead of a credentials Secret
	scopes    []string
	received  map[string]string
	basic     bool
	tokenType string
	lifetime  time.Duration
	scope     string
}

func method(m v1alpha1.ClientAuthenticationMethod) *v1alpha1.ClientAuthentication {
	return &v1alpha1.ClientAuthentication{Method: m}
}

var _ = DescribeTable("A token comes from", func(ctx SpecContext, v vendor) {
	w := newWorld(ctx)
	clientCredential := w.clientCredential("shop")
	clientCredential.Spec.AuthorizationServer = v.server.DeepCopy()
	clientCredential.Spec.AuthorizationServer.TokenEndpoint = w.server.URL + v.path
	clientCredential.Spec.Scopes = v.scopes
	clientID := "shop"
	if v.clientID != "" {
		clientID = v.clientID
		clientCredential.Spec.ClientID, clientCredential.Spec.CredentialsRef = v.clientID, nil
	} else {
		create(ctx, w.shopCredentials())
	}
	create(ctx, clientCredential)
	secret := w.eventuallyReady(ctx, "shop")

	Expect(w.server.IsActive(string(secret.Data["access_token"]))).To(BeTrue())
	Expect(string(secret.Data["token_type"])).To(Equal(v.tokenType))
	Expect(string(secret.Data["expires_at"])).To(Equal(w.clock.Now().Add(v.lifetime).UTC().Format(time.RFC3339)))
	Expect(w.get(ctx, "shop")(Default).Status.Token.Scope).To(Equal(v.scope))
	requests := w.server.Requests(clientID)
	Expect(requests).To(HaveLen(1))
	Expect(requests[0].Parameters).To(Equal(v.received))
	if v.basic {
		Expect(requests[0].Header).To(HaveKey("Authorization"))
	} else {
		Expect(requests[0].Header).NotTo(HaveKey("Authorization"))
	}
	Expect(requests[0].Header.Get("Accept")).To(Equal("application/json"))
},
	Entry("any server that follows RFC 6749", vendor{
		path: authserver.RFC6749Path, basic: true, scopes: []string{"read", "write"},
		received:  map[string]string{"grant_type": "client_credentials", "scope": "read write"},
		tokenType: "Bearer", lifetime: time.Hour, scope: "read write",
	}),
	Entry("any server that follows RFC 6749, with the secret in the body", vendor{
		server: v1alpha1.AuthorizationServerSpec{ClientAuthentication: method(v1alpha1.ClientSecretPost)},
		path:   authserver.RFC6749Path,
		received: map[string]string{
			"grant_type": "client_credentials", "client_id": "shop", "client_secret": "s3cr3t-of-the-shop",
		},
		tokenType: "Bearer", lifetime: time.Hour,
	}),
	Entry("fabric", vendor{
		server: v1alpha1.AuthorizationServerSpec{Profile: "Fabric"}, path: authserver.FabricPath,
		received: map[string]string{
			"grant_type": "client_credentials", "client_id": "shop", "client_secret": "s3cr3t-of-the-shop",
		},
		tokenType: "bearer", lifetime: time.Hour,
	}),
	Entry("Elastic Path", vendor{
		server: v1alpha1.AuthorizationServerSpec{Profile: "ElasticPath"}, path: authserver.ElasticPathPath,
		received: map[string]string{
			"grant_type": "client_credentials", "client_id": "shop", "client_secret": "s3cr3t-of-the-shop",
		},
		tokenType: "Bearer", lifetime: time.Hour,
	}),
	Entry("Elastic Path, with the implicit grant: the secret in the Secret is not sent", vendor{
		server: v1alpha1.AuthorizationServerSpec{Profile: "ElasticPathImplicit"}, path: authserver.ElasticPathPath,
		received:  map[string]string{"grant_type": "implicit", "client_id": "shop"},
		tokenType: "Bearer", lifetime: time.Hour,
	}),
	Entry("Commerce Layer, for an integration", vendor{
		server: v1alpha1.AuthorizationServerSpec{Profile: "CommerceLayer"}, path: authserver.CommerceLayerPath,
		received: map[string]string{
			"grant_type": "client_credentials", "client_id": "shop", "client_secret": "s3cr3t-of-the-shop",
		},
		tokenType: "bearer", lifetime: 2 * time.Hour, scope: "market:all",
	}),
	Entry("Commerce Layer, for a sales channel that needs no Secret", vendor{
		server: v1alpha1.AuthorizationServerSpec{
			Profile: "CommerceLayer", ClientAuthentication: method(v1alpha1.ClientAuthenticationNone),
		},
		path: authserver.CommerceLayerPath, clientID: "public", scopes: []string{"market:id:xYZkjABcde"},
		received: map[string]string{
			"grant_type": "client_credentials", "client_id": "public", "scope": "market:id:xYZkjABcde",
		},
		tokenType: "bearer", lifetime: 4 * time.Hour, scope: "market:id:xYZkjABcde",
	}),
	Entry("OroCommerce", vendor{
		server: v1alpha1.AuthorizationServerSpec{Profile: "OroCommerce"}, path: authserver.OroCommercePath,
		received: map[string]string{
			"grant_type": "client_credentials", "client_id": "shop", "client_secret": "s3cr3t-of-the-shop",
		},
		tokenType: "Bearer", lifetime: time.Hour,
	}),
)

var _ = Describe("Credentials", func() {
	It("are trimmed of a byte order mark and of trailing newlines, which is reported once", func(ctx SpecContext) {
		w := newWorld(ctx)
		create(ctx,
			w.credentials("shop", map[string]string{"client_id": "\ufeffshop\n", "client_secret": "s3cr3t-of-the-shop\r\n"}),
			w.clientCredential("shop"))
		w.eventuallyReady(ctx, "shop")
		trimmed := ContainElements(
			And(HavePrefix("Warning CredentialsTrimmed"), ContainSubstring(`key "client_id"`)),
			And(HavePrefix("Warning CredentialsTrimmed"), ContainSubstring(`key "client_secret"`)))
		Eventually(w.eventsSoFar).Should(And(HaveLen(3), trimmed))
		w.within(time.Hour, func(g Gomega) { g.Expect(w.tokenRequests()).To(Equal(2)) })
		w.eventuallyReady(ctx, "shop")
		Expect(w.eventsSoFar()).To(HaveLen(3))
	})

	It("may have other keys, and need no label if the admin does not require it", func(ctx SpecContext) {
		w := newWorld(ctx)
		w.stop()
		w.requireLabel = false
		w.start()
		credentials := w.credentials("shop", map[string]string{"user": "shop", "password": "s3cr3t-of-the-shop"})
		credentials.Labels = nil
		clientCredential := w.clientCredential("shop")
		clientCredential.Spec.CredentialsRef = &v1alpha1.CredentialsReference{
			Name: "shop", ClientIDKey: "user", ClientSecretKey: "password",
		}
		create(ctx, credentials, clientCredential)
		w.eventuallyReady(ctx, "shop")
	})

	It("are not read if the token request does not use them", func(ctx SpecContext) {
		w := newWorld(ctx)
		clientCredential := w.clientCredential("shop")
		clientCredential.Spec.AuthorizationServer.Profile = "ElasticPathImplicit"
		clientCredential.Spec.AuthorizationServer.TokenEndpoint = w.server.URL + authserver.ElasticPathPath
		clientCredential.Spec.ClientID = "public"
		create(ctx, clientCredential)
		w.eventuallyReady(ctx, "shop")
	})

	It("that do not exist yet are used as soon as they are created", func(ctx SpecContext) {
		w := newWorld(ctx)
		create(ctx, w.clientCredential("shop"))
		Eventually(w.eventsSoFar).Should(ContainElement(HavePrefix("Warning CredentialsNotFound")))
		create(ctx, w.shopCredentials())
		w.eventuallyReady(ctx, "shop")
	})

	It("can be shared by several ClientCredentials, each with its own token Secret", func(ctx SpecContext) {
		w := newWorld(ctx)
		create(ctx, w.shopCredentials())
		names := []string{"one", "two", "three"}
		for _, name := range names {
			create(ctx, w.clientCredential(name))
		}
		tokens := map[string]*corev1.Secret{}
		for _, name := range names {
			secret := w.eventuallyReady(ctx, name)
			tokens[string(secret.Data["access_token"])] = secret
		}
		Expect(tokens).To(HaveLen(3))
	})
})
