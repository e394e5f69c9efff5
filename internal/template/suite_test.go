package template_test

import (
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/internal/template"
)

func TestTemplate(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "template")
}

// templateData returns the data of the templates in the tests.
func templateData() map[string]any {
	return map[string]any{
		"user": "me", "password": "s3cr3t-value", "tls.crt": certificate, "empty": "",
		"account": `{"id": 12345678901234567890, "email": "a@example.com", "nested": {"k": "<v>"}, "list": ["x"]}`,
		"scopes":  []string{"a", "b"}, "list": []string{"y", "x", "y"}, "map": `{"a": "x", "b": {"d": "e"}}`,
	}
}

func rendered(text string) string {
	GinkgoHelper()
	return renderedOver(text, templateData())
}

func renderedOver(text string, data map[string]any) string {
	GinkgoHelper()
	Expect(template.Check(text)).To(Succeed())
	out, err := template.Render(text, data)
	Expect(err).NotTo(HaveOccurred())
	return out
}
