package main

import (
	"context"
	"sync"

	"github.com/go-logr/logr"
)

// warnings handles the warnings that the API server sends with its responses. Admission policies
// and webhooks write them. They may quote a Secret, so their text is not shown.
type warnings struct {
	logger logr.Logger
	once   sync.Once
}

// HandleWarningHeaderWithContext implements rest.WarningHandlerWithContext.
func (w *warnings) HandleWarningHeaderWithContext(context.Context, int, string, string) {
	w.once.Do(func() {
		w.logger.Info("The API server warns about requests of the operator. The warnings are not shown, because they may quote a Secret. " +
			"Check the admission policies and webhooks for Secrets and ClientCredentials")
	})
}
