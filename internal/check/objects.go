package check

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

// Loaded is an object and its source.
type Loaded[T client.Object] struct {
	Object T
	// Source is the file, the URL or the stream that the object was read from.
	Source string
}

// Objects are the objects in the given files that a check reads.
type Objects struct {
	ClientCredentials []Loaded[*v1alpha1.ClientCredential]
	others            map[identity]Loaded[client.Object]
}

// identity identifies an object. The namespace of a cluster-scoped object is empty.
type identity struct {
	kind string
	types.NamespacedName
}

// newObject has a constructor of an empty object for each kind that a check reads.
var newObject = map[string]func() client.Object{
	"ClientCredential":           func() client.Object { return &v1alpha1.ClientCredential{} },
	"AuthorizationServer":        func() client.Object { return &v1alpha1.AuthorizationServer{} },
	"ClusterAuthorizationServer": func() client.Object { return &v1alpha1.ClusterAuthorizationServer{} },
	"Secret":                     func() client.Object { return &corev1.Secret{} },
	"ConfigMap":                  func() client.Object { return &corev1.ConfigMap{} },
	"ServiceAccount":             func() client.Object { return &corev1.ServiceAccount{} },
	"Namespace":                  func() client.Object { return &corev1.Namespace{} },
}

// Scheme returns a scheme with the kinds that a check reads.
func Scheme() *runtime.Scheme {
	scheme := runtime.NewScheme()
	// Neither fails: both only add types.
	_ = clientgoscheme.AddToScheme(scheme)
	_ = v1alpha1.AddToScheme(scheme)
	return scheme
}

// add adds an object. It rejects a duplicate: a cluster would keep the last of the two, and a check
// would use the first.
func (o *Objects) add(kind string, loaded Loaded[client.Object]) error {
	id := identity{kind: kind, NamespacedName: client.ObjectKeyFromObject(loaded.Object)}
	if before, twice := o.others[id]; twice {
		return fmt.Errorf("%s %q is in %s and again in %s: remove one of them", kind, id.Name, before.Source, loaded.Source)
	}
	o.others[id] = loaded
	switch object := loaded.Object.(type) {
	case *v1alpha1.ClientCredential:
		o.ClientCredentials = append(o.ClientCredentials, Loaded[*v1alpha1.ClientCredential]{Object: object, Source: loaded.Source})
	case *corev1.Secret:
		// The API server does the same when it stores a Secret.
		for key, value := range object.StringData {
			if object.Data == nil {
				object.Data = map[string][]byte{}
			}
			object.Data[key] = []byte(value)
		}
	}
	return nil
}

// writer returns the name of the ClientCredential whose token Secret has the given name. It is empty if
// there is none.
func (o *Objects) writer(namespace, name string) string {
	for _, loaded := range o.ClientCredentials {
		if owner := loaded.Object; owner.Namespace == namespace && owner.TargetName() == name {
			return owner.Name
		}
	}
	return ""
}
