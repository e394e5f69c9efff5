package main

import (
	"crypto/tls"
	"fmt"
	"path/filepath"

	"sigs.k8s.io/controller-runtime/pkg/metrics/filters"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
)

// metricsServer returns the options of the metrics server. It serves over TLS, to clients that the API
// server authenticates and authorizes, unless a flag switches both off.
func metricsServer(o *options) (metricsserver.Options, error) {
	server := metricsserver.Options{BindAddress: o.metricsBindAddress}
	if !o.metricsSecure || o.metricsBindAddress == "0" {
		return server, nil
	}
	server.SecureServing = true
	server.FilterProvider = filters.WithAuthenticationAndAuthorization
	// With HTTP/2, a client without a token can cause a lot of work (CVE-2023-44487).
	server.TLSOpts = []func(*tls.Config){func(c *tls.Config) { c.NextProtos = []string{"http/1.1"} }}
	if server.CertDir = o.metricsCertDir; server.CertDir != "" {
		// Without these files the server would silently sign its own certificate.
		if _, err := tls.LoadX509KeyPair(filepath.Join(o.metricsCertDir, "tls.crt"), filepath.Join(o.metricsCertDir, "tls.key")); err != nil {
			return server, fmt.Errorf("read tls.crt and tls.key of --metrics-cert-dir: %w", err)
		}
	}
	return server, nil
}
