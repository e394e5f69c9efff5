package main

import (
	"crypto/tls"
	"fmt"
	"path/filepath"

	"sigs.k8s.io/controller-runtime/pkg/metrics/filters"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
)

// metricsServer says how the metrics are served: to those whom the API server knows
// and lets read them, over TLS, unless a flag lifts both.
func metricsServer(o *options) (metricsserver.Options, error) {
	server := metricsserver.Options{BindAddress: o.metricsBindAddress}
	if !o.metricsSecure || o.metricsBindAddress == "0" {
		return server, nil
	}
	server.SecureServing = true
	server.FilterProvider = filters.WithAuthenticationAndAuthorization
	// HTTP/2 lets a client without a token make much work (CVE-2023-44487).
	server.TLSOpts = []func(*tls.Config){func(c *tls.Config) { c.NextProtos = []string{"http/1.1"} }}
	if server.CertDir = o.metricsCertDir; server.CertDir != "" {
		// Without these files the server would sign a certificate of its own, and say nothing.
		if _, err := tls.LoadX509KeyPair(filepath.Join(o.metricsCertDir, "tls.crt"), filepath.Join(o.metricsCertDir, "tls.key")); err != nil {
			return server, fmt.Errorf("read tls.crt and tls.key of --metrics-cert-dir: %w", err)
		}
	}
	return server, nil
}
