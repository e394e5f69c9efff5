package renewal

import "time"

const (
	// repairsAtOnce is the number of repairs without a delay between them. It includes the first write.
	repairsAtOnce = 3
	repairGap     = 5 * time.Minute
	// repairsForgotten is how long a Secret must go without a repair before the count starts again.
	repairsForgotten = 2 * repairGap
)

// Repairs counts the writes of a token Secret that was missing or changed.
type Repairs struct {
	// Count is the number of repairs in a row.
	Count  int
	LastAt time.Time
}

// Add adds a repair made at now.
func (r Repairs) Add(now time.Time) Repairs {
	if now.Sub(r.LastAt).Abs() > repairsForgotten {
		// Abs covers a clock that was set back.
		r.Count = 0
	}
	return Repairs{Count: r.Count + 1, LastAt: now}
}

// NextAt returns when the next repair may be made; zero means immediately. The first repairs are
// immediate, the next ones 5 min apart, so that two writers do not overwrite each other endlessly.
func (r Repairs) NextAt() time.Time {
	if r.Count < repairsAtOnce {
		return time.Time{}
	}
	return r.LastAt.Add(repairGap)
}
