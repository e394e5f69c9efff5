package oauth2

import (
	"fmt"
	"strings"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

// AllNotices returns all notices for an admin about a token: about its lifetime, about what the server issued,
// and about the fields that its response lacks.
func (t Token) AllNotices() (notices []Notice) {
	if notice := t.Lifetime.Notice(); notice != nil {
		notices = append(notices, *notice)
	}
	notices = append(notices, t.Notices...)
	if len(t.MissingFields) > 0 {
		notices = append(notices, Notice{
			Reason: v1alpha1.EventResponseFieldMissing,
			Message: fmt.Sprintf("the token response has nothing at the pointers of authorizationServer.response.fields %q, so the token Secret does not hold them: correct the pointers, or remove the fields",
				strings.Join(t.MissingFields, ", ")),
		})
	}
	return notices
}
