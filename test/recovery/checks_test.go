package recovery_test

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/problem"
	"github.com/tokensync/tokensync/test/matchers"
)

// check compares the requests and samples with the expectations of the scenario.
func (a *actor) check() {
	GinkgoHelper()
	AddReportEntry("history", ReportEntryVisibilityFailureOrVerbose, a.history())
	a.checkRequests()
	a.checkRate()
	a.checkRecovery()
	a.checkNoDeadTokenIsReady()
	a.checkConditions()
	a.checkSecrecy()
}

// history returns all token requests and all changes of the conditions.
func (a *actor) history() string {
	var lines []string
	for _, at := range a.requests() {
		lines = append(lines, fmt.Sprintf("%s: token request", at))
	}
	last := ""
	for _, s := range a.samples {
		said := fmt.Sprint(s.conditions)
		if said != last {
			lines = append(lines, s.String())
		}
		last = said
	}
	if len(a.samples) > 0 {
		lines = append(lines, "at the end, "+a.samples[len(a.samples)-1].String())
	}
	return strings.Join(lines, "\n")
}

// slack returns the max delay of an action: the clock has coarse steps, and instants in the status are
// rounded up to seconds.
func slack(at time.Duration) time.Duration { return grain(at) + second }

func (a *actor) checkRequests() {
	GinkgoHelper()
	if a.scenario.waits == nil {
		return
	}
	requests := a.requests()
	Expect(requests).To(HaveLen(len(a.scenario.waits)+1), "token requests at %s", requests)
	Expect(requests[0]).To(within(0, a.scenario.first), "the first token request of %s", requests)
	for i, wait := range a.scenario.waits {
		Expect(requests[i+1]).To(within(requests[i], wait), "token request %d of %s", i+2, requests)
	}
}

// checkRate expects no hot loop, and at most four refusals of credentials in an hour, because servers lock
// accounts.
func (a *actor) checkRate() {
	GinkgoHelper()
	requests, refused := a.requests(), a.refusals()
	for i := 10; i < len(requests); i++ {
		Expect(requests[i]-requests[i-10]).To(BeNumerically(">", minute), "more than ten token requests in a minute: %s", requests)
	}
	for i := 4; i < len(refused); i++ {
		Expect(refused[i]-refused[i-4]).To(BeNumerically(">", hour), "credentials refused five times in an hour: %s", refused)
	}
}

// refusals returns the times of the token requests after which the conditions report refused credentials.
func (a *actor) refusals() (times []time.Duration) {
	for _, at := range a.requests() {
		index := slices.IndexFunc(a.samples, func(s sample) bool { return s.at == at })
		if index < 0 {
			continue
		}
		if expected := a.scenario.problemOf(a.samples[index]); expected != nil && expected.class == problem.CredentialsRefused {
			times = append(times, at)
		}
	}
	return times
}

func within(since time.Duration, wait wait) OmegaMatcher {
	return And(BeNumerically(">=", since+wait.min), BeNumerically("<=", since+wait.max+slack(since+wait.max)))
}

// checkRecovery expects a valid token soon after everything works, and at the end.
func (a *actor) checkRecovery() {
	GinkgoHelper()
	index := slices.IndexFunc(a.samples, func(s sample) bool { return s.at >= a.scenario.works && s.isReady() && s.isAlive() })
	Expect(index).NotTo(Equal(-1), "there is a valid token")
	deadline := a.scenario.deadline()
	Expect(a.samples[index].at).To(BeNumerically("<=", deadline+slack(deadline)), "the first valid token after the fault has ended")
	last := a.samples[len(a.samples)-1]
	Expect(last.conditions).To(And(HaveLen(1), matchers.HaveCondition("Ready", "True", "TokenIssued")), "at the end")
	Expect(last.isAlive()).To(BeTrue(), "the token at the end is valid")
}

func (a *actor) checkNoDeadTokenIsReady() {
	GinkgoHelper()
	for _, s := range a.samples {
		if a.scenario.keepsToken {
			Expect(s.isReady()).To(BeTrue(), "there is a valid token all the time: %s", s)
		}
		if a.jumpedAt >= 0 && s.at >= a.jumpedAt && s.at <= a.jumpedAt+a.scenario.late {
			continue
		}
		Expect(!s.isReady() || s.isAlive()).To(BeTrue(), "Ready with an expired token: %s", s)
	}
}

// patience is the time for which a problem that may resolve itself is Reconciling, before it is Stalled.
const patience = 2 * minute

// checkConditions expects each sample to report a problem of the scenario, or none.
func (a *actor) checkConditions() {
	GinkgoHelper()
	var (
		since      time.Duration
		reason     string
		generation int64
		before     *expectedProblem
	)
	seen := map[*expectedProblem]bool{}
	for _, s := range a.samples {
		if a.scenario.mute && len(s.conditions) == 0 {
			continue
		}
		Expect(s.conditions).To(matchers.HaveConditionType(v1alpha1.ReadyCondition), s.String())
		expected := a.scenario.problemOf(s)
		// Another reason, generation or class is another problem.
		if s.reason() != reason || s.generation() != generation || expected != before {
			since, reason, generation, before = s.at, s.reason(), s.generation(), expected
		}
		if reason == "" {
			continue
		}
		Expect(expected).NotTo(BeNil(), "an unexpected problem: %s", s)
		seen[expected] = true
		expected.check(s, s.at-since)
	}
	for i := range a.scenario.problems {
		expected := &a.scenario.problems[i]
		Expect(seen[expected] || expected.perhaps).To(BeTrue(), "%s is reported", expected.reason)
	}
}

// shown returns the type of the condition that reports a problem; empty without a problem.
func (s sample) shown() string {
	switch {
	case !s.isReady():
		return v1alpha1.ReadyCondition
	case meta.FindStatusCondition(s.conditions, v1alpha1.RenewalFailingCondition) != nil:
		return v1alpha1.RenewalFailingCondition
	}
	return ""
}

// reason returns the reason of the problem; empty without a problem.
func (s sample) reason() string {
	if condition := meta.FindStatusCondition(s.conditions, s.shown()); condition != nil {
		return condition.Reason
	}
	return ""
}

// generation returns the generation that the conditions describe.
func (s sample) generation() int64 {
	return meta.FindStatusCondition(s.conditions, v1alpha1.ReadyCondition).ObservedGeneration
}

// problemOf returns the problem of the scenario that a sample reports; nil if it reports none of them.
func (s scenario) problemOf(seen sample) *expectedProblem {
	for i := range s.problems {
		if s.problems[i].matches(seen) {
			return &s.problems[i]
		}
	}
	return nil
}

func (e expectedProblem) matches(s sample) bool {
	condition := meta.FindStatusCondition(s.conditions, s.shown())
	return condition != nil && (e.reason == "" || condition.Reason == e.reason) && strings.Contains(condition.Message, e.message)
}

// check expects the conditions that the class of the problem requires at this age.
func (e expectedProblem) check(s sample, age time.Duration) {
	GinkgoHelper()
	reconciling := meta.FindStatusCondition(s.conditions, v1alpha1.ReconcilingCondition)
	stalled := meta.FindStatusCondition(s.conditions, v1alpha1.StalledCondition)
	reason := meta.FindStatusCondition(s.conditions, s.shown()).Reason
	switch {
	case e.class == problem.Unavailable, e.class != problem.Invalid && age < patience:
		Expect(stalled).To(BeNil(), "Stalled too early, after %s: %s", age, s)
		if s.isReady() {
			Expect(reconciling).To(BeNil(), s.String())
		} else {
			Expect(reconciling).To(HaveField("Reason", reason), s.String())
		}
	case e.class == problem.Invalid, age > patience+slack(s.at):
		Expect(reconciling).To(BeNil(), "still Reconciling after %s: %s", age, s)
		Expect(stalled).To(HaveField("Reason", reason), s.String())
	}
}

// checkSecrecy expects no secret and no token in the conditions, the events and the log.
func (a *actor) checkSecrecy() {
	GinkgoHelper()
	// All tokens in the scripts begin with t0ken-.
	secrets := []string{a.secret(), base64.StdEncoding.EncodeToString([]byte(a.secret())), "t0ken-"}
	for token := range a.tokens {
		secrets = append(secrets, token, base64.StdEncoding.EncodeToString([]byte(token)))
	}
	var shown strings.Builder
	for _, s := range a.samples {
		fmt.Fprintln(&shown, s.String(), s.failure)
	}
	for _, event := range a.events {
		fmt.Fprintln(&shown, event)
	}
	for _, secret := range secrets {
		Expect(strings.Contains(shown.String(), secret)).To(BeFalse(), "a condition or an event shows %s", secret)
		Expect(strings.Contains(a.logged, secret)).To(BeFalse(), "the log shows %s", secret)
	}
}
