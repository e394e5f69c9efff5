// Package fairshare divides a limited resource, such as memory or concurrent work, among tenants. A tenant
// holds at most as much as is left free. Network switches share their buffers with such a dynamic threshold.
// A single tenant gets half, and two tenants get a third each. A tenant that holds nothing gets a share as
// long as anything is free.
package fairshare

// Room is an amount that tenants share. It is not safe for concurrent use.
type Room struct {
	size, taken int
	// tenants holds the amount of each tenant, without tenants that hold nothing.
	tenants map[string]int
}

// NewRoom returns a Room of the given size.
func NewRoom(size int) *Room { return &Room{size: size, tenants: map[string]int{}} }

// Free returns the amount that no tenant holds.
func (r *Room) Free() int { return r.size - r.taken }

// IsEmpty reports whether no tenant holds anything.
func (r *Room) IsEmpty() bool { return r.taken == 0 }

// Admits reports whether a tenant may take an additional amount: its new total must not exceed the
// amount that is free now.
func (r *Room) Admits(tenant string, amount int) bool { return r.tenants[tenant]+amount <= r.Free() }

// Add adds an amount to a tenant's share. A negative amount releases it.
func (r *Room) Add(tenant string, amount int) {
	r.taken += amount
	if r.tenants[tenant] += amount; r.tenants[tenant] == 0 {
		delete(r.tenants, tenant)
	}
}
