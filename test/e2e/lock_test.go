//go:build e2e

package e2e_test

import (
	"context"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// A run renews its lock every lockPeriod. A lock that has not been renewed for lockExpiry is free.
const (
	lockPeriod = 5 * time.Second
	lockExpiry = 20 * time.Second
)

// lock reserves the cluster for this run. Without it, a second run would mistake the objects of the
// first run for leftovers.
func lock(ctx context.Context) {
	GinkgoHelper()
	lease := &coordinationv1.Lease{}
	Eventually(func() (time.Duration, error) {
		lease = &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Namespace: metav1.NamespaceDefault, Name: "tokensync-e2e"}}
		err := apiServer.Get(ctx, client.ObjectKeyFromObject(lease), lease)
		if err != nil {
			return lockExpiry, client.IgnoreNotFound(err)
		}
		return time.Since(lease.Spec.RenewTime.Time), nil
	}).WithContext(ctx).WithTimeout(lockExpiry+lockPeriod).Should(BeNumerically(">=", lockExpiry),
		"another run of these tests uses this cluster: wait until it has ended")
	renew := func(ctx context.Context) error {
		lease.Spec.RenewTime = &metav1.MicroTime{Time: time.Now()}
		if lease.UID == "" {
			return apiServer.Create(ctx, lease)
		}
		return apiServer.Update(ctx, lease)
	}
	Expect(renew(ctx)).To(Succeed())

	lifetime, end := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for ticker := time.Tick(lockPeriod); ; {
			select {
			case <-ticker:
				_ = renew(lifetime) // The next tick retries it.
			case <-lifetime.Done():
				return
			}
		}
	}()
	DeferCleanup(func(ctx SpecContext) {
		end()
		<-ended
		Expect(client.IgnoreNotFound(apiServer.Delete(ctx, lease))).To(Succeed())
	})
}
