package recovery_test

import (
	"fmt"
	"net/http"
	"time"

	. "github.com/onsi/ginkgo/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/problem"
	"github.com/tokensync/tokensync/test/authserver"
)

// opaque returns the answer of a cache: the same token, with a lifetime of ten minutes, for each request.
func opaque(token, tokenType string) authserver.Answer {
	return authserver.JSON(http.StatusOK, map[string]any{"access_token": "t0ken-" + token, "token_type": tokenType, "expires_in": 600})
}

// cached returns a scenario in which a cache answers for 50 minutes, while events happen.
func cached(answer authserver.Answer, then ...event) scenario {
	return scenario{
		server: authserver.Script{{Until: 50 * minute, Answer: answer}}, then: then,
		works: 50 * minute, problems: oneProblem(problem.Unavailable, "TokenExpired"),
	}
}

// withoutZone returns a scenario with a cache that states the expiry time without a time zone.
func withoutZone(then ...event) scenario {
	var expires string
	s := cached(authserver.Give(func(now time.Time) map[string]any {
		if expires == "" {
			expires = now.Add(10 * minute).UTC().Format(time.DateTime)
		}
		return map[string]any{"access_token": "t0ken-without-a-zone", "expires_at": expires}
	}), then...)
	s.spec = func(_ *actor, spec *v1alpha1.ClientCredentialSpec) {
		spec.AuthorizationServer.Response = &v1alpha1.TokenResponse{ExpiresAt: []v1alpha1.JSONPointer{"/expires_at"}}
	}
	return s
}

// unreadableLater returns a scenario with a cache whose expires_in is ten minutes at first, and later not a
// number.
func unreadableLater(then ...event) scenario {
	s := cached(nil, then...)
	word := authserver.JSON(http.StatusOK, map[string]any{"access_token": "t0ken-G", "token_type": "Bearer", "expires_in": "soon"})
	s.server = authserver.Script{{Until: minute, Answer: opaque("G", "Bearer")}, {Until: 50 * minute, Answer: word}}
	return s
}

// fresh returns an answer with a new token, valid for ten minutes, for each request.
func fresh() authserver.Answer {
	count := 0
	return authserver.Give(func(time.Time) map[string]any {
		count++
		return map[string]any{"access_token": fmt.Sprint("t0ken-fresh-", count), "token_type": "Bearer", "expires_in": 600}
	})
}

// thenUnstated returns an answer that states a lifetime only in the first response.
func thenUnstated(lifetime time.Duration) authserver.Answer {
	isFirst := true
	return authserver.Give(func(time.Time) map[string]any {
		response := map[string]any{"access_token": "t0ken-unstated", "token_type": "Bearer"}
		if isFirst {
			response["expires_in"] = int(lifetime.Seconds())
		}
		isFirst = false
		return response
	})
}

var _ = Describe("A ClientCredential", Ordered, ContinueOnFailure, played(
	// A date without a zone.
	row{"reports TokenExpired for a cached token whose date without a time zone has passed", withoutZone()},

	// An expired token of a cache.
	row{"reports TokenExpired for the tokens of two caches in turn", cached(authserver.InTurn(opaque("A", "Bearer"), opaque("B", "Bearer")))},
	row{"reports TokenExpired for a cached token although its type changes", cached(authserver.InTurn(opaque("C", "Bearer"), opaque("C", "BearerToken")))},
	row{"reports TokenExpired for a cached token although its Secret was deleted", cached(opaque("D", "Bearer"), event{5 * minute, deleteTarget})},
	row{"reports TokenExpired for a cached token although its Secret was edited", cached(opaque("E", "Bearer"), event{8 * minute, annotateTarget})},
	row{"reports TokenExpired for a cached token that could not be written before it expired", func() scenario {
		s := cached(opaque("F", "Bearer"))
		s.apiServer = []fault{{until: 15 * minute, of: tokenWrite, with: deniedByPolicy}}
		s.problems = append(s.problems, expectedProblem{class: problem.MayPass, reason: "SecretWriteFailed"})
		return s
	}()},
	row{"is Ready only with valid tokens although the cache of one node is stuck", func() scenario {
		s := cached(authserver.InTurn(opaque("stuck", "Bearer"), fresh()))
		s.server[0].Until, s.works = 2*hour, 2*hour
		s.problems[0].perhaps = true
		return s
	}()},
	row{"reports TokenExpired for a cached token whose lifetime is only in the first response", func() scenario {
		s := cached(thenUnstated(20*minute), event{10 * minute, requestRenewal})
		s.spec = func(_ *actor, spec *v1alpha1.ClientCredentialSpec) {
			spec.AuthorizationServer.DefaultTokenLifetime = &metav1.Duration{Duration: 5 * minute}
		}
		return s
	}()},
	row{"reports TokenExpired for a cached token although an edit changes fields that its lifetime does not depend on", cached(opaque("H", "Bearer"),
		event{15 * minute, assumes(2 * hour)}, event{20 * minute, edits(func(s *v1alpha1.ClientCredentialSpec) {
			s.AuthorizationServer.Response = &v1alpha1.TokenResponse{ExpiresAtLayout: "MM/DD/YYYY hh:mm:ss A"}
		})})},
))
