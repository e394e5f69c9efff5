package metrics

import (
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"k8s.io/utils/ptr"
)

// sample is one value of a gauge. It takes half the memory and time of
// prometheus.MustNewConstMetric, which copies every label.
type sample struct {
	description *prometheus.Desc
	// labels are in the order of their names. They are never changed.
	labels []*dto.LabelPair
	value  float64
}

// Desc implements prometheus.Metric.
func (s *sample) Desc() *prometheus.Desc { return s.description }

// Write implements prometheus.Metric.
func (s *sample) Write(out *dto.Metric) error {
	out.Label, out.Gauge = s.labels, &dto.Gauge{Value: &s.value}
	return nil
}

func pair(name, value string) *dto.LabelPair {
	return &dto.LabelPair{Name: ptr.To(name), Value: ptr.To(value)}
}
