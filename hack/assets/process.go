package main

import (
	"os"
	"os/exec"
	"time"
)

// gentle makes the end of the context interrupt the command instead of killing it. The command can then stop
// its children and remove its temporary files. It is killed only if it does not end.
func gentle(command *exec.Cmd) {
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = 10 * time.Second
}
