package formats_test

import (
	"log"
	"net/http"
	"net/http/httptest"
	"strings"

	sourcev1 "github.com/fluxcd/source-controller/api/v1"
	"github.com/google/go-containerregistry/pkg/authn"
	pullsecrets "github.com/google/go-containerregistry/pkg/authn/kubernetes"
	"github.com/google/go-containerregistry/pkg/crane"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
)

// images serves a registry with an image shop/app:v1.
func images() http.Handler {
	GinkgoHelper()
	handler := registry.New(registry.Logger(log.New(GinkgoWriter, "registry: ", 0)))
	open := httptest.NewServer(handler)
	defer open.Close()
	Expect(crane.Push(empty.Image, strings.TrimPrefix(open.URL, "http://")+"/shop/app:v1", crane.WithAuth(authn.Anonymous))).To(Succeed())
	return handler
}

// pull pulls an image with the Secrets that an object names, as programs in a cluster do.
func (w *world) pull(ctx SpecContext, server *guarded, image string, secrets ...corev1.Secret) error {
	GinkgoHelper()
	reference, err := name.ParseReference(image)
	Expect(err).NotTo(HaveOccurred())
	keychain, err := pullsecrets.NewFromPullSecrets(ctx, secrets)
	Expect(err).NotTo(HaveOccurred())
	pulled, err := remote.Image(reference, remote.WithContext(ctx), remote.WithAuthFromKeychain(keychain), remote.WithTransport(server.Client().Transport))
	if err != nil {
		return err
	}
	_, err = pulled.RawConfigFile()
	return err
}

var _ = Describe("the Docker configuration", func() {
	var (
		w      *world
		server *guarded
	)
	BeforeEach(func(ctx SpecContext) {
		w = apply(ctx, "Docker configuration")
		server = w.serve(basicOf("oauth2accesstoken"), images())
	})

	It("is read by crane, from a mounted file", func(ctx SpecContext) {
		pod := w.mountedBy("crane")
		Expect(pod.container.Args).To(HaveExactElements("digest", "registry.example.com/shop/app:v1"))
		Expect(pod.container.Env).To(ConsistOf(HaveField("Name", "DOCKER_CONFIG")))
		GinkgoT().Setenv("DOCKER_CONFIG", pod.here(pod.container.Env[0].Value))
		w.follows(ctx, func() { pod.bring(ctx, w) }, func() error {
			_, err := crane.Digest(pod.container.Args[1], crane.WithContext(ctx), crane.WithTransport(server.Client().Transport), crane.WithAuthFromKeychain(authn.DefaultKeychain))
			return err
		}, ContainSubstring("401"))
	})

	DescribeTable("is read as the pull Secret of",
		func(ctx SpecContext, named func() (image string, secrets []corev1.LocalObjectReference)) {
			image, references := named()
			Expect(references).To(HaveLen(1))
			var secret *corev1.Secret
			w.follows(ctx, func() { secret = w.secret(ctx, references[0].Name) },
				func() error { return w.pull(ctx, server, image, *secret) }, ContainSubstring("401"))
			Expect(secret.Type).To(Equal(corev1.SecretTypeDockerConfigJson))
		},
		Entry("a Pod", func() (string, []corev1.LocalObjectReference) {
			pod := manifest[corev1.Pod](w.section, "app")
			return pod.Spec.Containers[0].Image, pod.Spec.ImagePullSecrets
		}),
		Entry("a ServiceAccount", func() (string, []corev1.LocalObjectReference) {
			return "registry.example.com/shop/app:v1", manifest[corev1.ServiceAccount](w.section, "app").ImagePullSecrets
		}),
		Entry("Flux's OCIRepository", func() (string, []corev1.LocalObjectReference) {
			spec := manifest[sourcev1.OCIRepository](w.section, "app").Spec
			return strings.TrimPrefix(spec.URL, "oci://") + ":" + spec.Reference.Tag, []corev1.LocalObjectReference{{Name: spec.SecretRef.Name}}
		}),
	)
})
