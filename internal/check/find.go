package check

import (
	"context"
	"fmt"
	"reflect"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
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

// missingError tells that an object was not found, and where it was looked for.
type missingError struct {
	kind string
	name types.NamespacedName
	// asking is why the cluster could not be asked; nil where it does not have it.
	asking error
}

func (e *missingError) Error() string {
	what := fmt.Sprintf("%s %q", e.kind, e.name.Name)
	if e.name.Namespace != "" {
		what += fmt.Sprintf(" of namespace %q", e.name.Namespace)
	}
	if e.asking != nil {
		return fmt.Sprintf("%s is not in the given files, and the cluster does not tell it: %s", what, e.asking)
	}
	return what + " is neither in the given files nor in the cluster"
}

// find reads an object and returns its source. The error is a *missingError.
func (f *Finder) find(ctx context.Context, kind string, name types.NamespacedName, into client.Object) (source string, err error) {
	if found, ok := f.Files.others[identity{kind: kind, NamespacedName: name}]; ok {
		// Both are of the type that the kind stands for.
		reflect.ValueOf(into).Elem().Set(reflect.ValueOf(found.Object).Elem())
		return found.Source, nil
	}
	missing := &missingError{kind: kind, name: name}
	cluster, err := f.cluster()
	if err != nil {
		missing.asking = err
		return "", missing
	}
	err = cluster.Get(ctx, name, into)
	switch {
	case err == nil:
		return FromCluster, nil
	case !apierrors.IsNotFound(err) && !meta.IsNoMatchError(err):
		missing.asking = err
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
