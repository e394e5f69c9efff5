// Command flags writes docs/reference/flags.md from the help texts of the operator's flags.
// It runs in the root of the repository.
package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
)

const page = "docs/reference/flags.md"

func main() {
	if err := write(); err != nil {
		fmt.Fprintf(os.Stderr, "flags: %v\n", err)
		os.Exit(1)
	}
}

func write() error {
	help, err := exec.CommandContext(context.Background(), "go", "run", "./cmd", "-h").CombinedOutput()
	if err != nil {
		return fmt.Errorf("get the help text of the operator: %w\n%s", err, help)
	}
	flags, err := read(string(help))
	if err != nil {
		return err
	}
	return os.WriteFile(page, []byte(render(flags)), 0o644)
}
