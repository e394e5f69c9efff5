package controllers

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/manager"
)

// apiTime returns a function that reads the time of the API server, whose clock sets deletionTimestamps.
// Every response has this time in its Date header, even a 403.
func apiTime(mgr manager.Manager) (func(context.Context) (time.Time, error), error) {
	server, _, err := rest.DefaultServerUrlFor(mgr.GetConfig())
	if err != nil {
		return nil, fmt.Errorf("find the API server: %w", err)
	}
	version := server.JoinPath("/version").String()
	return func(ctx context.Context) (time.Time, error) {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, version, http.NoBody)
		if err != nil {
			return time.Time{}, err
		}
		response, err := mgr.GetHTTPClient().Do(request)
		if err != nil {
			return time.Time{}, err
		}
		defer func() { _ = response.Body.Close() }()
		return http.ParseTime(response.Header.Get("Date"))
	}, nil
}
