package main

import (
	"os"
	"os/exec"
	"time"
)

// gentle makes an ending context interrupt the command, which then stops its own children and
// removes its temporary files, and kills it only when that does not help.
func gentle(command *exec.Cmd) {
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = 10 * time.Second
}
