// Package fairshare divides among tenants what is bounded, such as memory or concurrent work. A
// tenant holds no more of it than is left free: this is the dynamic threshold by which switches
// share their buffers. So a single tenant gets half, two get a third each, and a tenant that
// holds nothing gets something while anything is free.
package fairshare

// Room is an amount that tenants share. It must not be used by several goroutines at once.
type Room struct {
	size, taken int
	// tenants has the amount of each tenant that holds any.
	tenants map[string]int
}

// NewRoom returns a room of a size.
func NewRoom(size int) *Room { return &Room{size: size, tenants: map[string]int{}} }

// Free returns how much is left.
func (r *Room) Free() int { return r.size - r.taken }

// IsEmpty reports whether no tenant holds anything.
func (r *Room) IsEmpty() bool { return r.taken == 0 }

// Admits reports whether a tenant may take an amount more: it would hold no more then than is
// free now.
func (r *Room) Admits(tenant string, amount int) bool { return r.tenants[tenant]+amount <= r.Free() }

// Add adds to what a tenant holds. A negative amount gives back.
func (r *Room) Add(tenant string, amount int) {
	r.taken += amount
	if r.tenants[tenant] += amount; r.tenants[tenant] == 0 {
		delete(r.tenants, tenant)
	}
}
