package check_test

import (
	"os"
	"path/filepath"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/cli-runtime/pkg/resource"

	"github.com/tokensync/tokensync/internal/check"
)

const clientCredential = `
apiVersion: oauth2.tokensync.dev/v1alpha1
kind: ClientCredential
metadata: {name: shop}
spec:
  authorizationServer: {tokenEndpoint: https://idp.example.com/token}
  clientID: shop
`

func loadText(text string, changes ...func(*check.Files)) (*check.Objects, error) {
	files := check.Files{
		FilenameOptions: resource.FilenameOptions{Filenames: []string{"-"}}, Stdin: strings.NewReader(text), Namespace: "here",
	}
	for _, change := range changes {
		change(&files)
	}
	return check.Load(files)
}

var _ = Describe("Loading", func() {
	It("reads ClientCredentials and skips other kinds", func() {
		objects, err := loadText(clientCredential + "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\nnonsense: 1\n---\n---\n")
		Expect(err).NotTo(HaveOccurred())
		Expect(objects.ClientCredentials).To(HaveLen(1))
		Expect(objects.ClientCredentials[0].Object.Namespace).To(Equal("here"))
		Expect(objects.ClientCredentials[0].Source).To(Equal("standard input"))
	})

	It("reads the items of a List", func() {
		objects, err := loadText(`{"apiVersion":"v1","kind":"List","items":[{"apiVersion":"oauth2.tokensync.dev/v1alpha1",
			"kind":"ClientCredential","metadata":{"name":"shop","namespace":"there"},"spec":{"clientID":"shop"}}]}`)
		Expect(err).NotTo(HaveOccurred())
		Expect(objects.ClientCredentials[0].Object.Namespace).To(Equal("there"))
	})

	It("reads folders", func() {
		folder := GinkgoT().TempDir()
		Expect(os.WriteFile(filepath.Join(folder, "a.yaml"), []byte(clientCredential), 0o600)).To(Succeed())
		objects, err := loadText("", func(files *check.Files) { files.Filenames = []string{folder} })
		Expect(err).NotTo(HaveOccurred())
		Expect(objects.ClientCredentials[0].Source).To(HaveSuffix("a.yaml"))
	})

	It("reads kustomizations", func() {
		folder := GinkgoT().TempDir()
		Expect(os.WriteFile(filepath.Join(folder, "a.yaml"), []byte(clientCredential), 0o600)).To(Succeed())
		Expect(os.WriteFile(filepath.Join(folder, "kustomization.yaml"), []byte("namespace: there\nresources: [a.yaml]\n"), 0o600)).To(Succeed())
		objects, err := loadText("", func(files *check.Files) {
			files.FilenameOptions = resource.FilenameOptions{Kustomize: folder}
		})
		Expect(err).NotTo(HaveOccurred())
		Expect(objects.ClientCredentials[0].Object.Namespace).To(Equal("there"))
	})

	It("rejects a ClientCredential whose namespace is not --namespace", func() {
		_, err := loadText(strings.Replace(clientCredential, "name: shop", "name: shop, namespace: there", 1),
			func(files *check.Files) { files.EnforceNamespace = true })
		Expect(err).To(MatchError(ContainSubstring(`its namespace is "there" and not "here"`)))
	})

	DescribeTable("rejects without quoting a secret", func(text, message string) {
		_, err := loadText(text)
		Expect(err).To(MatchError(ContainSubstring(message)))
		Expect(err).NotTo(MatchError(ContainSubstring("s3cr3t")))
	},
		Entry("an unknown field", strings.Replace(clientCredential, "tokenEndpoint", "tokenEndpoit", 1),
			`unknown field "spec.authorizationServer.tokenEndpoit"`),
		Entry("an unknown kind of the group", strings.Replace(clientCredential, "kind: ClientCredential", "kind: ClientCredentials", 1), "no such kind"),
		Entry("no name", strings.Replace(clientCredential, "name: shop", "", 1), "set metadata.name"),
		Entry("an object twice", clientCredential+"---"+clientCredential, "remove one of them"),
		Entry("no kind", "apiVersion: v1\nstringData: {client_secret: s3cr3t}", "no apiVersion or no kind"),
		Entry("no kind in a List", "apiVersion: v1\nkind: List\nitems: [{apiVersion: v1, stringData: {a: s3cr3t}}]", "no apiVersion or no kind"),
		Entry("no object", "s3cr3t", "no Kubernetes object"),
		Entry("broken YAML", "kind: Secret\nstringData: {client_secret: s3cr3t", "line"),
		Entry("a wrong tag", "apiVersion: v1\nkind: Secret\nstringData: {a: !!int s3cr3t}", "not shown"),
		Entry("a template", "apiVersion: v1\nkind: Secret\nstringData: {a: {{ .s3cr3t }}}", "not shown"),
		Entry("a bad separator", "kind: Secret\n---client_secret: s3cr3t\n", "error parsing"),
		Entry("broken base64", "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ndata: {a: s3cr3t!}", "base64"),
		Entry("a list instead of a text", "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {a: [s3cr3t]}", "type string"),
	)
})

var _ = Describe("Credential files", func() {
	var folder string

	write := func(name, content string) string {
		GinkgoHelper()
		path := filepath.Join(folder, name)
		Expect(os.WriteFile(path, []byte(content), 0o600)).To(Succeed())
		return path
	}

	BeforeEach(func() { folder = GinkgoT().TempDir() })

	It("are read from a folder like a mounted Secret, and as single files", func() {
		data := filepath.Join(folder, "..2026")
		Expect(os.Mkdir(data, 0o700)).To(Succeed())
		write("..2026/client_id", "shop")
		write("..2026/client_secret", "old")
		for _, key := range []string{"client_id", "client_secret"} {
			Expect(os.Symlink(filepath.Join("..2026", key), filepath.Join(folder, key))).To(Succeed())
		}
		values, err := check.ReadCredentials(folder, []string{"client_secret=" + write("new", "new")})
		Expect(err).NotTo(HaveOccurred())
		Expect(values["client_id"].Reveal()).To(Equal("shop"))
		Expect(values["client_secret"].Reveal()).To(Equal("new"))
	})

	It("are nil if none are given", func() {
		values, err := check.ReadCredentials("", nil)
		Expect(err).NotTo(HaveOccurred())
		Expect(values).To(BeNil())
	})

	DescribeTable("are rejected without quoting the argument", func(pair, message string) {
		_, err := check.ReadCredentials("", []string{pair})
		Expect(err).To(MatchError(ContainSubstring(message)))
		Expect(err).NotTo(MatchError(ContainSubstring("s3cr3t")))
	},
		Entry("a value instead of a path", "client_secret=s3cr3t", "never the value itself"),
		Entry("no key", "s3cr3t", "key=path"),
		Entry("an invalid key", "s3cr3t!=./a", "key=path"),
		Entry("a folder", "client_secret=/", "is a directory"),
	)

	It("must not be an empty folder, nor too large", func() {
		_, err := check.ReadCredentials(folder, nil)
		Expect(err).To(MatchError(ContainSubstring("the folder has no files")))
		_, err = check.ReadCredentials("", []string{"a=" + write("a", strings.Repeat("a", 1<<20+1))})
		Expect(err).To(MatchError(ContainSubstring("too large")))
		_, err = check.ReadServiceAccountToken(write("token", "\n"))
		Expect(err).To(MatchError(ContainSubstring("the file is empty")))
	})
})
