package profile_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/profile"
	"github.com/tokensync/tokensync/test/docs/page"
)

var _ = Describe("docs/vendors.md", Label("docs"), func() {
	manifests, err := page.In("../..", "docs/vendors.md", "yaml")
	if err != nil {
		panic(err)
	}

	It("has every profile", func() {
		text, err := os.ReadFile("../../docs/vendors.md")
		Expect(err).NotTo(HaveOccurred())
		for _, name := range profile.Names() {
			Expect(string(text)).To(Or(ContainSubstring("profile: "+name+"\n"), ContainSubstring("`"+name+"`")))
		}
	})

	It("has the samples unchanged", func() {
		files, err := filepath.Glob("../../config/samples/*.yaml")
		Expect(err).NotTo(HaveOccurred())
		Expect(len(files)).To(BeNumerically(">", 5))
		comment := regexp.MustCompile(`^(#.*\n)+`)
		for _, file := range files {
			sample, err := os.ReadFile(file)
			Expect(err).NotTo(HaveOccurred())
			if strings.Contains(string(sample), "kind: ClientCredential\n") {
				Expect(manifests).To(ContainElement(comment.ReplaceAllString(string(sample), "")), file)
			}
		}
	})

	It("has manifests whose Secret is enough for a token request", func() {
		for _, block := range manifests {
			var secret corev1.Secret
			var credential v1alpha1.ClientCredential
			for document := range strings.SplitSeq(block, "\n---\n") {
				if strings.Contains(document, "kind: Secret\n") {
					Expect(yaml.UnmarshalStrict([]byte(document), &secret)).To(Succeed(), document)
				} else {
					Expect(yaml.UnmarshalStrict([]byte(document), &credential)).To(Succeed(), document)
				}
			}
			if reference := credential.Spec.CredentialsRef; reference != nil {
				Expect(secret.Name).To(Equal(reference.Name), block)
				Expect(secret.Labels).To(HaveKeyWithValue(v1alpha1.UsageLabel, v1alpha1.UsageClientCredential), block)
			}
			if _, signs := secret.StringData["private_key"]; signs {
				secret.StringData["private_key"] = pemOf(rsaKey())
			}
			build(credential.Spec, secret.StringData, "")
		}
	})
})
