package check

import (
	"context"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/resolve"
)

// tryOtherEncoding repeats the request with the other basicEncoding, if the encoding may be the reason
// that the server refused the credentials. It uses the same token endpoint, and discards the token.
func (e *exchange) tryOtherEncoding(ctx context.Context, refused *resolve.Request, failure *oauth2.Error) {
	other := refused.OtherBasicEncoding()
	if other == "" || !failure.RefusesCredentials() {
		return
	}
	if err := e.issues(ctx, refused, other); err != nil {
		e.notice(NoticeOtherEncodingFails, "with clientAuthentication.basicEncoding %s the request fails too: %s", other, err)
		return
	}
	e.worksWith = other
	e.notice(NoticeOtherEncodingWorks, "with clientAuthentication.basicEncoding %s the server issues a token", other)
}

// issues repeats the refused request with another encoding. It returns nil if the server issues a token.
func (e *exchange) issues(ctx context.Context, refused *resolve.Request, encoding v1alpha1.BasicEncoding) error {
	server := *refused.Server.DeepCopy()
	server.ClientAuthentication.BasicEncoding = encoding
	request, err := oauth2.BuildRequest(server, refused.Grant, e.Now())
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
