package main

import (
	"context"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
)

const killedStatus = 130

// untilSignal returns a context that ends with the first signal, or when nobody
// reads the output any more. The second signal ends everything at once.
func untilSignal(folder string) context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	brokenPipe := make(chan os.Signal, 1)
	signal.Notify(brokenPipe, syscall.SIGPIPE)
	go func() {
		select {
		case <-signals:
			say("\nStopping. Ctrl-C again kills at once.")
		case <-brokenPipe:
		}
		cancel()
		<-signals
		kill(folder)
		os.Exit(killedStatus)
	}()
	return ctx
}

// kill removes the folder first, so that envtest cannot start a program anew in
// it, and again for what the dying programs wrote.
func kill(folder string) {
	_ = os.RemoveAll(folder)
	for _, pid := range children() {
		// Each child leads a process group of its own.
		_ = syscall.Kill(-pid, syscall.SIGKILL)
	}
	_ = os.RemoveAll(folder)
}

// children are the processes that this one started. envtest does not tell.
func children() []int {
	output, err := exec.CommandContext(context.Background(), "ps", "-A", "-o", "pid=", "-o", "ppid=").Output()
	if err != nil {
		return nil
	}
	var pids []int
	for line := range strings.Lines(string(output)) {
		fields := strings.Fields(line)
		if len(fields) != 2 || fields[1] != strconv.Itoa(os.Getpid()) {
			continue
		}
		if pid, err := strconv.Atoi(fields[0]); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}
