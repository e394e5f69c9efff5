package hostile_test

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/test/matchers"
)

// hostileObjects is the number of objects that make the same attempt at the same time.
const hostileObjects = 24

// largest is the maximum size of a value in a Secret or ConfigMap. It follows from etcd's limit of 1.5
// MiB for an object and the API server's limit of 1 MiB for the data of a Secret.
const largest = 1000 << 10

// attempt describes what a hostile tenant tries.
type attempt struct {
	// answer is the response of the server; a token by default.
	answer http.HandlerFunc
	// credentials are the keys of the credentials Secret besides client_id and client_secret.
	credentials map[string]string
	// bundle holds CA certificates. bundles is the number of ConfigMaps with different versions of it;
	// 1 by default.
	bundle  string
	bundles int
	// declared is the number of AuthorizationServers that name the bundle too.
	declared int
	// tenants is the number of namespaces that make the same attempt; 1 by default.
	tenants int
	spec    func(spec *v1alpha1.ClientCredentialSpec)
	// servers is the number of servers that the objects use; 2 by default.
	servers int
	// objects is the number of ClientCredentials; hostileObjects by default.
	objects int
}

// prepare creates the objects that the ClientCredentials name.
func (a attempt) prepare(ctx context.Context, t *tenant) {
	GinkgoHelper()
	create(ctx, t.credentials("shared", map[string]string{"client_id": "hostile", "client_secret": "s3cr3t-of-hostile"}))
	edit(ctx, t.credentials("shared", nil), func(s *corev1.Secret) {
		s.StringData = a.credentials
	})
	if a.bundle == "" {
		return
	}
	for i := range max(a.bundles, 1) {
		create(ctx, &corev1.ConfigMap{
			ObjectMeta: t.metadata(fmt.Sprintf("bundle-%d", i)), Data: map[string]string{"ca.crt": fmt.Sprintf("version %d\n", i) + a.bundle},
		})
	}
	for i := range a.declared {
		create(ctx, &v1alpha1.AuthorizationServer{ObjectMeta: t.metadata(fmt.Sprintf("declared-%d", i)), Spec: v1alpha1.AuthorizationServerSpec{
			TokenEndpoint: "https://idp.example.com/token", TLS: a.trusting(i),
		}})
	}
}

// trusting returns a TLSClient that names bundle i.
func (a attempt) trusting(i int) *v1alpha1.TLSClient {
	return &v1alpha1.TLSClient{CABundleRef: &v1alpha1.CABundleReference{Name: fmt.Sprintf("bundle-%d", i%max(a.bundles, 1))}}
}

// lateOrTogether answers a request after two seconds, or as soon as the given number of requests are in
// flight.
func lateOrTogether(number int64, answer http.HandlerFunc) http.HandlerFunc {
	gathered := together(number, answer)
	return func(rw http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
		defer cancel()
		gathered(httptest.NewRecorder(), r.WithContext(ctx))
		answer(rw, r)
	}
}

// together answers a request only once the given number of requests are in flight.
func together(number int64, answer http.HandlerFunc) http.HandlerFunc {
	var underWay atomic.Int64
	all := make(chan struct{})
	return func(rw http.ResponseWriter, r *http.Request) {
		if underWay.Add(1) == number {
			close(all)
		}
		select {
		case <-all:
			answer(rw, r)
		case <-r.Context().Done():
		}
	}
}

var _ = DescribeTable("The memory limit holds when a tenant tries",
	func(ctx SpecContext, a attempt) {
		var namespaces []string
		var tenants []*tenant
		for range max(a.tenants, 1) {
			t := newTenant(ctx)
			a.prepare(ctx, t)
			tenants, namespaces = append(tenants, t), append(namespaces, t.namespace)
		}
		answer := a.answer
		if answer == nil {
			answer = answers(http.StatusOK, `{"access_token": "token", "expires_in": 3600}`)
		}
		objects := cmp.Or(a.objects, hostileObjects)
		var servers []*hostileServer
		for range max(a.servers, 2) {
			servers = append(servers, newHostileServer(answer))
		}
		p := startProcess(namespaces...)
		idle := p.peakMemory()
		for _, t := range tenants {
			for i := range objects {
				create(ctx, t.clientCredential(fmt.Sprintf("hostile-%d", i), servers[i%len(servers)].URL, func(spec *v1alpha1.ClientCredentialSpec) {
					spec.CredentialsRef.Name = "shared"
					if a.bundle != "" {
						spec.AuthorizationServer.TLS = a.trusting(i)
					}
					if a.spec != nil {
						a.spec(spec)
					}
				}))
			}
		}
		for _, t := range tenants {
			Eventually(func(g Gomega) {
				asking := &v1alpha1.ClientCredentialList{}
				g.Expect(apiServer.List(ctx, asking, client.InNamespace(t.namespace))).To(Succeed())
				g.Expect(asking.Items).To(HaveEach(HaveField("Status.Conditions", Not(BeEmpty()))))
				if a.declared > 0 {
					declared := &v1alpha1.AuthorizationServerList{}
					g.Expect(apiServer.List(ctx, declared, client.InNamespace(t.namespace))).To(Succeed())
					g.Expect(declared.Items).To(HaveEach(HaveField("Status.Conditions", matchers.HaveCondition("Ready", "True", "Usable"))))
				}
			}).WithTimeout(eventuallyIn).WithPolling(100 * time.Millisecond).Should(Succeed())
		}
		Expect(p.ExitCode()).To(Equal(-1), "the process still runs")
		Expect(p.probe("/healthz")).To(Equal(http.StatusOK))
		peak := p.peakMemory()
		_, _ = fmt.Fprintf(GinkgoWriter, "%s: %d MiB idle, %d MiB at most, %.1f s of CPU\n", CurrentSpecReport().LeafNodeText, idle, peak, p.cpuSeconds())
		Expect(peak).To(BeNumerically("<", memoryLimit))
	},
	Entry("nothing unusual", attempt{}),
	Entry("a token of 250 KiB that 16 fields point to", attempt{
		answer: answers(http.StatusOK, `{"access_token": "`+strings.Repeat("t", 250<<10)+`", "expires_in": 3600}`),
		spec:   withFields(16),
	}),
	Entry("100 concurrent requests whose responses of 250 KiB fill three fields each", attempt{
		answer: together(100, answers(http.StatusOK, `{"access_token": "`+strings.Repeat("t", 230<<10)+`", "expires_in": 3600}`)),
		spec:   withFields(3), servers: 8, objects: 128,
	}),
	Entry("100 concurrent requests with a credentials Secret of 250 KiB in 32 parameters", attempt{
		answer: together(100, answers(http.StatusOK, `{"access_token": "token", "expires_in": 3600}`)),
		credentials: map[string]string{
			"a": strings.Repeat("é", 31<<10), "b": strings.Repeat("é", 31<<10), "c": strings.Repeat("é", 31<<10), "d": strings.Repeat("é", 31<<10),
		},
		spec: func(spec *v1alpha1.ClientCredentialSpec) {
			for i := range 32 {
				spec.Parameters = append(spec.Parameters, v1alpha1.Parameter{
					Name: fmt.Sprintf("p%d", i), Template: fmt.Sprintf("{{ .%c | trunc 2800 }}", 'a'+i%4),
				})
			}
		},
		servers: 8, objects: 128,
	}),
	Entry("an error with a description of 250 KiB", attempt{
		answer: answers(http.StatusUnauthorized, `{"error": "invalid_client", "error_description": "`+strings.Repeat("word ", 50<<10)+`"}`),
	}),
	Entry("a body of 250 KiB with as many values as fit", attempt{
		answer: answers(http.StatusOK, `{"access_token": "token", "expires_in": 3600, "values": [`+strings.Repeat("[],", 80<<10)+`0]}`),
	}),
	Entry("a body of 250 KiB with as many names as fit", attempt{
		answer: answers(http.StatusOK, `{"access_token": "token", "expires_in": 3600`+manyMembers(20_000)+`}`),
	}),
	Entry("a body that is nested as deeply as possible", attempt{
		answer: answers(http.StatusOK, `{"access_token": "token", "expires_in": 3600, "deep": `+strings.Repeat("[", 9_000)+strings.Repeat("]", 9_000)+`}`),
	}),
	Entry("a JSON Web Token of 250 KiB with claims", attempt{
		answer: answers(http.StatusOK, `{"access_token": "eyJhbGciOiJub25lIn0.`+jwtPayload(`{"a": [`+strings.Repeat("{},", 60<<10)+`0]}`)+`.c2ln", "expires_in": 3600}`),
	}),
	Entry("a credentials Secret of 1000 KiB in a header", attempt{
		credentials: map[string]string{"large": strings.Repeat("x", largest)},
		spec: func(spec *v1alpha1.ClientCredentialSpec) {
			spec.AuthorizationServer.Request = &v1alpha1.TokenRequest{Headers: []v1alpha1.RequestHeader{{Name: "X-Large", Template: "{{ .large }}"}}}
		},
	}),
	Entry("a credentials Secret of 1000 KiB in 32 parameters", attempt{
		credentials: map[string]string{"large": strings.Repeat("x", largest)},
		spec: func(spec *v1alpha1.ClientCredentialSpec) {
			for i := range 32 {
				spec.Parameters = append(spec.Parameters, v1alpha1.Parameter{Name: fmt.Sprintf("p%d", i), SecretKey: "large"})
			}
		},
	}),
	Entry("a credentials Secret of 1000 KiB of JSON in 32 parameters", attempt{
		credentials: map[string]string{"large": "[" + strings.Repeat("[],", largest/3-1) + "0]"},
		spec: func(spec *v1alpha1.ClientCredentialSpec) {
			spec.AuthorizationServer.Request = &v1alpha1.TokenRequest{Encoding: "JSON"}
			for i := range 32 {
				spec.Parameters = append(spec.Parameters, v1alpha1.Parameter{Name: fmt.Sprintf("p%d", i), SecretKey: "large", Type: "JSON"})
			}
		},
	}),
	Entry("a client secret of 1000 KiB", attempt{
		credentials: map[string]string{"client_secret": strings.Repeat("x", largest)},
	}),
	Entry("a private key of 1000 KiB", attempt{
		credentials: map[string]string{"private_key": pemOf("PRIVATE KEY", 700<<10)},
		spec: func(spec *v1alpha1.ClientCredentialSpec) {
			spec.AuthorizationServer.ClientAuthentication = &v1alpha1.ClientAuthentication{Method: v1alpha1.PrivateKeyJWT}
		},
	}),
	Entry("a client certificate of 1000 KiB", attempt{
		credentials: map[string]string{"tls.crt": pemOf("CERTIFICATE", 350<<10), "tls.key": pemOf("RSA PRIVATE KEY", 350<<10)},
		spec: func(spec *v1alpha1.ClientCredentialSpec) {
			spec.AuthorizationServer.ClientAuthentication = &v1alpha1.ClientAuthentication{Method: v1alpha1.TLSClientAuth}
		},
	}),
	Entry("a CA bundle of 1000 KiB", attempt{bundle: pemOf("CERTIFICATE", 700<<10)}),
	Entry("300 AuthorizationServers that name a CA bundle of 500 KiB", attempt{bundle: manyAuthorities(500 << 10), declared: 300}),
	Entry("requests of two namespaces with 16 CA bundles of 500 KiB each, at slow servers", attempt{
		answer: lateOrTogether(200, answers(http.StatusOK, `{"access_token": "token", "expires_in": 3600}`)),
		bundle: manyAuthorities(500 << 10), bundles: 16, tenants: 2, servers: 8, objects: 128,
	}),
	Entry("100 concurrent requests with a client certificate of 60 KiB full of names, and a key of 60 KiB", attempt{
		answer:      together(100, answers(http.StatusOK, `{"access_token": "token", "expires_in": 3600}`)),
		credentials: certificateWith(14_000),
		spec: func(spec *v1alpha1.ClientCredentialSpec) {
			spec.AuthorizationServer.ClientAuthentication = &v1alpha1.ClientAuthentication{Method: v1alpha1.TLSClientAuth}
		},
		servers: 8, objects: 128,
	}),
	Entry("100 concurrent requests with a set of 100 private keys of 60 KiB", attempt{
		answer:      together(100, answers(http.StatusOK, `{"access_token": "token", "expires_in": 3600}`)),
		credentials: map[string]string{"private_key": manyKeys(100, 60<<10)},
		spec: func(spec *v1alpha1.ClientCredentialSpec) {
			spec.AuthorizationServer.ClientAuthentication = &v1alpha1.ClientAuthentication{
				Method: v1alpha1.PrivateKeyJWT, Assertion: &v1alpha1.Assertion{KeyID: "7"},
			}
		},
		servers: 8, objects: 128,
	}),
	Entry("templates with the maximum output", attempt{
		spec: func(spec *v1alpha1.ClientCredentialSpec) {
			spec.Target = &v1alpha1.TokenTarget{Template: &v1alpha1.TokenSecretTemplate{Data: map[string]string{}}}
			for i := range 16 {
				spec.Target.Template.Data[fmt.Sprintf("key%d", i)] = `{{ repeat 60000 "x" }}`
			}
		},
	}),
	Entry("scopes and parameters of the maximum size", attempt{
		spec: func(spec *v1alpha1.ClientCredentialSpec) {
			for i := range 25 {
				spec.Scopes = append(spec.Scopes, fmt.Sprintf("%d", i)+strings.Repeat("s", 2000))
			}
			for i := range 32 {
				spec.Parameters = append(spec.Parameters, v1alpha1.Parameter{Name: fmt.Sprintf("p%d", i), Template: `{{ repeat 60000 "x" }}`})
			}
		},
	}),
	Entry("a spec of the maximum size", attempt{
		spec: func(spec *v1alpha1.ClientCredentialSpec) {
			spec.Scopes = manyScopes()
			spec.Target = &v1alpha1.TokenTarget{Template: &v1alpha1.TokenSecretTemplate{Data: map[string]string{}}}
			for i := range 16 {
				spec.Target.Template.Data[fmt.Sprintf("key%d", i)] = strings.Repeat("ß", 16_000)
			}
		},
	}),
	Entry("an issuer with metadata of 250 KiB", attempt{
		answer: func(rw http.ResponseWriter, r *http.Request) {
			if strings.Contains(r.URL.Path, "/.well-known/") {
				issuer := "http://" + r.Host
				_, _ = fmt.Fprintf(rw, `{"issuer": %q, "token_endpoint": %q, "grant_types_supported": [%s"x"]}`,
					issuer, issuer+"/token", strings.Repeat(`"x",`, 60<<10))
				return
			}
			answers(http.StatusOK, `{"access_token": "token", "expires_in": 3600}`)(rw, r)
		},
		servers: hostileObjects,
		spec: func(spec *v1alpha1.ClientCredentialSpec) {
			spec.AuthorizationServer.Issuer, spec.AuthorizationServer.TokenEndpoint = spec.AuthorizationServer.TokenEndpoint, ""
		},
	}),
)

func manyMembers(count int) string {
	var members strings.Builder
	for i := range count {
		fmt.Fprintf(&members, `, "%d": 0`, i)
	}
	return members.String()
}

// pemOf returns a PEM block of the given number of bytes, which begin like DER but are invalid.
func pemOf(kind string, size int) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: []byte("\x30\x84" + strings.Repeat("\x02\x01\x00", size/3))}))
}

func jwtPayload(claims string) string { return base64.RawURLEncoding.EncodeToString([]byte(claims)) }
