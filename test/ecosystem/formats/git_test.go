package formats_test

import (
	"net/http"
	"net/http/cgi"
	"net/url"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/fluxcd/pkg/git"
	"github.com/fluxcd/pkg/git/gogit"
	"github.com/fluxcd/pkg/git/repository"
	sourcev1 "github.com/fluxcd/source-controller/api/v1"
	"github.com/go-git/go-git/v5/plumbing/transport/client"
	githttp "github.com/go-git/go-git/v5/plumbing/transport/http"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
)

// repositories serves a repository shop.git with git's own server.
func repositories(ctx SpecContext) http.Handler {
	GinkgoHelper()
	dir := GinkgoT().TempDir()
	work := filepath.Join(dir, "work")
	for _, arguments := range []string{
		"init --quiet --initial-branch=main " + work,
		"-C " + work + " -c user.name=shop -c user.email=shop@example.com commit --quiet --allow-empty --message=first",
		"clone --quiet --bare " + work + " " + filepath.Join(dir, "shop.git"),
	} {
		Expect(run(ctx, nil, append([]string{"git"}, strings.Fields(arguments)...)...)).To(Succeed())
	}
	folder, err := exec.CommandContext(ctx, programPath("git"), "--exec-path").Output()
	Expect(err).NotTo(HaveOccurred())
	return &cgi.Handler{
		Path:   programPath(filepath.Join(strings.TrimSpace(string(folder)), "git-http-backend")),
		Env:    []string{"GIT_PROJECT_ROOT=" + dir, "GIT_HTTP_EXPORT_ALL=1"},
		Stderr: GinkgoWriter,
	}
}

// reachByGoGit makes the git library of Flux and Argo CD connect to a server.
func reachByGoGit(server *guarded) {
	client.InstallProtocol("https", githttp.NewClient(server.Client()))
	DeferCleanup(func() { client.InstallProtocol("https", githttp.DefaultClient) })
}

// fluxClones clones a GitRepository with its Secret, as Flux does.
func fluxClones(ctx SpecContext, from *sourcev1.GitRepository, secret *corev1.Secret) error {
	GinkgoHelper()
	at, err := url.Parse(from.Spec.URL)
	Expect(err).NotTo(HaveOccurred())
	options, err := git.NewAuthOptions(*at, secret.Data)
	Expect(err).NotTo(HaveOccurred())
	flux, err := gogit.NewClient(GinkgoT().TempDir(), options, gogit.WithDiskStorage())
	Expect(err).NotTo(HaveOccurred())
	_, err = flux.Clone(ctx, from.Spec.URL, repository.CloneConfig{
		CheckoutStrategy: repository.CheckoutStrategy{Branch: from.Spec.Reference.Branch},
	})
	return err
}

var _ = Describe("basic authentication", func() {
	It("is read by Flux", func(ctx SpecContext) {
		w := apply(ctx, "Basic authentication")
		reachByGoGit(w.serve(basicOf("oauth2"), repositories(ctx)))
		from := manifest[sourcev1.GitRepository](w.section, "shop")
		var secret *corev1.Secret
		w.follows(ctx, func() { secret = w.secret(ctx, from.Spec.SecretRef.Name) },
			func() error { return fluxClones(ctx, from, secret) }, ContainSubstring("authentication required"))
		Expect(secret.Type).To(Equal(corev1.SecretTypeBasicAuth))
	})

	It("is read by git, from a credential helper", func(ctx SpecContext) {
		w := apply(ctx, "Basic authentication")
		server, volume := w.serve(basicOf("oauth2"), repositories(ctx)), newMount()
		helper := "!cd " + volume.dir + " && echo username=$(cat username) && echo password=$(cat password) && true"
		w.follows(ctx, func() { volume.bring(w.secret(ctx, w.clientCredential.TargetName())) },
			func() error {
				return run(ctx, server.environment(), "git", "-c", "credential.helper="+helper, "ls-remote", "https://git.example.com/shop.git")
			}, ContainSubstring("Authentication failed"))
	})
})

var _ = Describe("a bearer token for git", func() {
	It("is read by Flux", func(ctx SpecContext) {
		w := apply(ctx, "Bearer token for git")
		reachByGoGit(w.serve(bearer, repositories(ctx)))
		from := manifest[sourcev1.GitRepository](w.section, "bearer-shop")
		var secret *corev1.Secret
		w.follows(ctx, func() { secret = w.secret(ctx, from.Spec.SecretRef.Name) },
			func() error { return fluxClones(ctx, from, secret) }, ContainSubstring("authentication required"))
	})
})
