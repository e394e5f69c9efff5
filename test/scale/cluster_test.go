package scale_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/wait"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

const (
	// perNamespace is the number of ClientCredentials that share a namespace and a credentials Secret.
	perNamespace = 100
	othersName   = "others"
	bareName     = "bare"
	// atATime is the number of concurrent requests that the operator sends to one host.
	atATime = 16

	pollInterval = 50 * time.Millisecond
)

type cluster struct {
	client.WithWatch
	kubeconfig string
}

func must(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

func startCluster(b *testing.B) *cluster {
	b.Helper()
	environment := &envtest.Environment{
		CRDDirectoryPaths:     []string{filepath.Join("..", "..", "config", "crd", "bases")},
		ErrorIfCRDPathMissing: true,
	}
	config, err := environment.Start()
	must(b, err)
	b.Cleanup(func() { must(b, environment.Stop()) })
	config.QPS = -1
	scheme := runtime.NewScheme()
	must(b, clientgoscheme.AddToScheme(scheme))
	must(b, v1alpha1.AddToScheme(scheme))
	c := &cluster{kubeconfig: filepath.Join(b.TempDir(), "kubeconfig")}
	must(b, os.WriteFile(c.kubeconfig, environment.KubeConfig, 0o600))
	c.WithWatch, err = client.NewWithWatch(config, client.Options{Scheme: scheme})
	must(b, err)
	return c
}

// each calls do for the numbers below count, several at a time.
func each(b *testing.B, count int, do func(i int) error) {
	b.Helper()
	var group errgroup.Group
	group.SetLimit(atATime)
	for i := range count {
		group.Go(func() error { return do(i) })
	}
	must(b, group.Wait())
}

func (c *cluster) addNamespace(ctx context.Context, name string) error {
	return c.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}})
}

func (c *cluster) addOtherSecrets(ctx context.Context, b *testing.B, count int) {
	b.Helper()
	must(b, c.addNamespace(ctx, othersName))
	data := map[string][]byte{"data": bytes.Repeat([]byte("x"), 10_000)}
	each(b, count, func(i int) error {
		return c.Create(ctx, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: othersName, Name: fmt.Sprintf("other-%d", i)}, Data: data})
	})
}

func (c *cluster) addClientCredentials(ctx context.Context, b *testing.B, url string, count int) {
	b.Helper()
	for first := 0; first < count; first += perNamespace {
		namespace := fmt.Sprintf("clients-%d", first/perNamespace)
		must(b, c.addNamespace(ctx, namespace))
		must(b, c.Create(ctx, &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "client", Labels: map[string]string{v1alpha1.UsageLabel: v1alpha1.UsageClientCredential}},
			StringData: map[string]string{"client_id": "shop", "client_secret": "s3cr3t"},
		}))
	}
	each(b, count, func(i int) error {
		return c.Create(ctx, clientCredential(fmt.Sprintf("clients-%d", i/perNamespace), i, url))
	})
}

func clientCredential(namespace string, i int, url string) *v1alpha1.ClientCredential {
	return &v1alpha1.ClientCredential{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: fmt.Sprintf("client-%d", i)},
		Spec: v1alpha1.ClientCredentialSpec{
			CredentialsRef:      &v1alpha1.CredentialsReference{Name: "client"},
			AuthorizationServer: &v1alpha1.AuthorizationServerSpec{TokenEndpoint: url},
		},
	}
}

// readiness counts the ClientCredentials that are Ready.
type readiness struct {
	mutex sync.Mutex
	names map[string]bool
}

func (c *cluster) watchReady(ctx context.Context, b *testing.B) *readiness {
	b.Helper()
	ready := &readiness{names: map[string]bool{}}
	// The API server ends a watch whose client reads too slowly. Each watch begins with all existing
	// objects.
	go wait.UntilWithContext(ctx, func(ctx context.Context) {
		watcher, err := c.Watch(ctx, &v1alpha1.ClientCredentialList{})
		if err != nil {
			return
		}
		defer watcher.Stop()
		for event := range watcher.ResultChan() {
			ready.see(event.Object)
		}
	}, pollInterval)
	return ready
}

func (r *readiness) see(object runtime.Object) {
	found, ok := object.(*v1alpha1.ClientCredential)
	if ok && meta.IsStatusConditionTrue(found.Status.Conditions, v1alpha1.ReadyCondition) {
		r.mutex.Lock()
		defer r.mutex.Unlock()
		r.names[found.Namespace+"/"+found.Name] = true
	}
}

func (r *readiness) await(ctx context.Context, b *testing.B, count int) {
	b.Helper()
	must(b, wait.PollUntilContextTimeout(ctx, pollInterval, 15*time.Minute, true, func(context.Context) (bool, error) {
		r.mutex.Lock()
		defer r.mutex.Unlock()
		return len(r.names) >= count, nil
	}))
}

// resourceVersions returns the resource versions of all objects that the operator may write.
func (c *cluster) resourceVersions(ctx context.Context, b *testing.B) map[string]string {
	b.Helper()
	versions := map[string]string{}
	for _, kind := range []string{"ClientCredential", "Secret"} {
		list := &metav1.PartialObjectMetadataList{}
		list.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind(kind + "List"))
		if kind == "Secret" {
			list.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind(kind + "List"))
		}
		must(b, c.List(ctx, list))
		for i := range list.Items {
			if item := &list.Items[i]; strings.HasPrefix(item.Namespace, "clients-") {
				versions[kind+"/"+item.Namespace+"/"+item.Name] = item.ResourceVersion
			}
		}
	}
	return versions
}
