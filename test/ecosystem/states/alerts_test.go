package states_test

import (
	"net/url"
	"os"
	"path/filepath"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/prometheus/common/promslog"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/rules"
	"github.com/prometheus/prometheus/util/teststorage"
	"sigs.k8s.io/yaml"
)

// interval is the time between two scrapes, and between two evaluations of the rules.
const interval = 30 * time.Second

// alerts returns the alerts of the ClientCredential, or of the whole operator, that fire if nothing
// changes. It evaluates the rules while the state lasts. If lasts is 0, it evaluates them for the maximum
// time that an alert waits.
func (w *world) alerts(ctx SpecContext, name string, lasts time.Duration) (firing []string) {
	GinkgoHelper()
	storage, err := teststorage.NewWithError()
	Expect(err).NotTo(HaveOccurred())
	defer func() { Expect(storage.Close()).To(Succeed()) }()
	engine := promql.NewEngine(promql.EngineOpts{MaxSamples: 10000, Timeout: time.Minute})
	defer func() { Expect(engine.Close()).To(Succeed()) }()

	alertingRules, limit := alertingRules()
	if lasts > 0 {
		limit = lasts
	}
	metrics := w.scrape()
	query := rules.EngineQueryFunc(engine, storage)
	began := w.clock.Now()
	for at := began; !at.After(began.Add(limit)); at = at.Add(interval) {
		appender := storage.Appender(ctx)
		for _, sample := range metrics {
			_, err := appender.Append(0, labelsOf(sample.Metric), at.UnixMilli(), float64(sample.Value))
			Expect(err).NotTo(HaveOccurred())
		}
		Expect(appender.Commit()).To(Succeed())
		for _, rule := range alertingRules {
			if at.After(began.Add(rule.HoldDuration())) {
				continue
			}
			_, err := rule.Eval(ctx, 0, at, query, &url.URL{}, 0)
			Expect(err).NotTo(HaveOccurred(), rule.Name())
		}
	}
	for _, rule := range alertingRules {
		for _, alert := range rule.ActiveAlerts() {
			if about := alert.Labels.Get("name"); alert.State == rules.StateFiring && (about == name || about == "") {
				firing = append(firing, rule.Name())
			}
		}
	}
	return firing
}

// scrape returns the metrics of the operator, or none if no operator runs.
func (w *world) scrape() model.Vector {
	GinkgoHelper()
	if !w.running {
		return nil
	}
	registry := prometheus.NewRegistry()
	Expect(registry.Register(w.metrics)).To(Succeed())
	families, err := registry.Gather()
	Expect(err).NotTo(HaveOccurred())
	samples, err := expfmt.ExtractSamples(&expfmt.DecodeOptions{Timestamp: model.TimeFromUnixNano(w.clock.Now().UnixNano())}, families...)
	Expect(err).NotTo(HaveOccurred())
	return samples
}

// alertingRules returns the alerts that the project ships, and the maximum time that an alert waits.
func alertingRules() (alerts []*rules.AlertingRule, limit time.Duration) {
	GinkgoHelper()
	raw, err := os.ReadFile(filepath.Join(root, "config", "prometheus", "rules.yaml"))
	Expect(err).NotTo(HaveOccurred())
	var object struct {
		Spec any `json:"spec"`
	}
	Expect(yaml.Unmarshal(raw, &object)).To(Succeed())
	spec, err := yaml.Marshal(object.Spec)
	Expect(err).NotTo(HaveOccurred())
	promQL := parser.NewParser(parser.Options{})
	groups, errs := rulefmt.Parse(spec, false, model.UTF8Validation, promQL, promslog.NewNopLogger())
	Expect(errs).To(BeEmpty())
	for _, group := range groups.Groups {
		for _, rule := range group.Rules {
			if rule.Alert == "" {
				continue
			}
			expression, err := promQL.ParseExpr(rule.Expr)
			Expect(err).NotTo(HaveOccurred())
			hold := time.Duration(rule.For)
			limit = max(limit, hold)
			alerts = append(alerts, rules.NewAlertingRule(rule.Alert, expression, hold, time.Duration(rule.KeepFiringFor),
				labels.FromMap(rule.Labels), labels.EmptyLabels(), labels.EmptyLabels(), "", true, promslog.NewNopLogger()))
		}
	}
	Expect(alerts).NotTo(BeEmpty())
	return alerts, limit
}

func labelsOf(metric model.Metric) labels.Labels {
	values := make(map[string]string, len(metric))
	for name, value := range metric {
		values[string(name)] = string(value)
	}
	return labels.FromMap(values)
}
