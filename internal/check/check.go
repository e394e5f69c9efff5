// Package check performs the exchange that a ClientCredential describes, with the packages of the
// operator. It reports the request, the response, and the values found in the response. It writes
// nothing.
package check

import (
	"context"
	"errors"
	"time"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/fairshare"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/problem"
	"github.com/tokensync/tokensync/internal/resolve"
	"github.com/tokensync/tokensync/internal/tokenendpoint"
	"github.com/tokensync/tokensync/internal/tokensecret"
)

// Checker checks ClientCredentials.
type Checker struct {
	// Finder finds the objects that a ClientCredential names.
	Finder *Finder
	// TokenEndpoint sends the requests.
	TokenEndpoint *tokenendpoint.Client
	// Credentials replaces the data of the credentials Secret, by key, if not nil.
	Credentials map[string]oauth2.Sensitive
	// ServiceAccountToken replaces the token that the API server issues, if not empty.
	ServiceAccountToken oauth2.Sensitive
	// Policy holds the restrictions that the flags of the operator set.
	Policy resolve.Policy
	// Now is the clock.
	Now func() time.Time
}

// exchange is a check in progress.
type exchange struct {
	*Checker
	owner  *v1alpha1.ClientCredential
	report *Report
	// server is the declaration. Once a request is built, it has the discovered endpoints.
	server resolve.Declaration
	// path is the path to the declaration's fields.
	path string
	// suggested are pointers to members that may be the token, if it was not found.
	suggested []string
	// suggestedErrors are pointers to members that may be the error code and its explanation.
	suggestedErrors errorPointers
	// keys are the keys of the credentials Secret that the request uses.
	keys []string
	// worksWith is the other basicEncoding, if the server issues a token for it.
	worksWith v1alpha1.BasicEncoding
}

// Check performs one exchange. The report holds a problem that keeps the operator from getting a token, or what
// could not be checked. Check returns any other failure as the error.
func (c *Checker) Check(ctx context.Context, object Loaded[*v1alpha1.ClientCredential]) (*Report, error) {
	owner := object.Object
	report := &Report{ClientCredential: owner.Namespace + "/" + owner.Name, Source: object.Source}
	e := &exchange{Checker: c, owner: owner, report: report, path: "spec.authorizationServer"}
	err := e.run(ctx)
	if err != nil && ctx.Err() != nil {
		return report, ctx.Err()
	}
	if report.Failure = notChecked(err); report.Failure != nil {
		return report, nil
	}
	found := problem.Of(err)
	if found == nil {
		return report, err
	}
	failure := &oauth2.Error{Problem: *found}
	// Keep the code and the status if the failure comes from a response.
	_ = errors.As(err, &failure)
	report.Failure = &Failure{Reason: failure.Reason, Message: failure.Message, Change: e.changes(failure)}
	return report, nil
}

// run takes the same steps as the operator. If a problem keeps the operator from getting a token, the
// error is a *problem.Problem. If something could not be read, it is a *notCheckedError.
func (e *exchange) run(ctx context.Context) error {
	resolver := &resolve.Resolver{Source: source{e}, TokenEndpoint: e.TokenEndpoint, Tokens: source{e}, Policy: e.Policy}
	if err := e.findServer(ctx, resolver); err != nil {
		return err
	}
	credentials, err := e.credentials(ctx, resolver)
	if err != nil {
		return err
	}
	request, err := e.request(ctx, resolver, credentials)
	if err != nil {
		return err
	}
	if e.report.Request, err = request.Show(); err != nil {
		return err
	}
	response, err := e.TokenEndpoint.Send(ctx, request.Request)
	if err != nil {
		return err
	}
	token, err := e.read(request.Request, response)
	var refusal *oauth2.Error
	if errors.As(err, &refusal) {
		e.tryOtherEncoding(ctx, request, refusal)
	}
	if err != nil {
		return err
	}
	// Build the Secret that the operator would write: some mistakes are found only with a token.
	_, err = tokensecret.Write(e.owner, nil, tokensecret.WithoutTemplateKeys(e.owner, *token), tokensecret.Record{}, credentials.ClientID.Reveal())
	return err
}

// findServer finds the authorization server, and checks the declaration and the target.
func (e *exchange) findServer(ctx context.Context, resolver *resolve.Resolver) error {
	spec := e.owner.Spec
	if err := resolve.CheckSize("the spec", e.owner); err != nil {
		return err
	}
	if spec.AuthorizationServerRef != nil && spec.AuthorizationServer != nil {
		return problem.Stalled(v1alpha1.ReasonAuthorizationServerInvalid, "set exactly one of spec.authorizationServer and spec.authorizationServerRef")
	}
	if spec.AuthorizationServer != nil {
		e.report.AuthorizationServer = "declared in the ClientCredential"
		if err := checkRules(spec.Parameters, *spec.AuthorizationServer); err != nil {
			return err
		}
	}
	var err error
	e.server, err = resolver.Server(ctx, e.owner)
	var unknown *resolve.UnknownNamespaceError
	if errors.As(err, &unknown) {
		e.notice(NoticeNotChecked, "it is not known whether ClusterAuthorizationServer %q allows namespace %q (spec.allowedNamespaces): %s",
			unknown.Server, unknown.Namespace, unknown.Err)
		err = nil
	}
	if err != nil {
		return err
	}
	if wrong := tokensecret.Check(e.owner); wrong != nil {
		return wrong
	}
	return nil
}

// credentials reads the credentials that the token request needs.
func (e *exchange) credentials(ctx context.Context, resolver *resolve.Resolver) (oauth2.Credentials, error) {
	if !e.server.UsesSecret(e.owner) {
		why := "no Secret is needed"
		e.report.Credentials = why
		if e.owner.Spec.CredentialsRef == nil && oauth2.UsesSecret(e.server.AuthorizationServerSpec, e.owner.Spec.ClientID) {
			why = "spec.credentialsRef is not set"
			e.report.Credentials = "none: " + why
		}
		if e.Credentials != nil {
			e.notice(NoticeCredentialFilesUnused, "the given credential files are not used, because %s", why)
		}
	}
	read, err := resolver.Credentials(ctx, e.owner, e.server)
	source := resolve.CredentialsSource(e.owner)
	if read.Secret != nil {
		source.Data = read.Secret.Data
	}
	e.keys = oauth2.UsedKeys(source, e.server.AuthorizationServerSpec)
	for _, notice := range read.Notices {
		e.notice(notice.Reason, "%s", notice.Message)
	}
	return read.Credentials, err
}

// request builds the token request.
func (e *exchange) request(ctx context.Context, resolver *resolve.Resolver, credentials oauth2.Credentials) (*resolve.Request, error) {
	bundle, release, err := resolver.Authorities(ctx, fairshare.Claimant{}, e.server)
	if err != nil {
		return nil, err
	}
	defer release()
	request, err := resolver.TokenRequest(ctx, resolve.Parts{Owner: e.owner, Server: e.server, Credentials: credentials, Bundle: bundle}, e.Now())
	if err != nil {
		return nil, err
	}
	e.server.AuthorizationServerSpec = request.Server
	if request.Metadata != nil {
		if mismatch := oauth2.MethodMismatch(request.Server, request.Metadata); mismatch != "" {
			e.notice(NoticeMethodNotListed, "%s", mismatch)
		}
	}
	return request, nil
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
	findings := oauth2.Locate(exchanged.server, response, *token)
	e.report.Response = exchanged.shape(findings.LifetimeAt)
	e.report.Found = exchanged.found(*token, findings)
	e.plan(*token)
	return token, nil
}
