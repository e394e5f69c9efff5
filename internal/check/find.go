package check

import (
	"context"
	"errors"
	"fmt"
	"reflect"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/internal/resolve"
)

// FromCluster is the source of what was read from the cluster.
const FromCluster = "the cluster"

// Finder finds objects: in the given files, else in the cluster.
type Finder struct {
	Files *Objects
	// Connect makes the client of the cluster. It is called when something is not
	// in the files, and not before: a check needs no cluster where they hold all.
	Connect func() (client.Client, error)

	connected client.Client
}

// find reads an object and returns its source. The error is a *resolve.NotFoundError.
func (f *Finder) find(ctx context.Context, kind string, name types.NamespacedName, into client.Object) (source string, err error) {
	if found, ok := f.Files.others[identity{kind: kind, NamespacedName: name}]; ok {
		// Both are of the type that the kind stands for.
		reflect.ValueOf(into).Elem().Set(reflect.ValueOf(found.Object).Elem())
		return found.Source, nil
	}
	missing := &resolve.NotFoundError{Kind: kind, Name: name.Name}
	if name.Namespace != "" {
		missing.Where = fmt.Sprintf("of namespace %q ", name.Namespace)
	}
	cluster, err := f.cluster()
	if err == nil {
		err = cluster.Get(ctx, name, into)
	}
	switch {
	case err == nil:
		return FromCluster, nil
	case apierrors.IsNotFound(err), meta.IsNoMatchError(err):
		missing.Where += "is neither in the given files nor in the cluster"
	default:
		missing.Where += fmt.Sprintf("is not in the given files, and the cluster does not tell it: %s", err)
	}
	return "", missing
}

func (f *Finder) cluster() (client.Client, error) {
	if f.connected != nil {
		return f.connected, nil
	}
	connected, err := f.Connect()
	if err != nil {
		return nil, err
	}
	f.connected = connected
	return connected, nil
}

// notFound returns the error of find with a remedy.
func notFound(err error, remedy string) *resolve.NotFoundError {
	missing := &resolve.NotFoundError{}
	_ = errors.As(err, &missing)
	missing.Remedy = remedy
	return missing
}
