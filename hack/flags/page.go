package main

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

const head = `<!-- Written by "make generate" from the operator's flags. Do not edit. -->

# Flags of the operator

Set the flags in ` + "`args`" + ` of the container in the operator's Deployment. [Install](../install.md)
shows how to set them with Helm or kustomize. These pages explain them: [security](../security.md),
[authorization servers](../authorization-servers.md), [metrics](../metrics.md), [traces](../tracing.md) and
[operations](../operations.md).

| flag | default | meaning |
|---|---|---|
`

// A flagText is the help text of a flag.
type flagText struct{ name, standard, meaning string }

var (
	headline = regexp.MustCompile(`^  -(\S+)( \S+)?$`)
	standard = regexp.MustCompile(` \(default "?(.*?)"?\)$`)
)

// read parses the help that Go's package flag prints. A line has the name, and the kind of the
// value unless it is a boolean. The meaning is below, indented.
func read(help string) ([]flagText, error) {
	var flags []flagText
	for line := range strings.Lines(help) {
		line = strings.TrimSuffix(line, "\n")
		if found := headline.FindStringSubmatch(line); found != nil {
			next := flagText{name: found[1]}
			if found[2] == "" {
				next.standard = "false"
			}
			flags = append(flags, next)
		} else if text := strings.TrimSpace(line); len(flags) > 0 && text != "" {
			last := &flags[len(flags)-1]
			last.meaning = strings.TrimSpace(last.meaning + " " + text)
		}
	}
	if len(flags) == 0 {
		return nil, errors.New("the operator's help names no flag")
	}
	for i := range flags {
		if found := standard.FindStringSubmatch(flags[i].meaning); found != nil {
			flags[i].standard = found[1]
			flags[i].meaning = standard.ReplaceAllString(flags[i].meaning, "")
		}
	}
	return flags, nil
}

func render(flags []flagText) string {
	out := strings.Builder{}
	out.WriteString(head)
	for _, flag := range flags {
		value := ""
		if flag.standard != "" {
			value = "`" + flag.standard + "` "
		}
		fmt.Fprintf(&out, "| `--%s` | %s| %s |\n", flag.name, value, strings.ReplaceAll(flag.meaning, "|", `\|`))
	}
	return out.String()
}
