package states_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/cli-runtime/pkg/printers"
)

// After all states were reached, the suite compares docs/states.md with the results, or rewrites the
// page.
var _ = AfterSuite(func() {
	for _, state := range slices.Concat(states, serverStates) {
		if _, ok := reached[state.name]; !ok {
			return // Some specs did not run, or have already failed.
		}
	}
	expectFile(filepath.Join("docs", "states.md"), page())
})

// expectFile compares a file of the repository with the expected text, or writes the text if
// UPDATE_DOCS is set.
func expectFile(path, text string) {
	GinkgoHelper()
	if os.Getenv("UPDATE_DOCS") != "" {
		Expect(os.WriteFile(filepath.Join(root, path), []byte(text), 0o644)).To(Succeed())
		return
	}
	Expect(os.ReadFile(filepath.Join(root, path))).To(BeEquivalentTo(text), path+" is stale: run make generate-states")
}

const head = `<!-- Written by "make generate-states" from the results of test/ecosystem/states. Do not edit. -->

# States

A test with a real API server brings an object into each state. This page shows the results.
Times are relative to now: "in 60m", "10m ago". "due" means that the time of a renewal has come. Messages have
times in brackets.

- **kstatus** is the status in Flux, and in other tools that know only the conditions of a resource.
- **Argo CD** is the health that it shows with the [health script](argo-cd.md#health).
- **wait** shows whether ` + "`kubectl wait --for=condition=Ready`" + ` ends.
- **Alert** is the [alert](alerts.md) that fires if the state lasts. A state that ends after two minutes has no alert.

[Conditions](conditions.md) explains the conditions and reasons.

`

func page() string {
	out := &strings.Builder{}
	out.WriteString(head)
	out.WriteString("## ClientCredential\n\n| state | Ready | also True | kstatus | Argo CD | wait | alert |\n|---|---|---|---|---|---|---|\n")
	for _, state := range states {
		now := reached[state.name]
		fmt.Fprintf(out, "| [%s](#%s) | %s | %s | %s | %s | %s | %s |\n", state.name, anchor(state.name),
			orDash(now.Get[0]), besides(now.seen), now.KStatus, now.Argo, yes(now.Wait), orDash(strings.Join(now.Alerts, ", ")))
	}
	for _, state := range states {
		writeState(out, state, "shop")
	}
	out.WriteString("\n## AuthorizationServer and ClusterAuthorizationServer\n\n| state | Ready | also True | kstatus | Argo CD | wait |\n|---|---|---|---|---|---|\n")
	for _, state := range serverStates {
		now := reached[state.name]
		fmt.Fprintf(out, "| [%s](#%s) | %s | %s | %s | %s | %s |\n", state.name, anchor(state.name),
			orDash(now.Get[0]), besides(now.seen), now.KStatus, now.Argo, yes(now.Wait))
	}
	for _, state := range serverStates {
		writeState(out, state, "idp")
	}
	return out.String()
}

func writeState(out *strings.Builder, state state, object string) {
	now := reached[state.name]
	fmt.Fprintf(out, "\n### %s\n\n%s\n\n```\n%s```\n\n", state.name, state.how, printed(object, now.columns, now.Get))
	for i := 0; i < len(now.Conditions); {
		first := now.Conditions[i]
		var types []string
		for ; i < len(now.Conditions) && now.Conditions[i].Reason == first.Reason && now.Conditions[i].Message == first.Message; i++ {
			types = append(types, fmt.Sprintf("`%s=%s`", now.Conditions[i].Type, now.Conditions[i].Status))
		}
		fmt.Fprintf(out, "- %s, `%s`: %s\n", strings.Join(types, ", "), first.Reason, first.Message)
	}
	if len(now.Conditions) == 0 {
		out.WriteString("- no conditions\n")
	}
	tells := "the message of `" + now.Tells + "`"
	if strings.HasPrefix(now.Tells, `"`) {
		tells = now.Tells
	}
	fmt.Fprintf(out, "- kstatus `%s`; Argo CD `%s`: %s\n", now.KStatus, now.Argo, tells)
}

// printed returns the output of kubectl.
func printed(object string, columns, cells []string) string {
	table, row := &metav1.Table{}, metav1.TableRow{Cells: []any{object}}
	for _, column := range append([]string{"Name"}, columns...) {
		table.ColumnDefinitions = append(table.ColumnDefinitions, metav1.TableColumnDefinition{Name: column, Type: "string"})
	}
	for _, cell := range cells {
		row.Cells = append(row.Cells, cell)
	}
	table.Rows = []metav1.TableRow{row}
	out := &strings.Builder{}
	Expect(printers.NewTablePrinter(printers.PrintOptions{}).PrintObj(table, out)).To(Succeed())
	return endsOfLines.ReplaceAllString(out.String(), "\n")
}

var endsOfLines = regexp.MustCompile(` +\n`)

// besides returns the conditions that are True, except Ready.
func besides(now seen) string {
	var types []string
	for _, c := range now.Conditions {
		if c.Type != "Ready" && c.Status == "True" {
			types = append(types, c.Type)
		}
	}
	return orDash(strings.Join(types, ", "))
}

func anchor(name string) string {
	return strings.ReplaceAll(strings.ToLower(name), " ", "-")
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

func yes(is bool) string {
	if is {
		return "yes"
	}
	return "no"
}
