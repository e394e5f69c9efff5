//go:build e2e

package e2e_test

import (
	"context"
	"slices"
	"sync"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
	watchtools "k8s.io/client-go/tools/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

// write describes a token Secret after a write.
type write struct {
	resourceVersion     string
	issuedAt, expiresAt time.Time
}

func writeOf(secret *corev1.Secret) write {
	instant := func(annotation string) time.Time {
		at, _ := time.Parse(time.RFC3339, secret.Annotations[annotation])
		return at
	}
	return write{
		resourceVersion: secret.ResourceVersion,
		issuedAt:        instant(v1alpha1.IssuedAtAnnotation),
		expiresAt:       instant(v1alpha1.ExpiresAtAnnotation),
	}
}

// history holds all writes of a token Secret since its watch began.
type history struct {
	mutex sync.Mutex
	all   []write
}

func (h *history) writes() []write {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	return slices.Clone(h.all)
}

func (h *history) add(secret *corev1.Secret) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	h.all = append(h.all, writeOf(secret))
}

// watchSecret watches a token Secret until the suite ends.
func watchSecret(ctx context.Context, key client.ObjectKey) *history {
	GinkgoHelper()
	secret, followed := &corev1.Secret{}, &history{}
	Expect(apiServer.Get(ctx, key, secret)).To(Succeed())
	followed.add(secret)
	lifetime, end := context.WithCancel(context.Background())
	DeferCleanup(end)
	watcher, err := watchtools.NewRetryWatcherWithContext(lifetime, secret.ResourceVersion, &cache.ListWatch{
		WatchFuncWithContext: func(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
			options.FieldSelector = "metadata.name=" + key.Name
			return clientset.CoreV1().Secrets(key.Namespace).Watch(ctx, options)
		},
	})
	Expect(err).NotTo(HaveOccurred())
	go func() {
		for event := range watcher.ResultChan() {
			if written, ok := event.Object.(*corev1.Secret); ok && event.Type != watch.Deleted {
				followed.add(written)
			}
		}
	}()
	return followed
}

// earliest returns the earliest time at which the token can be renewed. Renewal begins a third of the
// lifetime before the expiry, or up to a tenth of the lifetime earlier. Times are written in whole
// seconds.
func (w write) earliest() time.Time {
	return w.issuedAt.Add(w.expiresAt.Sub(w.issuedAt) * 57 / 100).Add(-time.Second)
}

// expectDueOnly expects that the operator requested each token only when it was due, and wrote every
// token. This must hold whatever happened to the operator in the meantime.
func (h *history) expectDueOnly(ctx context.Context, clientID string) {
	GinkgoHelper()
	// A renewal may be in flight.
	Eventually(func(g Gomega) {
		g.Expect(h.writes()).To(HaveLen(requests(ctx, clientID)), "writes of the Secret, and token requests")
	}).WithContext(ctx).WithTimeout(15 * time.Second).Should(Succeed())
	writes := h.writes()
	for i := 1; i < len(writes); i++ {
		Expect(writes[i].issuedAt).To(BeTemporally(">=", writes[i-1].earliest()),
			"token %d was issued %s, before it was due: the previous token was issued %s and expires %s",
			i+1, writes[i].issuedAt, writes[i-1].issuedAt, writes[i-1].expiresAt)
	}
}
