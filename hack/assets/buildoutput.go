package main

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"sync"
)

// buildOutput reads what "go build -v" prints: it counts routine lines and keeps
// all other lines.
type buildOutput struct {
	mutex                sync.Mutex
	partial              []byte
	downloaded, compiled int
	other                []string
}

var packagePath = regexp.MustCompile(`^[\w.~-]+(/[\w.~-]+)*$`)

func (o *buildOutput) Write(data []byte) (int, error) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	o.partial = append(o.partial, data...)
	for {
		end := bytes.IndexByte(o.partial, '\n')
		if end < 0 {
			return len(data), nil
		}
		o.line(string(o.partial[:end]))
		o.partial = o.partial[end+1:]
	}
}

func (o *buildOutput) line(line string) {
	switch {
	case strings.HasPrefix(line, "go: downloading "):
		o.downloaded++
	case packagePath.MatchString(line):
		o.compiled++
	default:
		o.other = append(o.other, line)
	}
}

func (o *buildOutput) progress() string {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	return fmt.Sprintf("%d modules downloaded, %d packages compiled", o.downloaded, o.compiled)
}

// problems returns the last lines of the output that are not routine.
func (o *buildOutput) problems() string {
	const limit = 40
	o.mutex.Lock()
	defer o.mutex.Unlock()
	lines := o.other[max(0, len(o.other)-limit):]
	return strings.Join(lines, "\n") + "\n" + string(o.partial)
}
