package provider

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"time"
)

// endTimeout is the time that a process has to end.
const endTimeout = 5 * time.Second

// process is the running Node.js process. It ends when its input is closed, so it also ends whenever this
// process ends.
type process struct {
	command *exec.Cmd
	input   io.WriteCloser
	// lines are the lines of the output; the channel is closed at the end of the output.
	lines chan []byte
	ended chan struct{}
	close func() error
}

func startProcess(ctx context.Context, script string, setup []byte, log io.Writer) (*process, error) {
	if _, err := exec.LookPath("node"); err != nil {
		return nil, fmt.Errorf("install Node.js to run the interop tests: %w", err)
	}
	// The process outlives the context, which covers only the start.
	command := exec.CommandContext(context.WithoutCancel(ctx), "node", script)
	command.Stderr = log
	input, err := command.StdinPipe()
	if err != nil {
		return nil, err
	}
	output, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := command.Start(); err != nil {
		return nil, err
	}
	p := &process{command: command, input: input, lines: make(chan []byte), ended: make(chan struct{})}
	p.close = sync.OnceValue(p.end)
	go p.follow(output)
	if _, err := input.Write(setup); err != nil {
		return nil, errors.Join(fmt.Errorf("write the setup: %w", err), p.close())
	}
	return p, nil
}

func (p *process) follow(output io.Reader) {
	scanner := bufio.NewScanner(output)
	for scanner.Scan() {
		p.lines <- append([]byte(nil), scanner.Bytes()...)
	}
	close(p.lines)
	// The exit status is not needed: the output has ended, and errors are in the log.
	_ = p.command.Wait()
	close(p.ended)
}

func (p *process) end() error {
	// The input is already closed if the process ended by itself.
	if err := p.input.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
		return err
	}
	// Drain the lines: if the start failed, no other goroutine reads them.
	go func() {
		for range p.lines {
			continue
		}
	}()
	select {
	case <-p.ended:
		return nil
	case <-time.After(endTimeout):
		return p.command.Process.Kill()
	}
}
