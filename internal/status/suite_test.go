package status_test

import (
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/types"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/problem"
	"github.com/tokensync/tokensync/internal/renewal"
	"github.com/tokensync/tokensync/internal/status"
	"github.com/tokensync/tokensync/internal/tokensecret"
)

func TestStatus(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "status")
}

var now = time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)

type (
	change   = func(*renewal.Input)
	reported = v1alpha1.ClientCredentialStatus
)

// secretOf returns a target that holds a token with the given age and lifetime.
func secretOf(age, lifetime time.Duration) *tokensecret.State {
	return &tokensecret.State{Owned: true, Owner: "ClientCredential shop", Record: &tokensecret.Record{
		IssuedAt: now.Add(-age), ExpiresAt: now.Add(lifetime - age), Scope: "read",
		RequestHash: "hash", CredentialsVersion: "7",
	}}
}

// observed returns a ClientCredential whose token was issued ten minutes ago and lives an hour. Nothing is
// wrong with it, except for the given changes.
func observed(changes ...change) renewal.Input {
	in := renewal.Input{
		Now: now, Policy: renewal.Policy{Seed: "uid"}, Generation: 3, RequestHash: "hash",
		Credentials: &renewal.Credentials{Name: "shop-client", Version: "7", Allowed: true},
		TargetName:  "shop-token", Target: secretOf(10*time.Minute, time.Hour),
	}
	for _, change := range changes {
		change(&in)
	}
	return in
}

func noTarget(in *renewal.Input) { in.Target = nil }

func foreignTarget(in *renewal.Input) { in.Target.Owned, in.Target.Owner = false, "" }

func due(in *renewal.Input) { in.Target = secretOf(50*time.Minute, time.Hour) }

func expired(in *renewal.Input) { in.Target = secretOf(2*time.Hour, time.Hour) }

func drifted(in *renewal.Input) { in.Target.Drifted, in.Target.Tampered = true, true }

// relabelled is drift that does not change the token.
func relabelled(in *renewal.Input) { in.Target.Drifted = true }

// outdated is a good token in a Secret that was written from another template.
func outdated(in *renewal.Input) {
	in.Target.Drifted, in.Target.Outdated, in.Generation = true, true, 4
}

// templateWrong is a template that cannot be rendered.
func templateWrong(in *renewal.Input) {
	in.TemplateProblem = problem.Stalled(v1alpha1.ReasonTargetTemplateInvalid, "message of TargetTemplateInvalid")
}

func contested(in *renewal.Input) { in.Repairs = renewal.Repairs{Count: 4, LastAt: in.Now} }

func suspended(in *renewal.Input) { in.Suspended, in.Generation = true, 4 }

func specChanged(in *renewal.Input) { in.RequestHash, in.Generation = "other", 4 }

func credentialsGone(in *renewal.Input) { in.Credentials.Version = "" }

func credentialsEdited(in *renewal.Input) { in.Credentials.Version = "8" }

// serverChanged is another version of the object that declares the authorization server.
func serverChanged(in *renewal.Input) { in.ServerVersion = "server-uid/2" }

func renewRequested(in *renewal.Input) { in.RenewRequest = "today" }

func later(d time.Duration) change { return func(in *renewal.Input) { in.Now = in.Now.Add(d) } }

// Outcomes.
var (
	nothing = status.Outcome{}
	down    = failed(v1alpha1.ReasonServerError, problem.Unavailable)
	refused = failed(v1alpha1.ReasonInvalidClient, problem.CredentialsRefused)
	wrong   = failed(v1alpha1.ReasonTargetTemplateInvalid, problem.Invalid)
	strange = failed(v1alpha1.ReasonInvalidRequest, problem.MayPass)
	// limited is the response of a server that asks the client to wait for an hour.
	limited = status.Outcome{Attempted: true, Failure: &problem.Problem{
		Reason: v1alpha1.ReasonRateLimited, Message: "slow down", Class: problem.Unavailable, RetryAfter: time.Hour,
	}}
)

func failed(reason string, class problem.Class) status.Outcome {
	return status.Outcome{Attempted: true, Failure: problem.Retry(class, reason, "message of %s", reason)}
}

// issued is a new token with the given lifetime for the observed input.
func issued(in renewal.Input, lifetime time.Duration, notices ...string) status.Outcome {
	outcome := status.Outcome{Attempted: true, Target: secretOf(0, lifetime)}
	record := outcome.Target.Record
	record.IssuedAt, record.ExpiresAt = in.Now, in.Now.Add(lifetime)
	record.RequestHash, record.CredentialsVersion, record.RenewRequest = in.RequestHash, in.Credentials.Version, in.RenewRequest
	for _, reason := range notices {
		outcome.Notices = append(outcome.Notices, oauth2.Notice{Reason: reason, Message: "message of " + reason})
	}
	return outcome
}

// withRetryAt returns a status whose backoff ends at the given time.
func withRetryAt(status reported, at time.Time) reported {
	status.Failure.RetryAt = metav1.NewTime(at)
	return status
}

// report returns the report for an input, its decision and the given outcome.
func report(in renewal.Input, outcome status.Outcome, previous reported) status.Report {
	in.Last = renewal.Last{
		Generation:   ptr.Deref(previous.ObservedGeneration, -1),
		RenewRequest: previous.LastHandledRenewRequest,
		Failure:      previous.Failure,
		Token:        previous.Token,
	}
	return status.Compute(status.Input{Observed: in, Decision: renewal.Decide(in), Outcome: outcome, Previous: previous})
}

// after returns the status in that report.
func after(in renewal.Input, outcome status.Outcome) reported {
	return report(in, outcome, unseen).Status
}

var (
	// unseen is the status of a new object.
	unseen = reported{ObservedGeneration: ptr.To[int64](-1)}
	idle   = after(observed(), nothing)
)

// condition matches a single condition.
func condition(conditionType string, status metav1.ConditionStatus, reason string) types.GomegaMatcher {
	return And(HaveField("Type", conditionType), HaveField("Status", status), HaveField("Reason", reason))
}

// haveCondition matches a status that has the given condition.
func haveCondition(conditionType string, status metav1.ConditionStatus, reason string) types.GomegaMatcher {
	return HaveField("Conditions", ContainElement(condition(conditionType, status, reason)))
}

const (
	yes = metav1.ConditionTrue
	no  = metav1.ConditionFalse

	ready          = v1alpha1.ReadyCondition
	reconciling    = v1alpha1.ReconcilingCondition
	stalled        = v1alpha1.StalledCondition
	renewalFailing = v1alpha1.RenewalFailingCondition
)
