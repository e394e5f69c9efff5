package check

import (
	"context"
	"fmt"
	"reflect"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/internal/resolve"
)

// FromCluster is the source of an object that was read from the cluster.
const FromCluster = "the cluster"

// Finder finds objects in the given files, and otherwise in the cluster.
type Finder struct {
	Files *Objects
	// Connect returns a client for the cluster. It is called only if an object is not in the files: a
	// check whose files have all objects needs no cluster.
	Connect func() (client.Client, error)

	connected client.Client
}

// find reads an object and returns its source. The error is a *resolve.NotFoundError if the object does not
// exist, the error of the context if that has ended, and a *notCheckedError otherwise.
func (f *Finder) find(ctx context.Context, kind string, name types.NamespacedName, into client.Object) (source string, err error) {
	if found, ok := f.Files.others[identity{kind: kind, NamespacedName: name}]; ok {
		// Both have the Go type of the kind.
		reflect.ValueOf(into).Elem().Set(reflect.ValueOf(found.Object).Elem())
		return found.Source, nil
	}
	where := ""
	if name.Namespace != "" {
		where = fmt.Sprintf("of namespace %q ", name.Namespace)
	}
	cluster, err := f.cluster()
	if err == nil {
		err = cluster.Get(ctx, name, into)
	}
	switch {
	case err == nil:
		return FromCluster, nil
	case apierrors.IsNotFound(err), meta.IsNoMatchError(err):
		return "", &resolve.NotFoundError{Kind: kind, Name: name.Name, Where: where + "is neither in the given files nor in the cluster"}
	case ctx.Err() != nil:
		return "", ctx.Err()
	}
	return "", &notCheckedError{what: fmt.Sprintf("%s %q %sis not in the given files, and cannot be read from the cluster", kind, name.Name, where), err: err}
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
