// Command kube-apiserver is the Kubernetes API server, built from its Go module.
package main

import (
	"os"
	_ "time/tzdata" // CronJob validation needs time zones, which the machine may lack

	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
)

func main() { os.Exit(cli.Run(app.NewAPIServerCommand())) }
