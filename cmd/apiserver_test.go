package main

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/internal/tokenendpoint"
)

var _ = Describe("The API server that no credentials are sent to", func() {
	DescribeTable("is", func(service, host string, expected ...tokenendpoint.APIServer) {
		GinkgoT().Setenv("KUBERNETES_SERVICE_HOST", service)
		Expect(apiServers(host)).To(ConsistOf(expected))
	},
		Entry("the Service in a cluster", "10.96.0.1", "https://10.96.0.1:443",
			tokenendpoint.APIServer{Host: "10.96.0.1"}, tokenendpoint.APIServer{Host: "10.96.0.1", Port: "443"}),
		Entry("an IPv6 Service", "fd00::1", "https://[fd00::1]:443",
			tokenendpoint.APIServer{Host: "fd00::1"}, tokenendpoint.APIServer{Host: "fd00::1", Port: "443"}),
		Entry("the host of a kubeconfig", "", "https://api.example.com:6443", tokenendpoint.APIServer{Host: "api.example.com", Port: "6443"}),
		Entry("the host of a kubeconfig without a port", "", "https://api.example.com/k8s/clusters/c", tokenendpoint.APIServer{Host: "api.example.com", Port: "443"}),
		Entry("the host of a kubeconfig without TLS", "", "http://localhost", tokenendpoint.APIServer{Host: "localhost", Port: "80"}),
		Entry("the host of a kubeconfig without a scheme", "", "api.example.com:6443", tokenendpoint.APIServer{Host: "api.example.com", Port: "6443"}),
		Entry("unknown if the host is empty", "", ""),
	)
})
