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

// documentation runs the commands of each page from top to bottom. A reader of a page has a namespace
// with the ClientCredential my-api, and a clone of this repository. scenes adds more for some pages.
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
			It("has working commands in "+name, func(ctx SpecContext) { follow(ctx, pageNamespace(ctx), name, commands.run[name]) }, NodeTimeout(pageTimeout))
		}
	}

	It("has all blocks and pages that the lists in these tests name", func() {
		for left := range notRun {
			Expect(commands.left).To(HaveKey(left), "the block does not exist: remove it from notRun")
		}
		for name := range scenes {
			Expect(commands.run).To(HaveKey(name), "the page does not exist or has no commands: remove it from scenes")
		}
	})
}

// pageTimeout is the maximum time for the commands of a page.
const pageTimeout = 20 * time.Minute

// issuerNamespace is the namespace of the token endpoint that the pages use.
const issuerNamespace = "tokensync-e2e-docs"

// pageNamespace creates a namespace for one page. Like the reader's namespace, it does not restrict its
// Pods.
func pageNamespace(ctx context.Context) string {
	GinkgoHelper()
	name := newNamespace(ctx)
	kubectl(ctx, "label", "namespace", name, "pod-security.kubernetes.io/enforce-")
	return name
}

// follow runs the commands of a page.
func follow(ctx context.Context, namespace, name string, blocks []page.Block) {
	GinkgoHelper()
	scene := scenes[name]
	script := &strings.Builder{}
	script.WriteString("PATH=" + programs + ":$PATH\n")
	// Background processes end with the page.
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

// settle is a shell function that waits until the rollout of the operator is complete and none of its
// Pods is terminating. A command that reads Pods fails if a Pod disappears in the meantime.
const settle = `settle() {
kubectl rollout status --namespace tokensync-system deployment/tokensync-controller-manager --timeout=3m
local ending='{.items[?(@.metadata.deletionTimestamp)].metadata.name}'
until [ -z "$(kubectl get pods --namespace tokensync-system -o jsonpath="$ending")" ]; do sleep 1; done
}
`

func applying(manifests string) string {
	return "kubectl apply -f - <<'MANIFESTS'\n" + strings.TrimSuffix(manifests, "\n") + "\nMANIFESTS\n"
}

// programs is a folder with the programs that a reader has: kubectl, its plugin, and helm.
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

// clone creates a folder with the parts of this repository that commands read, and with the files that
// pages describe.
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
