package redact

const (
	// Margin is the part of a text before the bound that is not shown.
	Margin = margin
	// MaxWork is the bound of Work.
	MaxWork = maxWork + 1
	// MaxShort is the maximum number of short secrets for which texts are still shown.
	MaxShort = maxShort
)

// Work returns the work of all searches so far.
func (s *Secrets) Work() int { return s.work }
