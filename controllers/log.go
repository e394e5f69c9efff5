package controllers

import (
	"context"

	"github.com/go-logr/logr"
	logf "sigs.k8s.io/controller-runtime/pkg/log"
)

// logger returns the logger of a reconcile.
func logger(ctx context.Context) logr.Logger { return logf.FromContext(ctx) }
