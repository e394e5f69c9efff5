package formats_test

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// run runs the command of a Pod on this machine.
func (m mounted) run(ctx context.Context, server *guarded) error {
	GinkgoHelper()
	var command []string
	for _, word := range m.container.Command {
		command = append(command, m.here(word))
	}
	environment := server.environment()
	for _, variable := range m.container.Env {
		environment = append(environment, variable.Name+"="+m.here(variable.Value))
	}
	return run(ctx, environment, command...)
}

// run runs a program. If the program fails, the error contains its output.
func run(ctx context.Context, environment []string, command ...string) error {
	GinkgoHelper()
	program := programPath(command[0])
	started := exec.CommandContext(ctx, program, command[1:]...)
	started.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + GinkgoT().TempDir()}, environment...)
	output, err := started.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w: %s", command[0], err, output)
	}
	return nil
}

func programPath(name string) string {
	GinkgoHelper()
	path, err := exec.LookPath(name)
	Expect(err).NotTo(HaveOccurred(), "these tests need %s: install it", name)
	return path
}

// environment makes curl and git connect to this server for git.example.com and the other hosts,
// whatever the settings of the machine are.
func (g *guarded) environment() []string {
	GinkgoHelper()
	at, err := url.Parse(g.URL)
	Expect(err).NotTo(HaveOccurred())
	dir := GinkgoT().TempDir()
	write := func(name, format string, values ...any) {
		Expect(os.WriteFile(filepath.Join(dir, name), fmt.Appendf(nil, format, values...), 0o600)).To(Succeed())
	}
	write(".curlrc", "connect-to = \"::%s\"\ncacert = %q\nnoproxy = \"*\"\n", at.Host, g.authority)
	write("gitconfig", "[http]\n\tsslCAInfo = %s\n\tcurloptResolve = git.example.com:%s:%s\n"+
		"[url \"https://git.example.com:%s/\"]\n\tinsteadOf = https://git.example.com/\n",
		g.authority, at.Port(), at.Hostname(), at.Port())
	return []string{
		"CURL_HOME=" + dir, "GIT_CONFIG_GLOBAL=" + filepath.Join(dir, "gitconfig"),
		"GIT_CONFIG_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0", "GIT_ASKPASS=true",
	}
}
