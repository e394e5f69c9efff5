package tokensecret

import (
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/problem"
)

// ExtensionWindow is how long before its assumed expiry a token may get a new assumed lifetime. It gets the
// new lifetime if the server returns it again, so that Ready does not turn False in between.
const ExtensionWindow = 10 * time.Second

// Returned says whether a server returned the token that the target already holds.
type Returned string

const (
	// ReturnedNew means another token, or a token whose expiry can be trusted.
	ReturnedNew Returned = "New"
	// ReturnedAgain means the same access token.
	ReturnedAgain Returned = "Again"
	// ReturnedUnknown means that only the data of the Secret shows whether it is the same token.
	ReturnedUnknown Returned = "Unknown"
)

// Compare reports whether the target already holds a token. It uses only the record of the target. The
// fingerprint also depends on the credentials and the additional fields of the response. If any of these may
// differ, the result is ReturnedUnknown.
func Compare(target *State, token oauth2.Token, provenance Provenance) Returned {
	if target == nil || !target.Owned || target.Record == nil {
		return ReturnedNew
	}
	isAssumed := token.Lifetime.ExpirySource() == v1alpha1.ExpiryAssumed
	if !isAssumed && !token.ExpiresAt.After(target.Record.ExpiresAt) {
		// A stated expiry can be trusted if it is not later than the former expiry.
		return ReturnedNew
	}
	record := *target.Record
	for _, token.Type = range spellings(token.Type) {
		if fingerprint(token, record, provenance.Credentials) == record.Fingerprint {
			return ReturnedAgain
		}
	}
	isAlike := record.RequestHash == provenance.RequestHash && record.CredentialsVersion == provenance.CredentialsVersion &&
		len(record.Fields) == 0 && len(token.Fields) == 0
	if isAlike || target.Tampered || token.Lifetime.HasClaim {
		// A record that another writer changed proves nothing. A JWT is never assumed to live longer than its
		// own exp.
		return ReturnedNew
	}
	return ReturnedUnknown
}

// spellings returns the common spellings of a token type, which is case-insensitive (RFC 6749, section 5.1).
// A token whose type is now spelled "bearer" is still the same token.
func spellings(tokenType string) []string {
	lower := strings.ToLower(tokenType)
	title := lower
	if lower != "" {
		title = strings.ToUpper(lower[:1]) + lower[1:]
	}
	return []string{tokenType, title, lower, strings.ToUpper(tokenType)}
}

// Holds reports whether a Secret holds the given access token.
func Holds(secret *corev1.Secret, token oauth2.Token) bool {
	return string(secret.Data[v1alpha1.AccessTokenKey]) == token.AccessToken.Reveal()
}

// Expiry is when a token expires, and the source of that time.
type Expiry struct {
	At time.Time
	// Source is empty if the source is not known.
	Source v1alpha1.ExpirySource
}

// ExpiryOf returns the expiry that the response states, or that is assumed.
func ExpiryOf(token oauth2.Token) Expiry {
	return Expiry{At: token.ExpiresAt, Source: token.Lifetime.ExpirySource()}
}

// EffectiveExpiry returns the expiry of a token that the server returned again. Until the former expiry, the
// new expiry is never later, unless the former expiry was assumed and the server now states an expiry. An
// assumed expiry never replaces a stated expiry. After the former expiry, the exp of a JWT counts, and an
// assumed expiry is assumed again. Any other token is refused, because it probably comes from a cache. The
// error is a *problem.Problem.
func EffectiveExpiry(former Expiry, token oauth2.Token) (Expiry, error) {
	given, left := ExpiryOf(token), former.At.Sub(token.IssuedAt)
	if given.Source == "" {
		// The token comes from its Secret, not from the server.
		return former, nil
	}
	isAssumed, wasStated := given.Source == v1alpha1.ExpiryAssumed, former.Source == v1alpha1.ExpiryFromServer
	switch {
	case isAssumed && wasStated && left > 0:
		return former, nil
	case isAssumed && wasStated:
		// The token has expired according to the server. An assumption does not change that.
	case !given.At.After(former.At), former.Source == v1alpha1.ExpiryAssumed && !isAssumed:
		return given, nil
	case isAssumed && left < ExtensionWindow:
		return given, nil
	case left > 0:
		return former, nil
	case token.Lifetime.HasClaim:
		return given, nil
	}
	return Expiry{}, problem.Retry(problem.Unavailable, v1alpha1.ReasonTokenExpired,
		"the token endpoint returned the same token after its expiry at %s: check for a cache in front of the server; if the server extends the lifetime of its tokens, set authorizationServer.response.expiresIn and expiresAt to [] and authorizationServer.defaultTokenLifetime to the lifetime of a token",
		former.At.UTC().Format(time.RFC3339))
}
