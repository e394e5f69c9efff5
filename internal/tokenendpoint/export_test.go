package tokenendpoint

// Denied is for the test of the page that lists what is denied.
var (
	Denied  = denied
	Private = private
)
