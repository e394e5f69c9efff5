package explain_test

import (
	"slices"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/utils/ptr"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/explain"
)

func TestExplain(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "explain")
}

var now = time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)

func at(distance time.Duration) metav1.Time { return metav1.NewTime(now.Add(distance)) }

type change = func(*v1alpha1.ClientCredential)

// clientCredential returns a ready ClientCredential with the given changes. Its token was issued 20
// minutes ago and has a lifetime of an hour.
func clientCredential(changes ...change) *v1alpha1.ClientCredential {
	cc := &v1alpha1.ClientCredential{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "orders", UID: "uid", Generation: 3},
		Spec:       v1alpha1.ClientCredentialSpec{CredentialsRef: &v1alpha1.CredentialsReference{Name: "orders-client"}},
		Status: v1alpha1.ClientCredentialStatus{
			ObservedGeneration: ptr.To[int64](3),
			Token: &v1alpha1.TokenStatus{
				SecretName: "orders-token", IssuedAt: at(-20 * time.Minute), RenewAt: at(15 * time.Minute), ExpiresAt: at(40 * time.Minute),
			},
		},
	}
	set(cc, v1alpha1.ReadyCondition, metav1.ConditionTrue, v1alpha1.ReasonTokenIssued, "it holds a token")
	for _, change := range changes {
		change(cc)
	}
	return cc
}

func set(cc *v1alpha1.ClientCredential, conditionType string, status metav1.ConditionStatus, reason, message string) {
	meta.SetStatusCondition(&cc.Status.Conditions, metav1.Condition{
		Type: conditionType, Status: status, Reason: reason, Message: message, LastTransitionTime: at(-20 * time.Minute),
	})
}

// says sets a condition that describes the problem.
func says(conditionType, reason string) change {
	return func(cc *v1alpha1.ClientCredential) {
		set(cc, conditionType, metav1.ConditionTrue, reason, "message of "+reason)
	}
}

func stalled(reason string) change     { return says(v1alpha1.StalledCondition, reason) }
func reconciling(reason string) change { return says(v1alpha1.ReconcilingCondition, reason) }
func renewalFailing(reason string) change {
	return says(v1alpha1.RenewalFailingCondition, reason)
}

// failed sets a failure. Its last attempt was a minute ago.
func failed(reason string, attempts int32, retry time.Duration) change {
	return func(cc *v1alpha1.ClientCredential) {
		cc.Status.Failure = &v1alpha1.FailureStatus{
			Reason: reason, Message: "message of " + reason, Attempts: attempts,
			LastAttemptAt: at(-time.Minute), RetryAt: at(retry),
		}
	}
}

// classed sets the class of the failure and its attempts, after the attempts of other classes.
func classed(class v1alpha1.FailureClass, attempts int32, others ...v1alpha1.ClassAttempts) change {
	return func(cc *v1alpha1.ClientCredential) {
		cc.Status.Failure.Class = class
		cc.Status.Failure.AttemptsByClass = slices.Concat(others, []v1alpha1.ClassAttempts{{Class: class, Attempts: attempts}})
	}
}

func noToken(cc *v1alpha1.ClientCredential) {
	cc.Status.Token = nil
	unready(cc)
}

// unready sets Ready to False, because no token matches the spec.
func unready(cc *v1alpha1.ClientCredential) {
	set(cc, v1alpha1.ReadyCondition, metav1.ConditionFalse, "Something", "no token matches the spec")
}

func suspended(cc *v1alpha1.ClientCredential) { cc.Spec.Suspend = ptr.To(true) }

func unobserved(cc *v1alpha1.ClientCredential) { cc.Generation = 4 }

func unseen(cc *v1alpha1.ClientCredential) {
	cc.Generation, cc.Status = 1, v1alpha1.ClientCredentialStatus{ObservedGeneration: ptr.To[int64](-1)}
}

func deleted(ago time.Duration, finalizers ...string) change {
	return func(cc *v1alpha1.ClientCredential) {
		cc.DeletionTimestamp, cc.Finalizers = ptr.To(at(-ago)), finalizers
	}
}

// renewal sets the times of the renewal and the expiry.
func renewal(renew, expire time.Duration) change {
	return func(cc *v1alpha1.ClientCredential) {
		cc.Status.Token.RenewAt, cc.Status.Token.ExpiresAt = at(renew), at(expire)
	}
}

func requested(value string) change {
	return func(cc *v1alpha1.ClientCredential) {
		cc.Annotations = map[string]string{v1alpha1.RenewRequestedAtAnnotation: value}
	}
}

func handled(value string) change {
	return func(cc *v1alpha1.ClientCredential) { cc.Status.LastHandledRenewRequest = value }
}

func serverRef(kind v1alpha1.AuthorizationServerKind) change {
	return func(cc *v1alpha1.ClientCredential) {
		cc.Spec.AuthorizationServerRef = &v1alpha1.AuthorizationServerReference{Kind: kind, Name: "idp"}
	}
}

// explained returns an explanation that is based only on the ClientCredential.
func explained(changes ...change) explain.Explanation {
	return explain.Explain(explain.Input{Now: now, ClientCredential: clientCredential(changes...)})
}

// Errors of reading an object.
var (
	errNotFound  = apierrors.NewNotFound(schema.GroupResource{Resource: "secrets"}, "it")
	errForbidden = apierrors.NewForbidden(schema.GroupResource{Resource: "secrets"}, "it", nil)
)

type look = func(*explain.Input)

// credentials sets the result of reading the credentials Secret.
func credentials(labels map[string]string, err error) look {
	return func(in *explain.Input) {
		in.Credentials = &explain.Lookup[metav1.PartialObjectMetadata]{Err: err}
		in.Credentials.Object.Labels = labels
	}
}

var usable = map[string]string{v1alpha1.UsageLabel: v1alpha1.UsageClientCredential}

// target sets the result of reading the token Secret.
func target(err error, changes ...func(*metav1.PartialObjectMetadata)) look {
	return func(in *explain.Input) {
		in.Target = &explain.Lookup[metav1.PartialObjectMetadata]{Err: err}
		secret := &in.Target.Object
		secret.Namespace, secret.Name = "shop", "orders-token"
		secret.OwnerReferences = []metav1.OwnerReference{{Kind: "ClientCredential", Name: "orders", UID: "uid", Controller: ptr.To(true)}}
		secret.Annotations = map[string]string{
			v1alpha1.IssuedAtAnnotation:  now.Add(-20 * time.Minute).Format(time.RFC3339),
			v1alpha1.ExpiresAtAnnotation: now.Add(40 * time.Minute).Format(time.RFC3339),
		}
		for _, change := range changes {
			change(secret)
		}
	}
}

// server sets the result of reading the referenced authorization server.
func server(err error, observed int64, conditions ...metav1.Condition) look {
	return func(in *explain.Input) {
		in.Server = &explain.Lookup[explain.Server]{Err: err, Object: explain.Server{
			Generation: 2,
			Status:     v1alpha1.AuthorizationServerStatus{ObservedGeneration: &observed, Conditions: conditions},
		}}
	}
}

func events(items ...corev1.Event) look {
	return func(in *explain.Input) {
		in.Events = &explain.Lookup[corev1.EventList]{Object: corev1.EventList{Items: items}}
	}
}

// seen returns an explanation that is based on the ClientCredential and on other objects.
func seen(cc *v1alpha1.ClientCredential, looks ...look) explain.Explanation {
	in := explain.Input{Now: now, ClientCredential: cc}
	for _, look := range looks {
		look(&in)
	}
	return explain.Explain(in)
}
