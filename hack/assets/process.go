package main

import (
	"os"
	"os/exec"
	"time"
)

// gentle sets up the command so that the end of its context interrupts it. The command can then stop its own
// children and remove its temporary files. It is killed only if it does not end.
func gentle(command *exec.Cmd) {
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = 10 * time.Second
}
