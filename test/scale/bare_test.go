package scale_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

// bareLoop does only the work that a new token needs, and deletes the objects that it created.
func (c *cluster) bareLoop(ctx context.Context, b *testing.B, tokenEndpoint string, count int) time.Duration {
	b.Helper()
	must(b, c.addNamespace(ctx, bareName))
	each(b, count, func(i int) error { return c.Create(ctx, clientCredential(bareName, i, tokenEndpoint)) })
	begin := time.Now()
	each(b, count, func(i int) error { return c.bareToken(ctx, tokenEndpoint, i) })
	took := time.Since(begin)
	for _, kind := range []client.Object{&v1alpha1.ClientCredential{}, &corev1.Secret{}} {
		must(b, c.DeleteAllOf(ctx, kind, client.InNamespace(bareName)))
	}
	return took
}

func (c *cluster) bareToken(ctx context.Context, tokenEndpoint string, i int) error {
	token, err := ask(ctx, tokenEndpoint)
	if err != nil {
		return err
	}
	name := fmt.Sprintf("client-%d", i)
	if err := c.Create(ctx, &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: bareName, Name: name + "-token"},
		StringData: map[string]string{"access_token": token},
	}); err != nil {
		return err
	}
	now := metav1.Now()
	status, err := json.Marshal(map[string]any{"status": v1alpha1.ClientCredentialStatus{
		Token:      &v1alpha1.TokenStatus{SecretName: name + "-token", IssuedAt: now, ExpiresAt: now, RenewAt: now},
		Conditions: []metav1.Condition{{Type: v1alpha1.ReadyCondition, Status: metav1.ConditionTrue, Reason: "TokenIssued", LastTransitionTime: now}},
	}})
	if err != nil {
		return err
	}
	written := &v1alpha1.ClientCredential{ObjectMeta: metav1.ObjectMeta{Namespace: bareName, Name: name}}
	return c.Status().Patch(ctx, written, client.RawPatch("application/merge-patch+json", status))
}

func ask(ctx context.Context, tokenEndpoint string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, tokenEndpoint, strings.NewReader("grant_type=client_credentials"))
	if err != nil {
		return "", err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer func() { _ = response.Body.Close() }()
	var body struct {
		AccessToken string `json:"access_token"`
	}
	err = json.NewDecoder(response.Body).Decode(&body)
	return body.AccessToken, err
}
