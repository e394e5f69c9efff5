package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// killAfter is the maximum time that the operator may take to end.
const killAfter = 10 * time.Second

// operator is the running operator.
type operator struct {
	logPath string
	cancel  context.CancelFunc
	ended   chan struct{}
	err     error
}

// startOperator runs the program in its own process group. So Ctrl-C reaches only the demo, which stops
// the operator before the control plane.
func startOperator(program, kubeconfig, folder string) (*operator, error) {
	o := &operator{logPath: filepath.Join(folder, "manager.log"), ended: make(chan struct{})}
	log, err := os.OpenFile(o.logPath, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	o.cancel = cancel
	command := exec.CommandContext(ctx, program, "--kubeconfig", kubeconfig,
		"--allow-http", "--allowed-cidrs=127.0.0.0/8,::1/128",
		"--metrics-bind-address=0", "--health-probe-bind-address=0")
	command.Stdout, command.Stderr = log, log
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGTERM) }
	command.WaitDelay = killAfter
	if err := command.Start(); err != nil {
		cancel()
		_ = log.Close()
		return nil, fmt.Errorf(`start the operator ("make build" builds it): %w`, err)
	}
	go func() {
		o.err = command.Wait()
		_ = log.Close()
		close(o.ended)
	}()
	return o, nil
}

func (o *operator) stop() {
	o.cancel()
	<-o.ended
}

// failure returns an error that says why the operator ended by itself.
func (o *operator) failure() error {
	how := "exit status 0"
	if o.err != nil {
		how = o.err.Error()
	}
	return fmt.Errorf("the operator ended by itself (%s); the end of its log:\n%s", how, o.logEnd())
}

func (o *operator) logEnd() []byte {
	const limit = 20
	raw, err := os.ReadFile(o.logPath)
	if err != nil {
		return []byte(err.Error())
	}
	lines := bytes.Split(bytes.TrimSpace(raw), []byte("\n"))
	return bytes.Join(lines[max(0, len(lines)-limit):], []byte("\n"))
}
