// Command profiles writes docs/profiles.md from the profiles. It runs in the root
// of the repository.
package main

import (
	"fmt"
	"os"
)

const page = "docs/profiles.md"

func main() {
	if err := write(); err != nil {
		fmt.Fprintf(os.Stderr, "profiles: %v\n", err)
		os.Exit(1)
	}
}

func write() error {
	text, err := render()
	if err != nil {
		return err
	}
	return os.WriteFile(page, []byte(text), 0o644)
}
