package scale_test

import (
	"context"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
)

// memoryLimit is the default limit of the operator's Pod, which sets the same variable.
const memoryLimit = "GOMEMLIMIT=256MiB"

// operator is a running operator.
type operator struct {
	*exec.Cmd
	probes string
}

func startOperator(ctx context.Context, b *testing.B, program, kubeconfig string) *operator {
	b.Helper()
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	must(b, err)
	o := &operator{probes: listener.Addr().String()}
	must(b, listener.Close())
	o.Cmd = exec.CommandContext(ctx, program, "--kubeconfig", kubeconfig, "--allow-http", "--allowed-cidrs=127.0.0.0/8",
		"--metrics-bind-address=0", "--health-probe-bind-address="+o.probes)
	o.Env = append(os.Environ(), memoryLimit)
	log, err := os.Create(filepath.Join(b.TempDir(), "manager.log"))
	must(b, err)
	o.Stderr = log
	must(b, o.Start())
	return o
}

// kill kills the operator without a graceful shutdown.
func (o *operator) kill(b *testing.B) {
	b.Helper()
	must(b, o.Process.Kill())
	_ = o.Wait() // The error says that it was killed.
}

// awaitReady waits until the operator's caches are filled.
func (o *operator) awaitReady(ctx context.Context, b *testing.B) {
	b.Helper()
	must(b, wait.PollUntilContextTimeout(ctx, pollInterval, time.Minute, true, func(ctx context.Context) (bool, error) {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+o.probes+"/readyz", nil)
		if err != nil {
			return false, err
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return false, nil //nolint:nilerr // The operator does not listen yet.
		}
		return response.StatusCode == http.StatusOK, response.Body.Close()
	}))
}

// peakMemory returns the maximum resident memory of the operator, in MiB. It works only on Linux.
func (o *operator) peakMemory(b *testing.B) float64 {
	b.Helper()
	status, err := os.ReadFile("/proc/" + strconv.Itoa(o.Process.Pid) + "/status")
	must(b, err)
	_, after, _ := strings.Cut(string(status), "VmHWM:")
	kilobytes, err := strconv.Atoi(strings.Fields(after)[0])
	must(b, err)
	return float64(kilobytes) / 1024
}
