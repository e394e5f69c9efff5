package renewal

import (
	"time"

	"github.com/tokensync/tokensync/internal/problem"
)

// RetryDelays are the delays after the failed attempts of a class: after the first
// attempt the first delay, and so on; the last one repeats. Up to a fifth of a delay is
// taken off at random, or added once credentials were refused 4 times.
//
// What a server answers can pass, so it is tried again soon. Refused credentials are
// tried 4 times in the first hour, because servers lock accounts. An object of the
// cluster is watched: its delay only covers what the watch does not show.
var RetryDelays = map[problem.Class][]time.Duration{
	problem.Unavailable:        doubling(5*time.Second, 5*time.Minute),
	problem.MayPass:            doubling(15*time.Second, 5*time.Minute),
	problem.CredentialsRefused: {time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour},
	problem.ObjectNotReady:     {time.Hour},
	problem.Invalid:            {time.Hour},
}

// doubling returns delays from first to max, each twice the one before.
func doubling(first, maxDelay time.Duration) (delays []time.Duration) {
	for delay := first; delay < maxDelay; delay *= 2 {
		delays = append(delays, delay)
	}
	return append(delays, maxDelay)
}

// retryJitter is the part of a delay that is taken off or added at random.
const retryJitter = 0.2

// RetryAt is when to try again after the attempt that failed at now, the attempts-th
// of its class in a row. expiresAt is when the token expires that is still valid; zero
// without one. While there is such a token, the retry comes after half of what is left
// of it at the latest, except for credentials that were refused 4 times.
func (p Policy) RetryAt(now time.Time, failure *problem.Problem, attempts int32, expiresAt time.Time) time.Time {
	delays, known := RetryDelays[failure.Class]
	if !known {
		delays = RetryDelays[problem.MayPass]
	}
	step := min(max(int(attempts), 1), len(delays)) - 1
	isLocked := failure.Class == problem.CredentialsRefused && step == len(delays)-1
	jitter := -retryJitter
	if isLocked {
		// Later, not sooner: there are 4 attempts in the first hour, and no more.
		jitter = retryJitter
	}
	delay := time.Duration(float64(delays[step]) * (1 + jitter*p.random(now.Unix())))
	if !expiresAt.IsZero() && !isLocked {
		delay = min(delay, max(expiresAt.Sub(now)/2, min(delays[0], time.Minute)))
	}
	return now.Add(max(delay, failure.RetryAfter))
}

// stallPatience is how long a problem that may pass by itself is not Stalled.
const stallPatience = 2 * time.Minute

// StallsAt is when a problem of a class that began at since is Stalled; zero for
// never. An outage needs no change in the cluster.
func StallsAt(class problem.Class, since time.Time) time.Time {
	switch class {
	case problem.Unavailable, "":
		// A failure without a class was noted by an older version.
		return time.Time{}
	case problem.Invalid:
		return since
	default:
		return since.Add(stallPatience)
	}
}
