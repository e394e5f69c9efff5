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

// untilSignal returns a context that ends with the first signal, or when the reader of the output has gone.
// The second signal kills everything immediately.
func untilSignal(folder string) context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	brokenPipe := make(chan os.Signal, 1)
	signal.Notify(brokenPipe, syscall.SIGPIPE)
	go func() {
		select {
		case <-signals:
			say("\nStopping. Ctrl-C again kills everything immediately.")
		case <-brokenPipe:
		}
		cancel()
		<-signals
		kill(folder)
		os.Exit(killedStatus)
	}()
	return ctx
}

// kill removes the folder first, so that envtest cannot restart a program in it. It removes the folder again
// after the kill, because the dying programs may have written to it.
func kill(folder string) {
	_ = os.RemoveAll(folder)
	for _, pid := range children() {
		// Each child leads its own process group.
		_ = syscall.Kill(-pid, syscall.SIGKILL)
	}
	_ = os.RemoveAll(folder)
}

// children returns the IDs of the child processes, which envtest does not return.
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
