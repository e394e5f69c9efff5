//go:build e2e

package e2e_test

import (
	"context"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/test/docs/page"
)

// documentation runs the commands of each page from top to bottom. A reader of the page has
// a namespace, the ClientCredential my-api in it, and a clone of this repository; scenes has more.
func documentation() {
	BeforeAll(func(ctx SpecContext) {
		createNamespace(ctx, issuerNamespace)
		apply(ctx, issuerNamespace, "docs/issuer.yaml", "BUSYBOX_IMG", environment.busybox)
		kubectl(ctx, "wait", "--namespace", issuerNamespace, "--for=condition=Ready", "--timeout=2m", "pod/issuer")
		makePrograms(ctx)
	})

	commands := readCommands()
	for _, name := range slices.Sorted(maps.Keys(commands.run)) {
		if !slices.Contains(installing, name) {
			It("of "+name, func(ctx SpecContext) { follow(ctx, pageNamespace(ctx), name, commands.run[name]) }, NodeTimeout(pageTimeout))
		}
	}

	It("has all that the lists in these tests name", func() {
		for left := range notRun {
			Expect(commands.left).To(HaveKey(left), "the block is gone: take it off the list")
		}
		for name := range scenes {
			Expect(commands.run).To(HaveKey(name), "the page is gone, or has no commands: take its scene off the list")
		}
	})
}

// pageTimeout ends a page that waits in vain.
const pageTimeout = 20 * time.Minute

// issuerNamespace has the token endpoint of the pages.
const issuerNamespace = "tokensync-e2e-docs"

// pageNamespace makes a namespace for one page. Its Pods are as free as the reader's.
func pageNamespace(ctx context.Context) string {
	GinkgoHelper()
	name := newNamespace(ctx)
	kubectl(ctx, "label", "namespace", name, "pod-security.kubernetes.io/enforce-")
	return name
}

// follow does what a page says.
func follow(ctx context.Context, namespace, name string, blocks []page.Block) {
	GinkgoHelper()
	scene := scenes[name]
	script := &strings.Builder{}
	script.WriteString("PATH=" + programs + ":$PATH\n")
	// What goes on in the background ends with the page.
	script.WriteString("finish() {\nset +e\n" + scene.after + "\nkill $(jobs -p) 2>/dev/null\n}\ntrap 'code=$?; finish; exit $code' EXIT\n")
	script.WriteString(settle)
	if !slices.Contains(installing, name) {
		script.WriteString("settle\n")
	}
	if !scene.empty {
		script.WriteString("kubectl apply -f my-client.yaml -f my-api.yaml\nkubectl wait --for=condition=Ready cc/my-api --timeout=2m\n")
	}
	script.WriteString(scene.before)
	for _, block := range blocks {
		script.WriteString("echo; echo '" + block.String() + "'\n")
		if block.Language == "yaml" {
			script.WriteString(applying(block.Text))
		} else {
			script.WriteString(block.Text)
		}
	}
	here := strings.NewReplacer(append(slices.Clone(scene.instead), everywhere(namespace)...)...)
	output, err := run(ctx, "cd "+clone(here)+"\n"+here.Replace(script.String()),
		"env", "KUBECONFIG="+kubeconfigFor(namespace), "bash", "-euo", "pipefail", "-s")
	Expect(err).NotTo(HaveOccurred(), output)
}

// settle is a function of the scripts that waits until the operator runs as its Deployment says,
// and no Pod of it ends: a command that reads Pods would fail on one that is gone a moment later.
const settle = `settle() {
kubectl rollout status --namespace tokensync-system deployment/tokensync-controller-manager --timeout=3m
local ending='{.items[?(@.metadata.deletionTimestamp)].metadata.name}'
until [ -z "$(kubectl get pods --namespace tokensync-system -o jsonpath="$ending")" ]; do sleep 1; done
}
`

func applying(manifests string) string {
	return "kubectl apply -f - <<'MANIFESTS'\n" + strings.TrimSuffix(manifests, "\n") + "\nMANIFESTS\n"
}

// programs is a folder with what a reader has: kubectl, its plugin, and helm.
var programs string

func makePrograms(ctx context.Context) {
	GinkgoHelper()
	programs = GinkgoT().TempDir()
	for name, program := range map[string]string{"kubectl": environment.kubectl, "helm": environment.helm} {
		path, err := exec.LookPath(program)
		Expect(err).NotTo(HaveOccurred())
		path, err = filepath.Abs(path)
		Expect(err).NotTo(HaveOccurred())
		Expect(os.Symlink(path, filepath.Join(programs, name))).To(Succeed())
	}
	output, err := run(ctx, "", "go", "build", "-o", filepath.Join(programs, "kubectl-tokensync"), "./cmd/kubectl-tokensync")
	Expect(err).NotTo(HaveOccurred(), output)
}

// clone makes a folder that has those parts of this repository which commands read, and the files
// that pages speak of.
func clone(here *strings.Replacer) string {
	GinkgoHelper()
	folder := GinkgoT().TempDir()
	for _, name := range []string{"charts", "config"} {
		Expect(os.CopyFS(filepath.Join(folder, name), os.DirFS(filepath.Join(root, name)))).To(Succeed())
	}
	files, err := filepath.Glob(filepath.Join("testdata", "docs", "files", "*"))
	Expect(err).NotTo(HaveOccurred())
	for _, file := range files {
		raw, err := os.ReadFile(file)
		Expect(err).NotTo(HaveOccurred())
		Expect(os.WriteFile(filepath.Join(folder, filepath.Base(file)), []byte(here.Replace(string(raw))), 0o600)).To(Succeed())
	}
	return folder
}
