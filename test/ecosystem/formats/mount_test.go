package formats_test

import (
	"os"
	"path/filepath"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
)

// mount is a folder that holds a Secret as the kubelet mounts it: links to a folder whose files all
// change at the same time.
type mount struct{ dir string }

func newMount() mount { return mount{dir: GinkgoT().TempDir()} }

// bring copies the data of a Secret to the mount; all keys if no items are named.
func (m mount) bring(secret *corev1.Secret, items ...corev1.KeyToPath) {
	GinkgoHelper()
	if len(items) == 0 {
		for key := range secret.Data {
			items = append(items, corev1.KeyToPath{Key: key, Path: key})
		}
	}
	current, err := os.MkdirTemp(m.dir, "..version-")
	Expect(err).NotTo(HaveOccurred())
	for _, item := range items {
		Expect(secret.Data).To(HaveKey(item.Key))
		Expect(os.WriteFile(filepath.Join(current, item.Path), secret.Data[item.Key], 0o600)).To(Succeed())
		link := filepath.Join(m.dir, item.Path)
		if err := os.Symlink(filepath.Join("..data", item.Path), link); !os.IsExist(err) {
			Expect(err).NotTo(HaveOccurred())
		}
	}
	fresh := filepath.Join(m.dir, "..data_tmp")
	Expect(os.Symlink(filepath.Base(current), fresh)).To(Succeed())
	Expect(os.Rename(fresh, filepath.Join(m.dir, "..data"))).To(Succeed())
}

// mounted is a Pod of the page, with its only volume.
type mounted struct {
	mount
	container corev1.Container
	source    *corev1.SecretVolumeSource
}

func (w *world) mountedBy(name string) mounted {
	GinkgoHelper()
	pod := manifest[corev1.Pod](w.section, name)
	Expect(pod.Spec.Containers).To(HaveLen(1))
	Expect(pod.Spec.Containers[0].VolumeMounts).To(HaveLen(1))
	Expect(pod.Spec.Containers[0].VolumeMounts[0].SubPath).To(BeEmpty(), "a subPath mount is never updated")
	Expect(pod.Spec.Volumes).To(HaveLen(1))
	return mounted{mount: newMount(), container: pod.Spec.Containers[0], source: pod.Spec.Volumes[0].Secret}
}

// bring copies the current data of the Secret to the volume.
func (m mounted) bring(ctx SpecContext, w *world) {
	GinkgoHelper()
	m.mount.bring(w.secret(ctx, m.source.SecretName), m.source.Items...)
}

// here returns a text of the container with the mount path replaced by the local folder.
func (m mounted) here(text string) string {
	return strings.ReplaceAll(text, m.container.VolumeMounts[0].MountPath, m.dir)
}
