package states_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/kubectl/pkg/cmd/apply"
	cmdutil "k8s.io/kubectl/pkg/cmd/util"
	"k8s.io/kubectl/pkg/cmd/wait"
	"k8s.io/utils/ptr"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

// kubectlGet returns the columns and cells that "kubectl get" prints for an object, as the API server
// sends them. It leaves out the name and the age.
func kubectlGet(ctx SpecContext, resource, namespace, name string) (columns, cells []string) {
	GinkgoHelper()
	config := rest.CopyConfig(restConfig)
	config.APIPath, config.GroupVersion = "/apis", &v1alpha1.GroupVersion
	config.NegotiatedSerializer = clientgoscheme.Codecs.WithoutConversion()
	client, err := rest.RESTClientFor(config)
	Expect(err).NotTo(HaveOccurred())
	raw, err := client.Get().NamespaceIfScoped(namespace, namespace != "").Resource(resource).Name(name).
		SetHeader("Accept", "application/json;as=Table;v=v1;g=meta.k8s.io").DoRaw(ctx)
	Expect(err).NotTo(HaveOccurred())
	table := metav1.Table{}
	Expect(json.Unmarshal(raw, &table)).To(Succeed())
	Expect(table.Rows).To(HaveLen(1))
	for i, column := range table.ColumnDefinitions {
		if column.Name == "Name" || column.Name == "Age" {
			continue
		}
		cell, _ := table.Rows[0].Cells[i].(string)
		columns, cells = append(columns, column.Name), append(cells, cell)
	}
	return columns, cells
}

// kubectlWait reports whether "kubectl wait --for=condition=Ready" would end immediately.
func kubectlWait(ctx SpecContext, namespace, object string) bool {
	GinkgoHelper()
	streams, _, out, _ := genericiooptions.NewTestIOStreams()
	flags := wait.NewWaitFlags(kubeconfig(namespace), streams)
	flags.ForCondition, flags.Timeout = []string{"condition=Ready"}, time.Duration(0)
	options, err := flags.ToOptions([]string{object})
	Expect(err).NotTo(HaveOccurred())
	err = options.RunWaitContext(ctx)
	if err != nil {
		Expect(err).To(MatchError(HavePrefix("condition not met")))
	} else {
		Expect(out.String()).To(ContainSubstring("condition met"))
	}
	return err == nil
}

// kubectlApply does the same as "kubectl apply -f", and returns the output.
func kubectlApply(ctx SpecContext, namespace, manifest string, args ...string) string {
	GinkgoHelper()
	file := filepath.Join(GinkgoT().TempDir(), "manifest.yaml")
	Expect(os.WriteFile(file, []byte(manifest), 0o600)).To(Succeed())
	streams, _, out, errOut := genericiooptions.NewTestIOStreams()
	cmdutil.BehaviorOnFatal(func(message string, _ int) { Fail(message + errOut.String()) })
	defer cmdutil.DefaultBehaviorOnFatal()
	command := apply.NewCmdApply("kubectl", cmdutil.NewFactory(kubeconfig(namespace)), streams)
	command.SetArgs(append([]string{"-f", file}, args...))
	Expect(command.ExecuteContext(ctx)).To(Succeed())
	return strings.TrimSpace(out.String())
}

// kubeconfig points kubectl to the API server of the tests.
func kubeconfig(namespace string) *genericclioptions.ConfigFlags {
	flags := genericclioptions.NewConfigFlags(false)
	flags.Namespace, flags.KubeConfig, flags.CacheDir = &namespace, ptr.To(""), ptr.To(GinkgoT().TempDir())
	flags.WrapConfigFn = func(*rest.Config) *rest.Config { return rest.CopyConfig(restConfig) }
	return flags
}
