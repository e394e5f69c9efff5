package explain

import (
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

// notices returns findings from the cluster that the status does not show, or does not show yet. It also
// returns a condition about the lifetime of a usable token.
func (in Input) notices() []Point {
	points := in.lifetimeNotice()
	points = append(points, in.credentialsNotice()...)
	points = append(points, in.targetNotice()...)
	return append(points, in.serverNotice()...)
}

func (in Input) lifetimeNotice() []Point {
	unknown := in.condition(v1alpha1.LifetimeUnknownCondition)
	if unknown == nil {
		return nil
	}
	return notice("%s: %s", unknown.Type, clean(unknown.Message))
}

// says reports whether the status names a reason for the current spec.
func (in Input) says(reason string) bool {
	condition := in.problemCondition()
	return condition != nil && in.isObserved() && condition.Reason == reason
}

func (in Input) credentialsNotice() []Point {
	if in.Credentials == nil {
		return nil
	}
	name := in.credentialsName()
	switch missing, err := apierrors.IsNotFound(in.Credentials.Err), in.Credentials.Err; {
	case missing && !in.says(v1alpha1.ReasonCredentialsNotFound):
		return notice("Secret %q with the credentials does not exist: the next token request fails if it needs the Secret", name)
	case err != nil:
		return nil
	case in.says(v1alpha1.ReasonCredentialsNotFound):
		return notice("Secret %q exists now: the operator retries as soon as it sees the change", name)
	}
	labelled := in.Credentials.Object.Labels[v1alpha1.UsageLabel] == v1alpha1.UsageClientCredential
	switch isReported := in.says(v1alpha1.ReasonCredentialsNotLabelled); {
	case labelled && isReported:
		return notice("Secret %q has the label now: the operator retries as soon as it sees the change", name)
	case !labelled && !isReported:
		return []Point{{
			Message: fmt.Sprintf("Secret %q with the credentials does not carry the label that allows its use: the operator uses it only with --require-credentials-label=false", name),
			Command: in.remedy(v1alpha1.ReasonCredentialsNotLabelled),
		}}
	}
	return nil
}

func (in Input) serverNotice() []Point {
	reference := in.ClientCredential.Spec.AuthorizationServerRef
	if in.Server == nil || reference == nil {
		return nil
	}
	name := serverName(reference)
	switch isReported := in.says(v1alpha1.ReasonAuthorizationServerNotFound); {
	case apierrors.IsNotFound(in.Server.Err) && !isReported:
		return notice("%s does not exist", name)
	case in.Server.Err != nil:
		return nil
	case isReported:
		return notice("%s exists now: the operator retries as soon as it sees the change", name)
	}
	server := in.Server.Object
	ready := meta.FindStatusCondition(server.Status.Conditions, v1alpha1.ReadyCondition)
	switch condition := in.problemCondition(); {
	case ready == nil || ptr.Deref(server.Status.ObservedGeneration, -1) < server.Generation:
		return []Point{{Message: name + " has not been reconciled in its current generation: check that the operator is running", Command: findOperator}}
	case ready.Status == metav1.ConditionTrue || (condition != nil && condition.Message == ready.Message):
		return nil
	}
	return notice("%s is not ready: %s: %s", name, ready.Reason, clean(ready.Message))
}

func serverName(reference *v1alpha1.AuthorizationServerReference) string {
	kind := reference.Kind
	if kind == "" {
		kind = v1alpha1.AuthorizationServerNamespaced
	}
	return fmt.Sprintf("%s %q", kind, reference.Name)
}

func notice(format string, args ...any) []Point {
	return []Point{{Message: fmt.Sprintf(format, args...)}}
}
