package oauth2

import "github.com/tokensync/tokensync/api/v1alpha1"

// RequestPart returns the part of a declaration that decides which token request is sent,
// and whether its response counts as refused credentials.
func RequestPart(server v1alpha1.AuthorizationServerSpec) v1alpha1.AuthorizationServerSpec {
	declared := server.Response
	server.RateLimit, server.Revocation, server.DefaultTokenLifetime, server.Response = nil, nil, nil, nil
	if declared != nil {
		server.Response = &v1alpha1.TokenResponse{
			CredentialErrors: declared.CredentialErrors, CredentialStatuses: declared.CredentialStatuses,
			ErrorCode: declared.ErrorCode, Success: declared.Success,
		}
	}
	return server
}

// LifetimePart returns the part of a declaration that decides the expiry of a token. With a source,
// that part has only the fields that read the source; without a source, it has all fields that can
// state a lifetime. It includes the default lifetime, unless the server stated the expiry.
func LifetimePart(server v1alpha1.AuthorizationServerSpec, expiry v1alpha1.ExpirySource, source LifetimeSource) v1alpha1.AuthorizationServerSpec {
	part := v1alpha1.AuthorizationServerSpec{Response: &v1alpha1.TokenResponse{}}
	declared := server.Response
	if declared == nil || source == LifetimeFromClaim {
		return part
	}
	if source != LifetimeFromExpiresAt {
		part.Response.ExpiresIn, part.Response.ExpiresInUnit = declared.ExpiresIn, declared.ExpiresInUnit
	}
	if source != LifetimeFromExpiresIn {
		part.Response.ExpiresAt = declared.ExpiresAt
		part.Response.ExpiresAtLayout, part.Response.ExpiresAtZone = declared.ExpiresAtLayout, declared.ExpiresAtZone
	}
	if expiry != v1alpha1.ExpiryFromServer {
		part.DefaultTokenLifetime = server.DefaultTokenLifetime
	}
	return part
}
