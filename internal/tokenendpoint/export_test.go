package tokenendpoint

// Denied and Private are for the test of the page that lists the denied addresses.
var (
	Denied  = denied
	Private = private
)
