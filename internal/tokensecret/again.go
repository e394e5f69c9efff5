package tokensecret

import (
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/problem"
)

// AssumedAgain is how long before its assumed expiry a token that the server gives
// again is assumed to live anew: so Ready does not turn False in between.
const AssumedAgain = 10 * time.Second

// Given says whether a server gave the token again that the target holds.
type Given string

const (
	// GivenNew is another token, or one whose expiry can be believed.
	GivenNew Given = "New"
	// GivenAgain is the same access token.
	GivenAgain Given = "Again"
	// GivenUnknown is a token that only the data of the Secret can tell.
	GivenUnknown Given = "Unknown"
)

// Compare tells by the record of the target alone whether it holds a token already.
// The fingerprint also depends on the credentials and the further fields of the
// response. If one of these may differ, it tells nothing.
func Compare(target *State, token oauth2.Token, provenance Provenance) Given {
	if target == nil || !target.Owned || target.Record == nil {
		return GivenNew
	}
	isAssumed := token.Lifetime.ExpirySource() == v1alpha1.ExpiryAssumed
	if !isAssumed && !token.ExpiresAt.After(target.Record.ExpiresAt) {
		// A stated expiry that is no later can be believed in any case.
		return GivenNew
	}
	record := *target.Record
	for _, token.Type = range spellings(token.Type) {
		if fingerprint(token, record, provenance.Credentials) == record.Fingerprint {
			return GivenAgain
		}
	}
	isAlike := record.RequestHash == provenance.RequestHash && record.CredentialsVersion == provenance.CredentialsVersion &&
		len(record.Fields) == 0 && len(token.Fields) == 0
	if isAlike || target.Tampered || token.Lifetime.HasClaim {
		// A record that someone else wrote tells nothing, and a JWT is never believed to
		// live longer than it says itself.
		return GivenNew
	}
	return GivenUnknown
}

// spellings are those of a token type, which knows no case (RFC 6749, section 5.1): a
// server does not make its token another one by writing "bearer".
func spellings(tokenType string) []string {
	lower := strings.ToLower(tokenType)
	title := lower
	if lower != "" {
		title = strings.ToUpper(lower[:1]) + lower[1:]
	}
	return []string{tokenType, title, lower, strings.ToUpper(tokenType)}
}

// Holds reports whether a Secret has an access token.
func Holds(secret *corev1.Secret, token oauth2.Token) bool {
	return string(secret.Data[v1alpha1.AccessTokenKey]) == token.AccessToken.Reveal()
}

// Expiry is when a token expires, and where that comes from.
type Expiry struct {
	At time.Time
	// Source is empty if it is not known.
	Source v1alpha1.ExpirySource
}

// ExpiryOf returns the expiry that the response states, or that is assumed.
func ExpiryOf(token oauth2.Token) Expiry {
	return Expiry{At: token.ExpiresAt, Source: token.Lifetime.ExpirySource()}
}

// Believe returns the expiry of a token that the server returns again. It is never later
// than the former expiry while that is ahead, unless the former one was assumed and the
// server states one now. An assumption never replaces a stated expiry. After the former
// expiry, the exp of a JWT counts, and an assumption is made anew. Any other token is
// refused: it probably comes from a cache. The error is a *problem.Problem.
func Believe(former Expiry, token oauth2.Token) (Expiry, error) {
	given, left := ExpiryOf(token), former.At.Sub(token.IssuedAt)
	if given.Source == "" {
		// The token comes from its Secret, and not from the server.
		return former, nil
	}
	isAssumed, wasStated := given.Source == v1alpha1.ExpiryAssumed, former.Source == v1alpha1.ExpiryFromServer
	switch {
	case isAssumed && wasStated && left > 0:
		return former, nil
	case isAssumed && wasStated:
		// An assumption does not bring back a token that the server stated to be dead by now.
	case !given.At.After(former.At), former.Source == v1alpha1.ExpiryAssumed && !isAssumed:
		return given, nil
	case isAssumed && left < AssumedAgain:
		return given, nil
	case left > 0:
		return former, nil
	case token.Lifetime.HasClaim:
		return given, nil
	}
	return Expiry{}, problem.Retry(problem.Unavailable, v1alpha1.ReasonTokenExpired,
		"the token endpoint gave the token again that was believed to expire at %s: look for a cache in front of the server; if the server extends the life of its tokens, set authorizationServer.response.expiresIn and expiresAt to [] and authorizationServer.defaultTokenLifetime to how long a token lives",
		former.At.UTC().Format(time.RFC3339))
}
