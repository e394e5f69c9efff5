package main

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/explain"
)

// readInput reads the objects that a ClientCredential names. It reads only the metadata of
// Secrets.
func readInput(ctx context.Context, cluster client.Client, cc *v1alpha1.ClientCredential) explain.Input {
	in := explain.Input{ClientCredential: cc, Events: &explain.Lookup[corev1.EventList]{}}
	in.Target = readSecretMetadata(ctx, cluster, types.NamespacedName{Namespace: cc.Namespace, Name: cc.TargetName()})
	if reference := cc.Spec.CredentialsRef; reference != nil {
		in.Credentials = readSecretMetadata(ctx, cluster, types.NamespacedName{Namespace: cc.Namespace, Name: reference.Name})
	}
	if reference := cc.Spec.AuthorizationServerRef; reference != nil {
		in.Server = readServer(ctx, cluster, cc.Namespace, *reference)
	}
	in.Events.Err = cluster.List(ctx, &in.Events.Object, client.InNamespace(cc.Namespace),
		client.MatchingFields{"involvedObject.uid": string(cc.UID)})
	return in
}

func readSecretMetadata(ctx context.Context, cluster client.Client, name types.NamespacedName) *explain.Lookup[metav1.PartialObjectMetadata] {
	found := &explain.Lookup[metav1.PartialObjectMetadata]{}
	found.Object.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Secret"))
	found.Err = cluster.Get(ctx, name, &found.Object)
	return found
}

func readServer(ctx context.Context, cluster client.Client, namespace string, reference v1alpha1.AuthorizationServerReference) *explain.Lookup[explain.Server] {
	var server interface {
		client.Object
		GetStatus() *v1alpha1.AuthorizationServerStatus
	} = &v1alpha1.AuthorizationServer{}
	if reference.Kind == v1alpha1.AuthorizationServerCluster {
		server, namespace = &v1alpha1.ClusterAuthorizationServer{}, ""
	}
	err := cluster.Get(ctx, types.NamespacedName{Namespace: namespace, Name: reference.Name}, server)
	return &explain.Lookup[explain.Server]{
		Object: explain.Server{Generation: server.GetGeneration(), Status: *server.GetStatus()}, Err: err,
	}
}
