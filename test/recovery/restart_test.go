package recovery_test

import (
	"net/http"

	. "github.com/onsi/ginkgo/v2"

	"github.com/tokensync/tokensync/internal/problem"
	"github.com/tokensync/tokensync/test/authserver"
)

var _ = Describe("An operator that is restarted after 30 s and 90 s", Ordered, ContinueOnFailure, played(
	row{"requests no token while there is a valid token", scenario{
		then: []event{{30 * second, restartOperator}, {90 * second, restartOperator}}, waits: noWaits,
	}},
	row{"does not shorten the backoff from a server that refused the credentials", scenario{
		server: authserver.Script{{Until: 40 * second, Answer: authserver.Refuse(http.StatusUnauthorized, "invalid_client")}},
		works:  40 * second, problems: oneProblem(problem.CredentialsRefused, "InvalidClient"), waits: refusals(minute),
	}},
	row{"sends refused credentials four times in the first hour, although their Secret is annotated after each restart", scenario{
		server: authserver.Script{{Until: 70 * minute, Answer: authserver.Refuse(http.StatusUnauthorized, "invalid_client")}},
		then:   []event{{30 * second, restartOperator}, {35 * second, annotateCredentials}, {90 * second, restartOperator}, {95 * second, annotateCredentials}},
		works:  70 * minute, within: 20 * minute, lasts: 100 * minute,
		problems: oneProblem(problem.CredentialsRefused, "InvalidClient"), waits: append([]wait{between(35*second, 35*second), between(minute, minute)}, refusals(15*minute, hour)...),
	}},
	row{"does not shorten the backoff from a server that is down", scenario{
		server: authserver.Script{{Until: 50 * second, Answer: authserver.HTML(http.StatusBadGateway)}},
		works:  50 * second, problems: oneProblem(problem.Unavailable, "ServerError"),
		waits: waits(5*second, 10*second, 20*second, 40*second),
	}},
	row{"does not shorten the wait that a server asked for", scenario{
		server: authserver.Script{{Until: 50 * second, Answer: authserver.RetryAfter("120", authserver.Refuse(http.StatusTooManyRequests, ""))}},
		works:  50 * second, within: 7 * minute, problems: oneProblem(problem.Unavailable, "RateLimited"),
		waits: []wait{between(2*minute, 125*second)},
	}},
	row{"goes on counting how long a credentials Secret is missing", credentialsAfter(5 * minute)},
	row{"goes on counting how long a maintenance page is shown", scenario{
		server: authserver.Script{{Until: 4 * minute, Answer: authserver.HTML(http.StatusOK)}}, works: 4 * minute,
		problems: oneProblem(problem.MayPass, "InvalidResponse"), waits: waits(15*second, 30*second, minute, 2*minute, 4*minute),
	}},
	row{"requests a new token if it could not write the previous token, which was only in memory", scenario{
		apiServer: []fault{{until: 36 * second, of: tokenWrite, with: deniedByPolicy}}, works: 36 * second,
		problems: oneProblem(problem.MayPass, "SecretWriteFailed"), waits: []wait{between(36*second, 45*second)},
	}},
))

var _ = Describe("An operator that is restarted after 12 minutes", Ordered, ContinueOnFailure, played(
	row{"reports TokenExpired for a cached token whose date without a time zone has passed", withoutZone(event{12 * minute, restartOperator})},
	row{"reports TokenExpired for a cached token whose lifetime is no longer stated", unreadableLater(event{12 * minute, restartOperator})},
))
