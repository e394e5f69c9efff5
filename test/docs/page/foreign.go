package page

// CRDs is the location of CRDs: a folder of a Go module.
type CRDs struct{ Module, Folder string }

// Foreign maps the API groups of other projects to the location of their CRDs. test/ecosystem/manifests
// applies manifests of these kinds.
var Foreign = map[string]CRDs{
	"argoproj.io":                 {"github.com/argoproj/argo-cd/v3@v3.5.7", "manifests/crds"},
	"cert-manager.io":             {"github.com/cert-manager/cert-manager@v1.21.2", "deploy/crds"},
	"helm.toolkit.fluxcd.io":      {"github.com/fluxcd/helm-controller@v1.6.1", "config/crd/bases"},
	"kustomize.toolkit.fluxcd.io": {"github.com/fluxcd/kustomize-controller@v1.9.6", "config/crd/bases"},
	"monitoring.coreos.com":       {"github.com/prometheus-operator/prometheus-operator@v0.93.1", "example/prometheus-operator-crd"},
	"source.toolkit.fluxcd.io":    {"github.com/fluxcd/source-controller@v1.9.6", "config/crd/bases"},
	"trust.cert-manager.io":       {"github.com/cert-manager/trust-manager@v0.25.0", "deploy/crds"},
}
