package hostile_test

import (
	"context"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gexec"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
)

// process is the operator's binary, running with the memory limit that the manifests set.
type process struct {
	*gexec.Session
	probes string
}

// memoryLimit is the memory limit in config/manager/manager.yaml, in MiB.
const memoryLimit = 256

var built = sync.OnceValues(func() (string, error) { return gexec.Build("github.com/tokensync/tokensync/cmd") })

// startProcess starts the binary as an admin of the cluster and waits until it is ready. The operator
// serves the given namespaces.
func startProcess(namespaces ...string) *process {
	GinkgoHelper()
	binary, err := built()
	Expect(err).NotTo(HaveOccurred())
	p := &process{probes: freeAddress()}
	command := exec.CommandContext(context.Background(), binary, "--kubeconfig", adminKubeconfig(),
		"--allow-http", "--allowed-cidrs=127.0.0.0/8", "--metrics-bind-address=0", "--health-probe-bind-address="+p.probes,
		"--namespaces="+strings.Join(namespaces, ","))
	command.Env = append(os.Environ(), "GOMEMLIMIT="+strconv.Itoa(memoryLimit)+"MiB")
	p.Session, err = gexec.Start(command, GinkgoWriter, GinkgoWriter)
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(func() { p.Kill().Wait("10s") })
	Eventually(func() int { return p.probe("/readyz") }).Should(Equal(http.StatusOK))
	return p
}

// probe returns the status code of a probe, or 0 if there is no answer.
func (p *process) probe(path string) int {
	response, err := http.Get("http://" + p.probes + path) //nolint:noctx // An address of this spec.
	if err != nil {
		return 0
	}
	defer func() { _ = response.Body.Close() }()
	return response.StatusCode
}

// peakMemory returns the maximum resident memory so far, in MiB. Only Linux reports it; elsewhere it is
// 0.
func (p *process) peakMemory() int {
	GinkgoHelper()
	if runtime.GOOS != "linux" {
		return 0
	}
	status, err := os.ReadFile("/proc/" + strconv.Itoa(p.Command.Process.Pid) + "/status")
	Expect(err).NotTo(HaveOccurred())
	_, after, _ := strings.Cut(string(status), "VmHWM:")
	kilobytes, err := strconv.Atoi(strings.Fields(after)[0])
	Expect(err).NotTo(HaveOccurred())
	return kilobytes >> 10
}

// cpuSeconds returns the CPU time that the process has used so far. Only Linux reports it; elsewhere it
// is 0.
func (p *process) cpuSeconds() float64 {
	GinkgoHelper()
	if runtime.GOOS != "linux" {
		return 0
	}
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(p.Command.Process.Pid) + "/stat")
	Expect(err).NotTo(HaveOccurred())
	fields := strings.Fields(string(stat[strings.LastIndex(string(stat), ")")+1:]))
	const ticks = 100
	var total float64
	for _, field := range fields[11:13] {
		used, err := strconv.ParseFloat(field, 64)
		Expect(err).NotTo(HaveOccurred())
		total += used / ticks
	}
	return total
}

var adminKubeconfigFile = struct {
	sync.Once
	path string
}{}

func adminKubeconfig() string {
	GinkgoHelper()
	adminKubeconfigFile.Do(func() {
		user, err := environment.AddUser(envtest.User{Name: "admin", Groups: []string{"system:masters"}}, nil)
		Expect(err).NotTo(HaveOccurred())
		raw, err := user.KubeConfig()
		Expect(err).NotTo(HaveOccurred())
		folder, err := os.MkdirTemp("", "hostile")
		Expect(err).NotTo(HaveOccurred())
		adminKubeconfigFile.path = filepath.Join(folder, "kubeconfig")
		Expect(os.WriteFile(adminKubeconfigFile.path, raw, 0o600)).To(Succeed())
	})
	return adminKubeconfigFile.path
}

func freeAddress() string {
	GinkgoHelper()
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // It is closed immediately.
	Expect(err).NotTo(HaveOccurred())
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}

// eventuallyIn is the maximum time until many hostile objects report a condition.
const eventuallyIn = 2 * time.Minute
