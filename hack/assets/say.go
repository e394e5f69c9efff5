package main

import (
	"fmt"
	"os"
	"time"
)

const reportEvery = 15 * time.Second

var began = time.Now()

// say prints a message, with the seconds since the start.
func say(format string, arguments ...any) {
	fmt.Fprintf(os.Stderr, "assets: [%4.0fs] %s\n", time.Since(began).Seconds(), fmt.Sprintf(format, arguments...))
}

// report does the work and prints its progress from time to time, so that a long build does not seem to
// hang.
func report(progress func() string, work func() error) error {
	ticker := time.NewTicker(reportEvery)
	defer ticker.Stop()
	done := make(chan error, 1)
	go func() { done <- work() }()
	for {
		select {
		case err := <-done:
			return err
		case <-ticker.C:
			say("%s", progress())
		}
	}
}
