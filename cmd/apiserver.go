package main

import (
	"net/url"
	"os"

	"github.com/tokensync/tokensync/internal/tokenendpoint"
)

// apiServers returns the addresses of the API server. The Service of the cluster gets no port, because its
// address has no other use. The address that the operator connects to gets a port, because its host may
// serve other programs too.
func apiServers(host string) (servers []tokenendpoint.APIServer) {
	if service := os.Getenv("KUBERNETES_SERVICE_HOST"); service != "" {
		servers = append(servers, tokenendpoint.APIServer{Host: service})
	}
	endpoint, err := url.Parse(host)
	if err != nil || endpoint.Host == "" {
		// A kubeconfig may have a host without a scheme.
		endpoint, err = url.Parse("https://" + host)
	}
	if err != nil || endpoint.Hostname() == "" {
		return servers
	}
	port := endpoint.Port()
	switch {
	case port != "":
	case endpoint.Scheme == "http":
		port = "80"
	default:
		port = "443"
	}
	return append(servers, tokenendpoint.APIServer{Host: endpoint.Hostname(), Port: port})
}
