package main

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/test/authserver"
)

const (
	samplesFolder = "config/samples"
	kustomization = "kustomization.yaml"

	// wrongSecret names the ClientCredential that must fail.
	wrongSecret = "wrong-secret"
)

//go:embed wrong-secret.yaml
var wrongSecretYAML []byte

// scene holds the objects that the demo creates in the cluster.
type scene struct {
	secrets     []*corev1.Secret
	credentials []*v1alpha1.ClientCredential
}

// readScene reads the samples in a folder, and the ClientCredential that must fail.
func readScene(folder string) (scene, error) {
	var s scene
	files, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
	if err != nil {
		return s, err
	}
	if len(files) == 0 {
		return s, fmt.Errorf("there are no samples in %s: run this in the root of the repository", folder)
	}
	for _, file := range files {
		if filepath.Base(file) == kustomization {
			continue
		}
		raw, err := os.ReadFile(file)
		if err != nil {
			return s, err
		}
		if err := s.add(raw); err != nil {
			return s, fmt.Errorf("read %s: %w", file, err)
		}
	}
	err = s.add(wrongSecretYAML)
	return s, err
}

// add adds the documents of a YAML file.
func (s *scene) add(raw []byte) error {
	documents := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(raw), len(raw))
	for {
		document := &unstructured.Unstructured{}
		err := documents.Decode(document)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = s.addObject(document)
		}
		if err != nil {
			return err
		}
	}
}

func (s *scene) addObject(object *unstructured.Unstructured) error {
	const strict = true
	converter := runtime.DefaultUnstructuredConverter
	switch kind := object.GetKind(); kind {
	case "Secret":
		secret := &corev1.Secret{}
		s.secrets = append(s.secrets, secret)
		return converter.FromUnstructuredWithValidation(object.Object, secret, strict)
	case "ClientCredential":
		credential := &v1alpha1.ClientCredential{}
		s.credentials = append(s.credentials, credential)
		return converter.FromUnstructuredWithValidation(object.Object, credential, strict)
	default:
		return fmt.Errorf("unexpected kind %q", kind)
	}
}

// samples returns the names of the ClientCredentials that must get a token.
func (s scene) samples() []string {
	var names []string
	for _, credential := range s.credentials {
		if credential.Name != wrongSecret {
			names = append(names, credential.Name)
		}
	}
	return names
}

// objects returns all objects, in the order in which they are applied.
func (s scene) objects() []client.Object {
	var objects []client.Object
	for _, secret := range s.secrets {
		objects = append(objects, secret)
	}
	for _, credential := range s.credentials {
		objects = append(objects, credential)
	}
	return objects
}

// clients returns the clients to register at the authorization server. One client has another secret there.
func (s scene) clients() []authserver.Client {
	var clients []authserver.Client
	for _, secret := range s.secrets {
		clients = append(clients, authserver.Client{
			ID:     secret.StringData[v1alpha1.DefaultClientIDKey],
			Secret: secret.StringData[v1alpha1.DefaultClientSecretKey],
		})
	}
	for _, credential := range s.credentials {
		if credential.Spec.ClientID != "" {
			clients = append(clients, authserver.Client{ID: credential.Spec.ClientID})
		}
	}
	return append(clients, authserver.Client{ID: wrongSecret, Secret: "another-secret"})
}

// paths maps a profile to the path at which the authorization server speaks its dialect.
var paths = map[string]string{
	"":                    authserver.RFC6749Path,
	"RFC6749":             authserver.RFC6749Path,
	"CommerceLayer":       authserver.CommerceLayerPath,
	"ElasticPath":         authserver.ElasticPathPath,
	"ElasticPathImplicit": authserver.ElasticPathPath,
	"Fabric":              authserver.FabricPath,
	"OroCommerce":         authserver.OroCommercePath,
}

// redirect points all token endpoints at the authorization server of the demo.
func (s scene) redirect(url string) {
	for _, credential := range s.credentials {
		server := credential.Spec.AuthorizationServer
		server.TokenEndpoint = url + paths[server.Profile]
	}
}
