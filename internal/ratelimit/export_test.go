package ratelimit

// Size is how many things the limiter remembers.
func (l *Limiter) Size() int {
	size := len(l.servers) + len(l.waiting) + len(l.pauses)
	for _, s := range l.servers {
		size += len(s.taken)
		for _, line := range s.lines {
			size += 1 + len(line.waiting)
		}
	}
	return size
}
