package renewal

import "time"

const (
	// repairsAtOnce counts the first write too.
	repairsAtOnce = 3
	repairGap     = 5 * time.Minute
	// repairsForgotten is how long a Secret must be left alone to be trusted again.
	repairsForgotten = 2 * repairGap
)

// Repairs are the writes of a token Secret that was missing or spoilt.
type Repairs struct {
	// Count of those in a row.
	Count  int
	LastAt time.Time
}

// Another adds a repair made at now.
func (r Repairs) Another(now time.Time) Repairs {
	if now.Sub(r.LastAt).Abs() > repairsForgotten {
		// Also after the clock was set back.
		r.Count = 0
	}
	return Repairs{Count: r.Count + 1, LastAt: now}
}

// NextAt is when the next repair may be made: the first ones at once, then one each
// 5 min. So two who fight over a Secret come to rest.
func (r Repairs) NextAt() time.Time {
	if r.Count < repairsAtOnce {
		return time.Time{}
	}
	return r.LastAt.Add(repairGap)
}
