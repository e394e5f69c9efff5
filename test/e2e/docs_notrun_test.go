//go:build e2e

package e2e_test

const (
	publishes = "it needs a registry, or published artifacts"
	otherSpec = "the spec for kustomize does the same"
	developer = "it is for this repository, and CI runs it"
)

// notRun lists the blocks that are not run here, with the reasons.
var notRun = map[command]string{
	{"README.md", "make demo   # see tokens appear and renew"}:                                                                                 developer,
	{"README.md", "helm upgrade --install tokensync oci://ghcr.io/tokensync/charts/tokensync --namespace tokensync-system --create-namespace"}: "docs/install.md has the same command",

	{"CONTRIBUTING.md", "go test ./internal/..."}:                              developer,
	{"CONTRIBUTING.md", `export KUBEBUILDER_ASSETS="$(go run ./hack/assets)"`}: developer,
	{"CONTRIBUTING.md", `export KUBECONFIG="$PWD/bin/kind.kubeconfig"`}:        "it needs a container runtime, and runs this suite",
	{"CONTRIBUTING.md", `hack/test-e2e.sh -ginkgo.focus='A deletion'`}:         "it runs this suite",

	{"docs/alerts.md", "kubectl get servicemonitors -n tokensync-system"}: "it needs prometheus-operator",

	{"docs/argo-cd.md", "kubectl wait --for=jsonpath='{.status.health.status}'=Healthy application/tokensync --namespace argocd --timeout=5m"}: "it needs Argo CD",
	{"docs/backup-and-restore.md", "velero backup create my-namespace --include-namespaces default"}:                                           "it needs Velero",
	{"docs/flux.md", "kubectl wait --for=condition=Ready helmrelease/tokensync --namespace tokensync-system --timeout=5m"}:                     "it needs Flux",

	{"docs/kubectl-plugin.md", "curl -fsSLO https://github.com/tokensync/tokensync/releases/download/v0.1.0/kubectl-tokensync_v0.1.0_linux_amd64.tar.gz"}: publishes,
	{"docs/kubectl-plugin.md", "make build-plugin"}: "the suite has already built it, and installs nothing into /usr/local/bin",

	{"docs/no-stored-secret.md", `az ad app federated-credential create --id 11111111-2222-3333-4444-555555555555 --parameters '{"name": "my-api", "issuer": "https://oidc.example.com/my-cluster", "subject": "system:serviceaccount:default:my-api", "audiences": ["api://AzureADTokenExchange"]}'`}: "it needs Entra ID",

	{"docs/vendor-not-listed.md", `curl https://api.parcels.example.com/v2/session \`}: "the server does not exist; internal/profile compares the command with the declaration",

	{"docs/install.md", "kubectl apply -f https://github.com/tokensync/tokensync/releases/download/v0.1.0/install.yaml"}:                      publishes,
	{"docs/install.md", "make docker-build IMG=registry.example.com/tokensync:dev"}:                                                           publishes,
	{"docs/install.md", "kubectl apply -k ."}:                                                                                                 "its kustomization names published files; test/docs builds it",
	{"docs/install.md", "identity=https://github.com/tokensync/tokensync/.github/workflows/release.yaml@refs/tags/v0.1.0"}:                    publishes,
	{"docs/install.md", `cosign verify-attestation --type spdxjson --certificate-identity "$identity" --certificate-oidc-issuer "$issuer" \`}: publishes,
	{"docs/install.md", "cosign verify-blob --bundle checksums.txt.sigstore.json \\"}:                                                         publishes,
	{"docs/install.md", "gh attestation verify --repo tokensync/tokensync oci://ghcr.io/tokensync/tokensync:v0.1.0"}:                          publishes,
	{"docs/install.md", "kubectl delete -f dist/install.yaml --selector 'app.kubernetes.io/component!=crd'"}:                                  otherSpec,
	{"docs/install.md", "make install run"}:                                                                                                   "it does not end",
}
