package states_test

import (
	"os"
	"path/filepath"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

// kinds are the kinds that the health script supports.
var kinds = []string{"ClientCredential", "AuthorizationServer", "ClusterAuthorizationServer"}

// conditionsOf returns conditions from pairs "Type=Status". The message of each condition is its type.
func conditionsOf(pairs ...string) []any {
	var list []any
	for _, pair := range pairs {
		conditionType, status, _ := strings.Cut(pair, "=")
		list = append(list, map[string]any{"type": conditionType, "status": status, "message": conditionType})
	}
	return list
}

// observedObject returns an object whose generation 2 was observed.
func observedObject(spec map[string]any, conditions any) map[string]any {
	return map[string]any{
		"metadata": map[string]any{"generation": int64(2)}, "spec": spec,
		"status": map[string]any{"observedGeneration": int64(2), "conditions": conditions},
	}
}

var _ = Describe("The health that Argo CD shows", func() {
	const unseen = "the operator has not seen this spec yet"
	suspend := map[string]any{"suspend": true}

	DescribeTable("for every kind is", func(expected health, object map[string]any) {
		Expect(argoHealth(object)).To(Equal(expected))
	},
		Entry("Healthy when it is Ready", health{healthy, "Ready"}, observedObject(nil, conditionsOf("Ready=True"))),
		Entry("Progressing when it is retried", health{progressing, "Reconciling"},
			observedObject(nil, conditionsOf("Ready=False", "Reconciling=True"))),
		Entry("Degraded when it needs a change", health{degraded, "Stalled"},
			observedObject(nil, conditionsOf("Ready=False", "Stalled=True"))),
		Entry("Degraded in any order of the conditions", health{degraded, "Stalled"},
			observedObject(nil, conditionsOf("Stalled=True", "Ready=True"))),
		Entry("Healthy when the other conditions are not True", health{healthy, "Ready"},
			observedObject(nil, conditionsOf("Stalled=False", "Reconciling=Unknown", "Ready=True"))),
		Entry("Progressing when Ready is Unknown", health{progressing, "Ready"}, observedObject(nil, conditionsOf("Ready=Unknown"))),
		Entry("Progressing when it is being deleted", health{progressing, "it is being deleted"}, map[string]any{
			"metadata": map[string]any{"generation": int64(2), "deletionTimestamp": "2026-01-01T00:00:00Z"},
			"status":   map[string]any{"observedGeneration": int64(2), "conditions": conditionsOf("Ready=True")},
		}),
		Entry("Progressing when the operator has not seen the newest spec", health{progressing, unseen}, map[string]any{
			"metadata": map[string]any{"generation": int64(3)},
			"status":   map[string]any{"observedGeneration": int64(2), "conditions": conditionsOf("Ready=True")},
		}),
		Entry("Progressing with its initial status", health{progressing, unseen}, map[string]any{
			"metadata": map[string]any{"generation": int64(1)}, "status": map[string]any{"observedGeneration": int64(-1)},
		}),
		Entry("Progressing without a status", health{progressing, unseen}, map[string]any{"metadata": map[string]any{"generation": int64(1)}}),
		Entry("Progressing without an observed generation", health{progressing, unseen},
			map[string]any{"metadata": map[string]any{}, "status": map[string]any{"conditions": conditionsOf("Ready=True")}}),
		Entry("Progressing when the object is empty", health{progressing, unseen}, map[string]any{}),
		Entry("Progressing without conditions", health{progressing, ""}, observedObject(nil, nil)),
		Entry("Progressing without a condition", health{progressing, ""}, observedObject(nil, []any{})),
		Entry("Progressing when its status is a string", health{progressing, unseen}, map[string]any{"metadata": "none", "status": "none"}),
		Entry("Progressing when its conditions are a string", health{progressing, ""}, observedObject(nil, "none")),
		Entry("Progressing with invalid conditions", health{progressing, ""},
			observedObject(nil, []any{"none", int64(1), map[string]any{}, map[string]any{"status": "True"}, map[string]any{"type": "Ready"}})),
		Entry("Degraded without a message", health{degraded, ""},
			observedObject(nil, []any{map[string]any{"type": "Stalled", "status": "True"}})),
	)

	DescribeTable("for a ClientCredential is", func(expected health, object map[string]any) {
		Expect(argoHealth(object)).To(Equal(expected))
	},
		Entry("Healthy while its renewal fails and is retried", health{healthy, "RenewalFailing"},
			observedObject(nil, conditionsOf("Ready=True", "RenewalFailing=True"))),
		Entry("Healthy while the lifetime of its token is assumed", health{healthy, "LifetimeUnknown"},
			observedObject(nil, conditionsOf("Ready=True", "LifetimeUnknown=True"))),
		Entry("Healthy while its renewal fails and its lifetime is assumed", health{healthy, "RenewalFailing"},
			observedObject(nil, conditionsOf("Ready=True", "LifetimeUnknown=True", "RenewalFailing=True"))),
		Entry("Progressing while there is no token, even if the lifetime is unknown", health{progressing, "Reconciling"},
			observedObject(nil, conditionsOf("Ready=False", "Reconciling=True", "LifetimeUnknown=True"))),
		Entry("Degraded when its renewal needs a change", health{degraded, "Stalled"},
			observedObject(nil, conditionsOf("Ready=True", "Stalled=True", "RenewalFailing=True"))),
		Entry("Suspended when it is suspended with a token", health{suspended, "Ready"}, observedObject(suspend, conditionsOf("Ready=True"))),
		Entry("Suspended when it is suspended without a token", health{suspended, "Ready"},
			observedObject(suspend, conditionsOf("Ready=False", "Stalled=True"))),
		Entry("Healthy when spec.suspend is false", health{healthy, "Ready"},
			observedObject(map[string]any{"suspend": false}, conditionsOf("Ready=True"))),
		Entry("Progressing when the operator has not seen spec.suspend", health{progressing, unseen},
			map[string]any{"metadata": map[string]any{"generation": int64(1)}, "spec": suspend}),
	)
})

var _ = Describe("The configuration of Argo CD", func() {
	It("holds the health script for each kind, under the key that Argo CD reads", func() {
		expectFile(filepath.Join("config", "argocd", "argocd-cm.yaml"), argocdPatch())
	})

	It("is added to the ConfigMap argocd-cm by kustomize", func() {
		files := filesys.MakeFsInMemory()
		Expect(files.WriteFile("/argocd/argocd-cm.yaml", []byte(
			"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: argocd-cm, namespace: argocd}\ndata: {url: https://argocd.example.com}\n"))).To(Succeed())
		Expect(files.WriteFile("/argocd/kustomization.yaml", []byte("resources: [argocd-cm.yaml]\ncomponents: [../tokensync]\n"))).To(Succeed())
		for _, name := range []string{"kustomization.yaml", "argocd-cm.yaml"} {
			raw, err := os.ReadFile(filepath.Join(root, "config", "argocd", name))
			Expect(err).NotTo(HaveOccurred())
			Expect(files.WriteFile("/tokensync/"+name, raw)).To(Succeed())
		}
		built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(files, "/argocd")
		Expect(err).NotTo(HaveOccurred())
		Expect(built.Resources()).To(HaveLen(1))
		script, err := os.ReadFile(healthScript)
		Expect(err).NotTo(HaveOccurred())
		Expect(built.Resources()[0].GetDataMap()).To(Equal(map[string]string{
			"url":                                   "https://argocd.example.com",
			healthKey("ClientCredential"):           string(script),
			healthKey("AuthorizationServer"):        string(script),
			healthKey("ClusterAuthorizationServer"): string(script),
		}))
	})
})

// healthKey returns the key from which Argo CD reads a health script.
func healthKey(kind string) string {
	return "resource.customizations.health." + v1alpha1.GroupVersion.Group + "_" + kind
}

// argocdPatch returns the patch for Argo CD's ConfigMap that adds the health script.
func argocdPatch() string {
	GinkgoHelper()
	script, err := os.ReadFile(healthScript)
	Expect(err).NotTo(HaveOccurred())
	out := strings.Builder{}
	out.WriteString("# Written by \"make generate-states\" from health.lua. Do not edit.\n")
	out.WriteString("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: argocd-cm\ndata:\n")
	for _, kind := range kinds {
		out.WriteString("  " + healthKey(kind) + ": |\n")
		for line := range strings.Lines(string(script)) {
			if line != "\n" {
				out.WriteString("    ")
			}
			out.WriteString(line)
		}
	}
	return out.String()
}
