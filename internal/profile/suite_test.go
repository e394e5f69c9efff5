package profile_test

import (
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/profile"
)

func TestProfile(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "profile")
}

type server = v1alpha1.AuthorizationServerSpec

const endpoint = "https://idp.example.com/token"

// of returns the declaration of a profile at an endpoint, with further changes.
func of(name string, changes ...func(*server)) server {
	s := server{Profile: name, TokenEndpoint: endpoint}
	for _, change := range changes {
		change(&s)
	}
	return s
}

func complete(s server) server {
	GinkgoHelper()
	completed, err := profile.Complete(s, nil)
	Expect(err).NotTo(HaveOccurred())
	return completed
}

func at(pointers ...v1alpha1.JSONPointer) []v1alpha1.JSONPointer { return pointers }
