package formats_test

import (
	gogit "github.com/go-git/go-git/v5"
	gogitconfig "github.com/go-git/go-git/v5/config"
	githttp "github.com/go-git/go-git/v5/plumbing/transport/http"
	"github.com/go-git/go-git/v5/storage/memory"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// argoCDRepositories finds repositories like listSecretsByType in util/db/secrets.go of Argo CD 3.
func argoCDRepositories(ctx SpecContext, namespace string) []corev1.Secret {
	GinkgoHelper()
	found := &corev1.SecretList{}
	Expect(apiServer.List(ctx, found, client.InNamespace(namespace), client.MatchingLabels{"argocd.argoproj.io/secret-type": "repository"})).To(Succeed())
	return found.Items
}

// argoCDLists lists the branches of a repository. It uses the keys that secretToRepository in
// util/db/repository_secrets.go reads, and the library that newAuth in util/git/client.go uses.
func argoCDLists(ctx SpecContext, secret corev1.Secret) error {
	remote := gogit.NewRemote(memory.NewStorage(), &gogitconfig.RemoteConfig{
		Name: gogit.DefaultRemoteName, URLs: []string{string(secret.Data["url"])},
	})
	_, err := remote.ListContext(ctx, &gogit.ListOptions{
		Auth: &githttp.BasicAuth{Username: string(secret.Data["username"]), Password: string(secret.Data["password"])},
	})
	return err
}

var _ = Describe("an Argo CD repository", func() {
	It("can be found and read by Argo CD", func(ctx SpecContext) {
		w := apply(ctx, "Argo CD repository")
		reachByGoGit(w.serve(basicOf("oauth2"), repositories(ctx)))
		var secrets []corev1.Secret
		w.follows(ctx, func() { secrets = argoCDRepositories(ctx, w.namespace); Expect(secrets).To(HaveLen(1)) },
			func() error { return argoCDLists(ctx, secrets[0]) }, ContainSubstring("authentication required"))
		Expect(secrets[0].Data).To(HaveKeyWithValue("type", []byte("git")))
	})

	It("has no key that Argo CD would misinterpret", func(ctx SpecContext) {
		w := apply(ctx, "Argo CD repository")
		Expect(argoCDRepositories(ctx, w.namespace)).To(ConsistOf(HaveField("Data", And(
			HaveLen(7), HaveKey("access_token"), HaveKey("token_type"), HaveKey("expires_at"),
			HaveKey("type"), HaveKey("url"), HaveKey("username"), HaveKey("password"),
		))))
	})
})
