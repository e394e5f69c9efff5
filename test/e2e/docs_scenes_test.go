//go:build e2e

package e2e_test

// scene holds the requirements of a page besides a namespace and the ClientCredential my-api.
type scene struct {
	// empty leaves out the ClientCredential and its Secret, because the page creates them.
	empty bool
	// before runs before the page. after runs after it, even if the page fails.
	before, after string
	// instead holds words of the page, each followed by its replacement.
	instead []string
}

// everywhere returns words of all pages, each followed by its replacement.
func everywhere(namespace string) []string {
	repository, tag := splitImage(environment.nextImage)
	chart := "charts/tokensync --set image.repository=" + repository + " --set-string image.tag=" + tag
	return []string{
		"oci://ghcr.io/tokensync/charts/tokensync", chart,
		"tokensync charts/tokensync", "tokensync " + chart,
		"busybox:1.37", environment.busybox,
		issuerURL, issuerInCluster,
		"namespace: default", "namespace: " + namespace,
		"-n default", "-n " + namespace,
		"serviceaccount=default:", "serviceaccount=" + namespace + ":",
	}
}

const (
	issuerURL       = "https://idp.example.com/oauth2/token"
	issuerInCluster = "http://issuer." + issuerNamespace + ":8080/cgi-bin/token"
	// issuerByTLS reaches the same issuer through the API server, whose certificate is signed by a
	// private CA.
	issuerByTLS = "https://kubernetes.default.svc/api/v1/namespaces/" + issuerNamespace + "/services/issuer:8080/proxy/cgi-bin/token"
)

// scenes holds the pages that need more than the default.
var scenes = map[string]scene{
	"README.md":                  {empty: true},
	"charts/tokensync/README.md": {empty: true},
	"docs/install.md":            {empty: true},
	"docs/tutorial.md":           {empty: true},
	"docs/alerts.md": {instead: []string{
		"NAME", "my-api",
		"-n NAMESPACE", "",
		// No container has restarted, so there is no previous log.
		"--previous", "",
		"kubectl rollout restart ", "restart() { kubectl rollout restart \"$@\"; settle; }\nrestart ",
	}},
	"docs/argo-cd.md": {
		before:  "kubectl create configmap argocd-cm\n",
		instead: []string{"-n argocd", ""},
	},
	"docs/authorization-servers.md": {
		instead: []string{"NAME", "my-api"},
		after:   "kubectl delete clusterauthorizationserver corporate --ignore-not-found",
	},
	"docs/kubectl-plugin.md": {
		before: `
kubectl port-forward -n ` + issuerNamespace + ` service/issuer 18080:8080 >/dev/null &
until curl --silent --output /dev/null http://127.0.0.1:18080; do sleep 0.2; done
sed -i.bak 's#http://.*:8080#http://127.0.0.1:18080#' my-api.yaml
`,
		instead: []string{
			"/usr/local/bin/", "./",
			"check -f my-api.yaml", "check -f my-api.yaml --allow-http --allowed-cidrs=127.0.0.0/8",
		},
	},
	"docs/metrics.md": {
		instead: []string{"metrics-service 8443\n", "metrics-service 8443 >/dev/null &\n" +
			"until curl --insecure --silent --output /dev/null https://localhost:8443; do sleep 0.2; done\n"},
		after: "kubectl delete clusterrolebinding prometheus-reads-tokensync metrics-reader",
	},
	"docs/no-stored-secret.md": {
		empty: true,
		instead: []string{
			"https://login.microsoftonline.com/00000000-1111-2222-3333-444444444444/oauth2/v2.0/token", issuerInCluster,
			"https://keycloak.example.com/realms/shop/protocol/openid-connect/token", issuerInCluster,
		},
		after: "kubectl delete clusterrolebinding service-account-issuer-discovery\n" +
			"helm upgrade tokensync charts/tokensync --namespace tokensync-system --reset-then-reuse-values --set serviceAccountTokens=false",
	},
	"docs/operations.md": {instead: []string{
		// Other namespaces have ClientCredentials too.
		"--all -A ", "--all ",
	}},
	"docs/private-ca.md": {
		empty: true,
		before: "kubectl apply -f my-client.yaml\n" +
			"kubectl create role issuer --namespace " + issuerNamespace + " --verb=create --resource=services/proxy\n" +
			"kubectl create rolebinding issuer --namespace " + issuerNamespace + " --role=issuer --group=system:unauthenticated\n" +
			"kubectl get configmap kube-root-ca.crt -o jsonpath='{.data.ca\\.crt}' >ca.crt\n" +
			"server=$(kubectl config view --minify -o jsonpath='{.clusters[0].cluster.server}')\n" +
			// The address of the API server is denied by default. Here it is the address of the token endpoint.
			"address=$(kubectl get service kubernetes --namespace default -o jsonpath='{.spec.clusterIP}')\n" +
			"helm upgrade tokensync charts/tokensync --namespace tokensync-system --reset-then-reuse-values --set \"allowedCIDRs={$address/32}\"\n" +
			"settle\n",
		instead: []string{
			issuerURL, issuerByTLS,
			"-connect idp.example.com:443", "-connect ${server#https://}",
			"idp.example.com", "kubernetes.default.svc",
		},
		after: "kubectl delete clusterauthorizationserver corporate\n" +
			"kubectl delete configmap corporate-ca --namespace tokensync-system\n" +
			"helm upgrade tokensync charts/tokensync --namespace tokensync-system --reset-then-reuse-values --set allowedCIDRs=null",
	},
	"docs/private-key-jwt.md": {
		empty: true,
		instead: []string{
			"https://login.microsoftonline.com/00000000-1111-2222-3333-444444444444/oauth2/v2.0/token", issuerInCluster,
		},
	},
	"docs/token-secret.md":      {instead: []string{"name: my-api", "name: shop", "cc/my-api", "cc/shop"}},
	"docs/vendor-not-listed.md": {instead: []string{"https://api.parcels.example.com/v2/session", issuerInCluster}},
}
