package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	"sigs.k8s.io/yaml"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

const (
	crdFolder    = "config/crd/bases"
	roleFile     = "config/rbac/role.yaml"
	namespace    = metav1.NamespaceDefault
	operatorUser = "tokensync"

	startTimeout = time.Minute
	stopTimeout  = 10 * time.Second
)

// cluster is an API server without nodes and without controllers.
type cluster struct {
	environment *envtest.Environment
	config      *rest.Config
	scheme      *runtime.Scheme
	client      client.Client
	folder      string
	// kubeconfig is the path of an administrator's kubeconfig.
	kubeconfig string
}

// startCluster starts a cluster. It cannot be interrupted: envtest takes no context.
func startCluster(folder string) (_ *cluster, err error) {
	environment := &envtest.Environment{
		// The demo must not use a real cluster, whatever the environment says.
		UseExistingCluster:       ptr.To(false),
		CRDDirectoryPaths:        []string{crdFolder},
		ErrorIfCRDPathMissing:    true,
		ControlPlaneStartTimeout: startTimeout,
		ControlPlaneStopTimeout:  stopTimeout,
	}
	// Otherwise the API server would wait a minute for clients that still watch.
	environment.ControlPlane.GetAPIServer().Configure().Set("shutdown-send-retry-after", "true")
	c := &cluster{environment: environment, folder: folder, scheme: runtime.NewScheme()}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.stop())
		}
	}()
	if c.config, err = environment.Start(); err != nil {
		return nil, fmt.Errorf("start the control plane: %w", err)
	}
	if err := errors.Join(scheme.AddToScheme(c.scheme), v1alpha1.AddToScheme(c.scheme)); err != nil {
		return nil, fmt.Errorf("build the scheme: %w", err)
	}
	if c.client, err = client.New(c.config, client.Options{Scheme: c.scheme}); err != nil {
		return nil, fmt.Errorf("make a client: %w", err)
	}
	c.kubeconfig, err = c.write("kubeconfig", environment.KubeConfig)
	return c, err
}

func (c *cluster) stop() error {
	if err := c.environment.Stop(); err != nil {
		return fmt.Errorf("stop the control plane: %w", err)
	}
	return nil
}

// admitOperator creates a user with exactly the rights of the operator's role. It returns the path of
// that user's kubeconfig.
func (c *cluster) admitOperator(ctx context.Context) (string, error) {
	raw, err := os.ReadFile(roleFile)
	if err != nil {
		return "", err
	}
	role := &rbacv1.ClusterRole{}
	if err := yaml.UnmarshalStrict(raw, role); err != nil {
		return "", fmt.Errorf("read %s: %w", roleFile, err)
	}
	binding := &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: operatorUser},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role.Name},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: operatorUser}},
	}
	for _, object := range []client.Object{role, binding} {
		if err := c.client.Create(ctx, object); err != nil {
			return "", fmt.Errorf("apply %s: %w", object.GetName(), err)
		}
	}
	user, err := c.environment.AddUser(envtest.User{Name: operatorUser}, nil)
	if err != nil {
		return "", fmt.Errorf("add a user for the operator: %w", err)
	}
	kubeconfig, err := user.KubeConfig()
	if err != nil {
		return "", fmt.Errorf("write the operator's kubeconfig: %w", err)
	}
	return c.write("operator.kubeconfig", kubeconfig)
}

func (c *cluster) write(name string, content []byte) (path string, err error) {
	path = filepath.Join(c.folder, name)
	return path, os.WriteFile(path, content, 0o600)
}
