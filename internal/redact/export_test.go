package redact

const (
	// Margin is the part before the bound of a text that is not shown.
	Margin = margin
	// MaxWork is what Work is at most.
	MaxWork = maxWork + 1
	// MaxShort is the number of short secrets with which a text is shown.
	MaxShort = maxShort
)

// Work is what all searches took so far.
func (s *Secrets) Work() int { return s.work }
