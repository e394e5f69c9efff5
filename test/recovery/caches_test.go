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

// opaque returns the answer of a cache: the same token, with a lifetime of ten minutes, at each request.
func opaque(token, tokenType string) authserver.Answer {
	return authserver.JSON(http.StatusOK, map[string]any{"access_token": "t0ken-" + token, "token_type": tokenType, "expires_in": 600})
}

// cached returns a scenario in which a cache answers for 50 minutes, while events happen.
func cached(answer authserver.Answer, then ...event) scenario {
	return scenario{
		server: authserver.Script{{Until: 50 * minute, Answer: answer}}, then: then,
		works: 50 * minute, told: oneProblem(problem.Unavailable, "TokenExpired"),
	}
}

// withoutZone returns a scenario with a cache that states the time of expiry without a zone.
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

// unreadableLater returns a scenario with a cache whose expires_in is ten minutes at first, and then no
// number.
func unreadableLater(then ...event) scenario {
	s := cached(nil, then...)
	word := authserver.JSON(http.StatusOK, map[string]any{"access_token": "t0ken-G", "token_type": "Bearer", "expires_in": "soon"})
	s.server = authserver.Script{{Until: minute, Answer: opaque("G", "Bearer")}, {Until: 50 * minute, Answer: word}}
	return s
}

// fresh returns an answer with a new token, valid for ten minutes, at each request.
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
	row{"is not deceived by a cache whose date without a zone has passed", withoutZone()},

	// An expired token of a cache.
	row{"is not deceived by two caches in turn", cached(authserver.InTurn(opaque("A", "Bearer"), opaque("B", "Bearer")))},
	row{"is not deceived by a cache if the type of the token changes", cached(authserver.InTurn(opaque("C", "Bearer"), opaque("C", "BearerToken")))},
	row{"is not deceived by a cache if its Secret was deleted", cached(opaque("D", "Bearer"), event{5 * minute, deleteTarget})},
	row{"is not deceived by a cache if its Secret was edited", cached(opaque("E", "Bearer"), event{8 * minute, annotateTarget})},
	row{"is not deceived by a cache if the token could not be written while it lived", func() scenario {
		s := cached(opaque("F", "Bearer"))
		s.apiServer = []fault{{until: 15 * minute, of: tokenWrite, with: deniedByPolicy}}
		s.told = append(s.told, told{class: problem.MayPass, reason: "SecretWriteFailed"})
		return s
	}()},
	row{"is not deceived by one node whose cache is stuck", func() scenario {
		s := cached(authserver.InTurn(opaque("stuck", "Bearer"), fresh()))
		s.server[0].Until, s.works = 2*hour, 2*hour
		s.told[0].perhaps = true
		return s
	}()},
	row{"is not deceived by a cache that states a lifetime with the first response only", func() scenario {
		s := cached(thenUnstated(20*minute), event{10 * minute, requestRenewal})
		s.spec = func(_ *actor, spec *v1alpha1.ClientCredentialSpec) {
			spec.AuthorizationServer.DefaultTokenLifetime = &metav1.Duration{Duration: 5 * minute}
		}
		return s
	}()},
	row{"is not deceived by a cache if an edit has nothing to do with the stated lifetime", cached(opaque("H", "Bearer"),
		event{15 * minute, assumes(2 * hour)}, event{20 * minute, edits(func(s *v1alpha1.ClientCredentialSpec) {
			s.AuthorizationServer.Response = &v1alpha1.TokenResponse{ExpiresAtLayout: "MM/DD/YYYY hh:mm:ss A"}
		})})},
))
