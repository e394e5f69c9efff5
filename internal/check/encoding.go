package check

import (
	"context"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
)

// tryOtherEncoding sends the request once more with the other basicEncoding, to the
// same token endpoint, if that can be why the server refused the credentials. The
// token is thrown away.
func (e *exchange) tryOtherEncoding(ctx context.Context, credentials oauth2.Credentials, refused *oauth2.Request, failure *oauth2.Error) {
	other := refused.OtherBasicEncoding()
	if other == "" || !failure.RefusesCredentials() {
		return
	}
	server := *e.server.DeepCopy()
	server.ClientAuthentication.BasicEncoding = other
	if err := e.issues(ctx, server, credentials, refused); err != nil {
		e.notice(NoticeOtherEncodingFails, "clientAuthentication.basicEncoding %s was tried too: %s", other, err)
		return
	}
	e.worksWith = other
	e.notice(NoticeOtherEncodingWorks, "with clientAuthentication.basicEncoding %s the server issues a token", other)
}

// issues reports why a server issues no token for a request like the refused one; nil
// if it issues one.
func (e *exchange) issues(ctx context.Context, server v1alpha1.AuthorizationServerSpec, credentials oauth2.Credentials, refused *oauth2.Request) error {
	assertion, err := e.serviceAccountToken(ctx)
	if err != nil {
		return err
	}
	request, err := e.build(server, credentials, assertion)
	if err != nil {
		return err
	}
	request.TLS, request.Metadata = refused.TLS, refused.Metadata
	response, err := e.TokenEndpoint.Send(ctx, request)
	if err != nil {
		return err
	}
	_, err = oauth2.ReadResponse(server, request, response)
	return err
}
