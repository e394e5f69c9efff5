package renewal

import (
	"time"

	"github.com/tokensync/tokensync/internal/problem"
)

// RetryDelays holds the delays after failed attempts, by class. The first delay follows the first attempt,
// and so on; the last delay repeats. Up to a fifth of a delay is subtracted at random. Once credentials
// have been refused 4 times, it is added instead.
//
// A server's error may be temporary, so it is retried soon. Refused credentials are tried 4 times in the
// first hour, because servers lock accounts. Objects of the cluster are watched, so their delay only covers
// changes that the watch does not show.
var RetryDelays = map[problem.Class][]time.Duration{
	problem.Unavailable:        doubling(5*time.Second, 5*time.Minute),
	problem.MayPass:            doubling(15*time.Second, 5*time.Minute),
	problem.CredentialsRefused: {time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour},
	problem.ObjectNotReady:     {time.Hour},
	problem.Invalid:            {time.Hour},
}

// doubling returns delays from first to maxDelay, each twice as long as the delay before.
func doubling(first, maxDelay time.Duration) (delays []time.Duration) {
	for delay := first; delay < maxDelay; delay *= 2 {
		delays = append(delays, delay)
	}
	return append(delays, maxDelay)
}

// retryJitter is the maximum fraction of a delay that is subtracted or added at random.
const retryJitter = 0.2

// RetryAt returns when to retry after an attempt that failed at now. attempts is the number of failures of
// this class in a row. expiresAt is the expiry of the valid token; zero if there is none. While a token is
// valid, the retry comes within half of its remaining lifetime, unless credentials were refused 4 times.
func (p Policy) RetryAt(now time.Time, failure *problem.Problem, attempts int32, expiresAt time.Time) time.Time {
	delays, known := RetryDelays[failure.Class]
	if !known {
		delays = RetryDelays[problem.MayPass]
	}
	step := min(max(int(attempts), 1), len(delays)) - 1
	isLocked := failure.Class == problem.CredentialsRefused && step == len(delays)-1
	jitter := -retryJitter
	if isLocked {
		// Retry later, not sooner: the maximum is 4 attempts in the first hour.
		jitter = retryJitter
	}
	delay := time.Duration(float64(delays[step]) * (1 + jitter*p.random(now.Unix())))
	if !expiresAt.IsZero() && !isLocked {
		delay = min(delay, max(expiresAt.Sub(now)/2, min(delays[0], time.Minute)))
	}
	return now.Add(max(delay, failure.RetryAfter))
}

// stallPatience is how long a problem that may resolve itself can last before it is Stalled.
const stallPatience = 2 * time.Minute

// StallsAt returns when a problem of the class that began at since becomes Stalled; zero means never. An
// outage is never Stalled, because it needs no change in the cluster.
func StallsAt(class problem.Class, since time.Time) time.Time {
	switch class {
	case problem.Unavailable, "":
		// An older version recorded failures without a class.
		return time.Time{}
	case problem.Invalid:
		return since
	default:
		return since.Add(stallPatience)
	}
}
