package formats_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	monitoringv1alpha1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1alpha1"
	promconfig "github.com/prometheus/common/config"
	"github.com/prometheus/common/promslog"
	"github.com/prometheus/prometheus/config"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

// mountedAt is the path where the page mounts the Secret in Prometheus.
const mountedAt = "/etc/prometheus/shop-metrics"

// scraperOf returns Prometheus's own HTTP client for a job. Like Prometheus, the test creates it only
// once.
func scraperOf(job *config.ScrapeConfig, server *guarded) *http.Client {
	GinkgoHelper()
	settings := job.HTTPClientConfig
	settings.TLSConfig.CAFile = server.authority
	scraper, err := promconfig.NewClientFromConfig(settings, job.JobName, promconfig.WithDialContextFunc(
		func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, server.Listener.Addr().String())
		}))
	Expect(err).NotTo(HaveOccurred())
	return scraper
}

func scrape(ctx context.Context, by *http.Client, target string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if err != nil {
		return err
	}
	response, err := by.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("the target answers %s", response.Status)
	}
	return nil
}

var _ = Describe("the plain token", func() {
	It("is read by Prometheus, from a credentials file", func(ctx SpecContext) {
		w := apply(ctx, "Plain token")
		server, volume := w.serve(bearer, ok), newMount()
		loaded, err := config.Load(strings.ReplaceAll(w.file, mountedAt, volume.dir), promslog.NewNopLogger())
		Expect(err).NotTo(HaveOccurred())
		Expect(loaded.ScrapeConfigs).To(HaveLen(1))
		scraper := scraperOf(loaded.ScrapeConfigs[0], server)
		w.follows(ctx, func() { volume.bring(w.secret(ctx, w.clientCredential.TargetName())) },
			func() error { return scrape(ctx, scraper, "https://metrics.example.com/metrics") }, ContainSubstring("401"))
	})

	It("is named by the ScrapeConfig of the Prometheus Operator", func(ctx SpecContext) {
		w := apply(ctx, "Plain token")
		from := manifest[monitoringv1alpha1.ScrapeConfig](w.section, "shop").Spec.Authorization
		Expect(from.Validate()).To(Succeed())
		Expect(w.secret(ctx, from.Credentials.Name).Data).To(HaveKey(from.Credentials.Key))
		Expect(from.Credentials.Key).To(Equal(v1alpha1.AccessTokenKey))
	})
})
