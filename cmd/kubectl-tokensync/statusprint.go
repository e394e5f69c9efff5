package main

import (
	"fmt"
	"io"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/cli-runtime/pkg/printers"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/explain"
)

// print writes the explanations in the requested format.
func (o *statusOptions) print(explanations []explain.Explanation) error {
	out := o.cluster.streams.Out
	switch {
	case o.output == "name":
		return printNames(out, explanations)
	case o.output == "json" || o.output == "yaml":
		return writeDocument(out, o.output, struct {
			ClientCredentials []explain.Explanation `json:"clientCredentials"`
		}{explanations})
	case len(o.selection.names) > 0:
		return printTexts(out, explanations)
	}
	printer := printers.NewTablePrinter(printers.PrintOptions{
		WithNamespace: o.selection.allNamespaces, Wide: o.output == "wide",
	})
	return printer.PrintObj(table(explanations, time.Now()), out)
}

func printNames(out io.Writer, explanations []explain.Explanation) error {
	printer := printers.NamePrinter{ShortOutput: true}
	for _, explanation := range explanations {
		if err := printer.PrintObj(metadataOf(explanation), out); err != nil {
			return err
		}
	}
	return nil
}

func printTexts(out io.Writer, explanations []explain.Explanation) error {
	for i, explanation := range explanations {
		if i > 0 {
			_, _ = fmt.Fprintln(out)
		}
		if err := explanation.WriteText(out); err != nil {
			return err
		}
	}
	return nil
}

// table returns a table with one row for each ClientCredential. Columns with a priority are for -o wide.
func table(explanations []explain.Explanation, now time.Time) *metav1.Table {
	table := &metav1.Table{ColumnDefinitions: []metav1.TableColumnDefinition{
		{Name: "Name", Type: "string", Format: "name"},
		{Name: "State", Type: "string"},
		{Name: "Expires", Type: "string"},
		{Name: "Renewal", Type: "string", Priority: 1},
		{Name: "Secret", Type: "string", Priority: 1},
		{Name: "Reason", Type: "string", Priority: 1},
		{Name: "Summary", Type: "string"},
	}}
	for _, explanation := range explanations {
		expires, renewal, secret, reason := "-", "-", "-", "-"
		if token := explanation.Token; token != nil {
			secret = token.SecretName
			expires = explain.Relative(now, token.ExpiresAt.Time)
			if explanation.State != explain.StateSuspended {
				renewal = explain.Relative(now, token.RenewAt.Time)
			}
		}
		if explanation.Ready != nil {
			reason = explanation.Ready.Reason
		}
		table.Rows = append(table.Rows, metav1.TableRow{
			Cells:  []any{explanation.Name, string(explanation.State), expires, renewal, secret, reason, explanation.Summary},
			Object: runtime.RawExtension{Object: metadataOf(explanation)},
		})
	}
	return table
}

// metadataOf returns metadata that name the object, for printers.
func metadataOf(explanation explain.Explanation) *metav1.PartialObjectMetadata {
	metadata := &metav1.PartialObjectMetadata{
		ObjectMeta: metav1.ObjectMeta{Namespace: explanation.Namespace, Name: explanation.Name},
	}
	metadata.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind(v1alpha1.ClientCredentialKind))
	return metadata
}
