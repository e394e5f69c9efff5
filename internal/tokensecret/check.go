package tokensecret

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/problem"
	"github.com/tokensync/tokensync/internal/template"
)

// reserved matches labels and annotations by which other tools recognize their objects.
var reserved = regexp.MustCompile(`^([^/]*[.-])?(kubernetes[.]io|k8s[.]io|tokensync[.]dev|argoproj[.]io|fluxcd[.]io|helm[.]sh)/`)

// descriptive matches the recommended Kubernetes labels that a template may set. It excludes instance, which
// Argo CD uses for tracking, and managed-by, which the operator sets.
var descriptive = regexp.MustCompile(`^app[.]kubernetes[.]io/(name|component|part-of|version)$`)

// argoCDSecretTypeLabel is reserved, except for the values in argoCDSecretTypes. With these values, the
// Secret holds the credentials of a repository.
const argoCDSecretTypeLabel = "argocd.argoproj.io/secret-type"

var argoCDSecretTypes = []string{"repository", "repo-creds"}

// helmRelease is the name prefix of the Secrets in which Helm stores its releases.
const helmRelease = "sh.helm.release."

// Check returns the problem with the target of a ClientCredential; nil if the target is valid. Admission
// denies most mistakes, but an object may be older than the admission rules.
func Check(owner *v1alpha1.ClientCredential) *problem.Problem {
	wanted := owner.TargetTemplate()
	if strings.HasPrefix(owner.TargetName(), helmRelease) {
		return invalid("spec.target.name: Secrets called %s* are Helm's releases: set another name", helmRelease)
	}
	if wanted.Type != "" && !slices.Contains(v1alpha1.TokenSecretTypes, wanted.Type) {
		return invalid("spec.target.template.type %q has a meaning for Kubernetes or another tool: use one of %q", wanted.Type, v1alpha1.TokenSecretTypes)
	}
	if metadata := wanted.Metadata; metadata != nil {
		for _, key := range slices.Sorted(maps.Keys(metadata.Labels)) {
			if !mayLabel(key, metadata.Labels[key]) {
				return invalid("spec.target.template.metadata.labels: %s=%s is reserved: remove it", key, metadata.Labels[key])
			}
			if faults := validation.IsValidLabelValue(metadata.Labels[key]); len(faults) > 0 {
				return invalid("spec.target.template.metadata.labels[%q]: %s", key, strings.Join(faults, "; "))
			}
		}
		for _, key := range slices.Sorted(maps.Keys(metadata.Annotations)) {
			if reserved.MatchString(key) {
				return invalid("spec.target.template.metadata.annotations: %s is reserved: remove it", key)
			}
		}
	}
	return checkData(owner)
}

func mayLabel(key, value string) bool {
	switch key {
	case v1alpha1.UsageLabel:
		return true
	case argoCDSecretTypeLabel:
		return slices.Contains(argoCDSecretTypes, value)
	case "owner":
		// Helm finds its releases by this label.
		return value != "helm"
	}
	return !reserved.MatchString(key) || descriptive.MatchString(key)
}

func checkData(owner *v1alpha1.ClientCredential) *problem.Problem {
	for _, key := range templateKeys(owner) {
		if slices.Contains(tokenKeys, key) {
			return invalid("spec.target.template.data[%q]: the operator writes that key: use another key", key)
		}
		if err := template.Check(owner.TargetTemplate().Data[key]); err != nil {
			return templateError(key, err)
		}
	}
	return nil
}
