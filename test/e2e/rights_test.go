//go:build e2e

package e2e_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	authorizationv1 "k8s.io/api/authorization/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/yaml"
)

const serviceAccount = "tokensync-controller-manager"

// may reports whether the API server grants a right to a ServiceAccount. resource may have the form
// resource/subresource. An empty namespace means all namespaces.
func may(ctx context.Context, accountNamespace, account, verb, group, resource, namespace string) bool {
	GinkgoHelper()
	resource, subresource, _ := strings.Cut(resource, "/")
	review := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
		User:   "system:serviceaccount:" + accountNamespace + ":" + account,
		Groups: []string{"system:serviceaccounts", "system:serviceaccounts:" + accountNamespace, "system:authenticated"},
		ResourceAttributes: &authorizationv1.ResourceAttributes{
			Verb: verb, Group: group, Resource: resource, Subresource: subresource, Namespace: namespace,
		},
	}}
	Expect(apiServer.Create(ctx, review)).To(Succeed())
	return review.Status.Allowed
}

// bindings returns the names of the bindings that bind roles to a ServiceAccount.
func bindings(ctx context.Context, namespace, account string) []string {
	GinkgoHelper()
	names := []string{}
	collect := func(name string, subjects []rbacv1.Subject) {
		for _, subject := range subjects {
			if subject.Kind == rbacv1.ServiceAccountKind && subject.Namespace == namespace && subject.Name == account {
				names = append(names, name)
			}
		}
	}
	everywhere, somewhere := &rbacv1.ClusterRoleBindingList{}, &rbacv1.RoleBindingList{}
	Expect(apiServer.List(ctx, everywhere)).To(Succeed())
	Expect(apiServer.List(ctx, somewhere)).To(Succeed())
	for _, binding := range everywhere.Items {
		collect(binding.Name, binding.Subjects)
	}
	for _, binding := range somewhere.Items {
		collect(binding.Namespace+"/"+binding.Name, binding.Subjects)
	}
	return names
}

func rights() {
	It("gives the operator the rights of its role", func(ctx SpecContext) {
		raw, err := os.ReadFile(filepath.Join(root, "config", "rbac", "role.yaml"))
		Expect(err).NotTo(HaveOccurred())
		role := &rbacv1.ClusterRole{}
		Expect(yaml.UnmarshalStrict(raw, role)).To(Succeed())
		Expect(role.Rules).NotTo(BeEmpty())
		for _, rule := range role.Rules {
			Expect(rule.APIGroups).To(HaveLen(1))
			for _, resource := range rule.Resources {
				for _, verb := range rule.Verbs {
					Expect(may(ctx, operatorNamespace, serviceAccount, verb, rule.APIGroups[0], resource, "")).
						To(BeTrue(), "%s %s", verb, resource)
				}
			}
		}
	})

	It("binds no other role to the ServiceAccount of the operator", func(ctx SpecContext) {
		Expect(bindings(ctx, operatorNamespace, serviceAccount)).To(ConsistOf(
			"tokensync-manager-rolebinding", "tokensync-metrics-auth-rolebinding",
			operatorNamespace+"/tokensync-leader-election-rolebinding"))
	})

	DescribeTable("gives the operator no right to", func(ctx SpecContext, verb, group, resource string) {
		Expect(may(ctx, operatorNamespace, serviceAccount, verb, group, resource, "default")).To(BeFalse())
	},
		Entry("replace Secrets", "update", "", "secrets"),
		Entry("list ConfigMaps", "list", "", "configmaps"),
		Entry("list Pods", "list", "", "pods"),
		Entry("create tokens of ServiceAccounts", "create", "", "serviceaccounts/token"),
		Entry("create ClientCredentials", "create", "oauth2.tokensync.dev", "clientcredentials"),
		Entry("delete ClientCredentials", "delete", "oauth2.tokensync.dev", "clientcredentials"),
		Entry("bind roles", "create", "rbac.authorization.k8s.io", "rolebindings"),
		Entry("do everything", "*", "*", "*"),
	)
}
