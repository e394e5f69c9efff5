// Package check performs the exchange that a ClientCredential describes, with the
// packages of the operator, and reports what was sent, what came back and what was
// found. It writes nothing anywhere.
package check

import (
	"context"
	"errors"
	"time"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/problem"
	"github.com/tokensync/tokensync/internal/profile"
	"github.com/tokensync/tokensync/internal/tokenendpoint"
	"github.com/tokensync/tokensync/internal/tokensecret"
)

// Checker checks ClientCredentials.
type Checker struct {
	// Finder finds what a ClientCredential names.
	Finder *Finder
	// TokenEndpoint sends the requests.
	TokenEndpoint *tokenendpoint.Client
	// Credentials stand instead of the credentials Secret, by its keys; nil for none.
	Credentials map[string]oauth2.Sensitive
	// ServiceAccountToken stands instead of one that the API server issues.
	ServiceAccountToken oauth2.Sensitive
	// RequireCredentialsLabel is the operator's flag of that name.
	RequireCredentialsLabel bool
	// ClusterResourceNamespace is the namespace of what ClusterAuthorizationServers name.
	ClusterResourceNamespace string
	// Now is the clock.
	Now func() time.Time
}

// exchange is one check under way.
type exchange struct {
	*Checker
	owner  *v1alpha1.ClientCredential
	server declaration
	report *Report
	// suggested point to what may be the token that was not found.
	suggested []string
	// suggestedErrors point to what may be error code and explanation.
	suggestedErrors errorPlaces
	// metadata of the issuer; nil if the token endpoint is declared.
	metadata *oauth2.Metadata
	// keys of the credentials Secret that the request uses.
	keys []string
	// worksWith is the other basicEncoding if the server issues a token with it.
	worksWith v1alpha1.BasicEncoding
}

// Check performs one exchange. What keeps the operator from getting a token is in
// the report; the error is for the rest.
func (c *Checker) Check(ctx context.Context, object Loaded[*v1alpha1.ClientCredential]) (*Report, error) {
	owner := object.Object
	report := &Report{ClientCredential: owner.Namespace + "/" + owner.Name, Source: object.Source}
	e := &exchange{Checker: c, owner: owner, report: report}
	err := e.run(ctx)
	found := problem.Of(err)
	if found == nil {
		return report, err
	}
	failure := &oauth2.Error{Problem: *found}
	// Of a response, the code and the status tell more.
	_ = errors.As(err, &failure)
	report.Failure = &Failure{Reason: failure.Reason, Message: failure.Message, Change: e.changes(failure)}
	return report, nil
}

// run goes the operator's way. What keeps it from a token is a *problem.Problem.
func (e *exchange) run(ctx context.Context) error {
	if err := e.findServer(ctx); err != nil {
		return err
	}
	if err := e.complete(); err != nil {
		return err
	}
	credentials, err := e.credentials(ctx)
	if err != nil {
		return err
	}
	request, err := e.request(ctx, credentials)
	if err != nil {
		return err
	}
	if e.report.Request, err = request.Show(); err != nil {
		return err
	}
	response, err := e.TokenEndpoint.Send(ctx, request)
	if err != nil {
		return err
	}
	token, err := e.read(request, response)
	var refusal *oauth2.Error
	if errors.As(err, &refusal) {
		e.tryOtherEncoding(ctx, credentials, request, refusal)
	}
	if err != nil {
		return err
	}
	// What the operator would write, for the faults that only show with a token.
	_, err = tokensecret.Write(e.owner, nil, tokensecret.Fit(e.owner, *token), tokensecret.Record{}, credentials.ClientID.Reveal())
	return err
}

// complete fills in what the declaration leaves open.
func (e *exchange) complete() error {
	if err := lackOf(e.owner, e.server.AuthorizationServerSpec); err != nil {
		return err
	}
	completed, err := profile.Complete(e.server.AuthorizationServerSpec, e.owner.Spec.Parameters)
	if err != nil {
		return err
	}
	e.server.AuthorizationServerSpec = completed
	if failure := tokensecret.Check(e.owner); failure != nil {
		return failure
	}
	return nil
}

// request finds out what is still missing for the request, and builds it.
func (e *exchange) request(ctx context.Context, credentials oauth2.Credentials) (*oauth2.Request, error) {
	if err := e.discover(ctx); err != nil {
		return nil, err
	}
	assertion, err := e.serviceAccountToken(ctx)
	if err != nil {
		return nil, err
	}
	request, err := e.build(e.server.AuthorizationServerSpec, credentials, assertion)
	if err != nil {
		return nil, err
	}
	request.Metadata = e.metadata
	request.TLS, err = e.trusted(ctx, request.TLS)
	return request, err
}

func (e *exchange) build(server v1alpha1.AuthorizationServerSpec, credentials oauth2.Credentials, serviceAccountToken oauth2.Sensitive) (*oauth2.Request, error) {
	return oauth2.BuildRequest(server, oauth2.Grant{
		Credentials:         credentials,
		Scopes:              e.owner.Spec.Scopes,
		Audience:            e.owner.Spec.Audience,
		Resources:           e.owner.Spec.Resources,
		ServiceAccountToken: serviceAccountToken,
	}, e.Now())
}

// read finds the token in the response.
func (e *exchange) read(request *oauth2.Request, response oauth2.Response) (*oauth2.Token, error) {
	exchanged := exchanged{server: e.server.AuthorizationServerSpec, request: request, response: response}
	token, err := oauth2.ReadResponse(exchanged.server, request, response)
	if err != nil {
		e.report.Response = exchanged.shape(nil)
		e.suggested, e.suggestedErrors = exchanged.suggest(), exchanged.suggestErrors()
		return nil, err
	}
	findings := oauth2.Explain(exchanged.server, response, *token)
	e.report.Response = exchanged.shape(findings.LifetimeAt)
	e.report.Found = exchanged.found(*token, findings)
	e.plan(*token)
	return token, nil
}
