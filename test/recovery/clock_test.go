package recovery_test

import (
	"net/http"

	. "github.com/onsi/ginkgo/v2"

	"github.com/tokensync/tokensync/internal/problem"
	"github.com/tokensync/tokensync/test/authserver"
)

// noticed is the max time until the operator notices a changed clock.
const noticed = 2 * minute

var _ = Describe("A clock that jumps two hours ahead after nine minutes", Ordered, ContinueOnFailure, played(
	row{"leads to a new token within two minutes", scenario{
		then: []event{{9 * minute, jump(2 * hour)}}, works: 9 * minute, within: noticed, late: noticed,
		waits: []wait{between(9*minute, 11*minute)},
	}},
	row{"ends the backoff after refused credentials", scenario{
		server: authserver.Script{{Until: 10 * minute, Answer: authserver.Refuse(http.StatusUnauthorized, "invalid_client")}},
		works:  9 * minute, within: noticed, problems: oneProblem(problem.CredentialsRefused, "InvalidClient"),
		// The previous request was sent between 4m48s and 6m, and the jump is noticed by 11m.
		waits: append(refusals(minute, 5*minute), between(3*minute, 373*second)),
	}},
))

var _ = Describe("A clock that is set back by two hours after nine minutes", Ordered, ContinueOnFailure, played(
	row{"leads to a new token within two minutes, because the old token seems to have been issued in the future", scenario{
		then: []event{{9 * minute, jump(-2 * hour)}}, works: 9 * minute, waits: []wait{between(9*minute, 11*minute)},
	}},
))
