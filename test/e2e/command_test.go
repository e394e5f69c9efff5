//go:build e2e

package e2e_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// run runs a program in the repository's folder and returns its output. The output is shown if a spec
// fails, so it must not contain tokens.
func run(ctx context.Context, input, program string, arguments ...string) (string, error) {
	GinkgoHelper()
	command := exec.CommandContext(ctx, program, arguments...)
	command.Dir = root
	command.Stdin = strings.NewReader(input)
	// Background processes of the program keep its output open.
	command.WaitDelay = 10 * time.Second
	By(filepath.Base(program) + " " + strings.Join(arguments, " "))
	output, err := command.CombinedOutput()
	GinkgoWriter.Println(string(output))
	return string(output), err
}

// kubectl runs kubectl, which must succeed.
func kubectl(ctx context.Context, arguments ...string) string {
	GinkgoHelper()
	output, err := run(ctx, "", environment.kubectl, arguments...)
	Expect(err).NotTo(HaveOccurred(), output)
	return output
}

// helm runs helm, which must succeed.
func helm(ctx context.Context, arguments ...string) string {
	GinkgoHelper()
	output, err := run(ctx, "", environment.helm, arguments...)
	Expect(err).NotTo(HaveOccurred(), output)
	return output
}

// apply applies a file of testdata in a namespace. In replacements, each word is followed by its
// replacement.
func apply(ctx context.Context, namespace, file string, replacements ...string) {
	GinkgoHelper()
	raw, err := os.ReadFile(filepath.Join("testdata", file))
	Expect(err).NotTo(HaveOccurred())
	manifests := strings.NewReplacer(replacements...).Replace(string(raw))
	output, err := run(ctx, manifests, environment.kubectl, "apply", "--namespace", namespace, "--filename", "-")
	Expect(err).NotTo(HaveOccurred(), output)
}

// kubeconfigFor writes a kubeconfig whose current namespace is namespace.
func kubeconfigFor(namespace string) string {
	GinkgoHelper()
	config, err := clientcmd.NewDefaultClientConfigLoadingRules().Load()
	Expect(err).NotTo(HaveOccurred())
	Expect(clientcmdapi.MinifyConfig(config)).To(Succeed())
	Expect(clientcmdapi.FlattenConfig(config)).To(Succeed())
	config.Contexts[config.CurrentContext].Namespace = namespace
	path := filepath.Join(GinkgoT().TempDir(), "kubeconfig")
	Expect(clientcmd.WriteToFile(*config, path)).To(Succeed())
	return path
}

// script runs a bash script in the repository's folder and returns its output. In the script, kubectl
// uses the given namespace. The script stops at the first command that fails.
func script(ctx context.Context, namespace, text string, env ...string) (string, error) {
	GinkgoHelper()
	arguments := append([]string{"KUBECONFIG=" + kubeconfigFor(namespace), "KUBECTL=" + environment.kubectl}, env...)
	return run(ctx, text, "env", append(arguments, "bash", "-euo", "pipefail", "-s")...)
}
