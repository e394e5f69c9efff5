package renewal_test

import (
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/problem"
	"github.com/tokensync/tokensync/internal/renewal"
	"github.com/tokensync/tokensync/internal/tokensecret"
)

func TestRenewal(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "renewal")
}

var now = time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)

type change = func(*renewal.Input)

// good returns a ClientCredential whose token was issued ten minutes ago and lives an hour. Nothing is wrong
// with it, except for the given changes.
func good(changes ...change) renewal.Input {
	in := renewal.Input{
		Now:         now,
		Policy:      renewal.Policy{Seed: "uid"},
		Generation:  3,
		RequestHash: "hash",
		Credentials: &renewal.Credentials{Name: "shop-client", Version: "7", Allowed: true},
		TargetName:  "shop-token",
		Target: &tokensecret.State{Owned: true, Owner: "ClientCredential shop", Record: &tokensecret.Record{
			IssuedAt: now.Add(-10 * time.Minute), ExpiresAt: now.Add(50 * time.Minute),
			RequestHash: "hash", CredentialsVersion: "7",
		}},
		Last: renewal.Last{Generation: 3},
	}
	for _, change := range changes {
		change(&in)
	}
	return in
}

// The functions below change the input. Each is named after the event.
func suspended(in *renewal.Input) { in.Suspended = true }

func noTarget(in *renewal.Input) { in.Target = nil }

func foreignTarget(in *renewal.Input) { in.Target.Owned, in.Target.Owner = false, "Deployment web" }

func inherited(in *renewal.Input) { in.Target.Inherited = true }

func noRecord(in *renewal.Input) { in.Target.Record = nil }

func olderConflict(in *renewal.Input) { in.ConflictingOwner = "older" }

func declarationWrong(in *renewal.Input) {
	in.DeclarationProblem = problem.Stalled(v1alpha1.ReasonProfileUnknown, "no such profile")
}

func credentialsGone(in *renewal.Input) { in.Credentials.Version = "" }

func credentialsNotAllowed(in *renewal.Input) { in.Credentials.Allowed = false }

func credentialsEdited(in *renewal.Input) { in.Credentials.Version = "8" }

// credentialsLabelled is an edit of the Secret that did not change the credentials.
func credentialsLabelled(in *renewal.Input) {
	credentialsEdited(in)
	in.Credentials.Same = []string{"6", "7"}
}

func noCredentials(in *renewal.Input) {
	in.Credentials = nil
	if in.Target != nil && in.Target.Record != nil {
		in.Target.Record.CredentialsVersion = ""
	}
}

func specChanged(in *renewal.Input) { in.RequestHash, in.Generation = "other", 4 }

// onlyGenerationChanged is an edit of a field such as renewBefore or target.
func onlyGenerationChanged(in *renewal.Input) { in.Generation = 4 }

// recordedForAnother is a token that was issued for a different request.
func recordedForAnother(in *renewal.Input) { in.Target.Record.RequestHash = "other" }

func drifted(in *renewal.Input) { in.Target.Drifted, in.Target.Tampered = true, true }

// contestedLater is a Secret that was contested before the clock was set back.
func contestedLater(in *renewal.Input) {
	in.Repairs = renewal.Repairs{Count: 3, LastAt: in.Now.Add(2 * time.Hour)}
}

// contested is a Secret that was repaired three times, most recently at Now.
func contested(in *renewal.Input) { in.Repairs = renewal.Repairs{Count: 3, LastAt: in.Now} }

func rateLimited(in *renewal.Input) {
	backingOff(in)
	in.Last.Failure.Reason = v1alpha1.ReasonRateLimited
}

func failedNextYear(in *renewal.Input) {
	in.Last.Failure.LastAttemptAt = metav1.NewTime(in.Now.AddDate(1, 0, 0))
	in.Last.Failure.RetryAt = in.Last.Failure.LastAttemptAt
}

func issuedNextYear(in *renewal.Input) {
	in.Target.Record.IssuedAt = in.Now.AddDate(1, 0, 0)
	in.Target.Record.ExpiresAt = in.Target.Record.IssuedAt.Add(time.Hour)
}

// issuedSince is a token that was issued after the failure.
func issuedSince(in *renewal.Input) {
	in.Last.Failure.LastAttemptAt = metav1.NewTime(in.Target.Record.IssuedAt.Add(-time.Second))
}

func renewRequested(in *renewal.Input) { in.RenewRequest = "today" }

func renewReported(in *renewal.Input) { in.RenewRequest, in.Last.RenewRequest = "today", "today" }

func renewAnsweredBySecret(in *renewal.Input) {
	in.RenewRequest, in.Target.Record.RenewRequest = "today", "today"
}

func renewWithdrawn(in *renewal.Input) {
	in.Last.RenewRequest, in.Target.Record.RenewRequest = "today", "today"
}

// due and expired move the clock forward. Apply them before a failure, so that it is recent.
func due(in *renewal.Input) { in.Now = in.RenewAt() }

func expired(in *renewal.Input) { in.Now = in.Target.Record.ExpiresAt }

// failed is a failed attempt with the current credentials. The next attempt is due after retryAfter.
func failed(retryAfter time.Duration) change {
	return func(in *renewal.Input) {
		in.Last.Failure = &v1alpha1.FailureStatus{
			Reason: v1alpha1.ReasonServerError, Message: "down", Attempts: 1,
			LastAttemptAt: metav1.NewTime(in.Now), RetryAt: metav1.NewTime(in.Now.Add(retryAfter)), CredentialsVersion: "7",
		}
	}
}

// denied is a failure one second ago, caused by the operator's flags.
func denied(in *renewal.Input) {
	backingOff(in)
	in.Last.Failure.Reason = v1alpha1.ReasonAddressDenied
	in.Last.Failure.LastAttemptAt = metav1.NewTime(in.Now.Add(-time.Second))
}

func insecure(in *renewal.Input) { in.Last.Failure.Reason = v1alpha1.ReasonTokenEndpointInsecure }

// startedWithTheAttempt is a start of the operator in the same second as the attempt.
func startedWithTheAttempt(in *renewal.Input) {
	in.Started = in.Last.Failure.LastAttemptAt.Add(500 * time.Millisecond)
}

func restarted(in *renewal.Input) { in.Started = in.Now }

func backingOff(in *renewal.Input) { failed(time.Minute)(in) }

// serverRecovered is the end of the outage in which the last attempt failed.
func serverRecovered(in *renewal.Input) { in.IsRecovered = true }

// failedAs gives the last failure a class.
func failedAs(class problem.Class) change {
	return func(in *renewal.Input) { in.Last.Failure.Class = class }
}

func backoffOver(in *renewal.Input) { failed(0)(in) }

// postponed is a status that sets the next request for the target's token to the given time before its
// expiry.
func postponed(left time.Duration) change {
	return func(in *renewal.Input) {
		record := in.Target.Record
		in.Last.Token = &v1alpha1.TokenStatus{
			SecretName: "shop-token", IssuedAt: metav1.NewTime(record.IssuedAt), ExpiresAt: metav1.NewTime(record.ExpiresAt),
			RenewAt: metav1.NewTime(record.ExpiresAt.Add(-left)),
		}
	}
}

// planned is when the policy renews the token, ignoring the status.
func planned(in renewal.Input) time.Time {
	return in.Policy.RenewAt(in.Target.Record.IssuedAt, in.Target.Record.ExpiresAt)
}

// duePlanned moves the clock to when the policy renews the token, ignoring the status.
func duePlanned(in *renewal.Input) { in.Now = planned(*in) }

// serverChanged is another version of the object that declares the authorization server.
func serverChanged(in *renewal.Input) { in.ServerVersion = "server-uid/2" }
