package explain

import (
	"fmt"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// unknown returns lines about the objects that could not be read. The first line lists all objects that
// the user may not read. Each other failure has its own line.
func (in Input) unknown() []string {
	var hidden, lines []string
	note := func(what string, err error) {
		switch {
		case err == nil || apierrors.IsNotFound(err):
		case apierrors.IsForbidden(err):
			hidden = append(hidden, what)
		default:
			lines = append(lines, fmt.Sprintf("%s: %s", what, clean(err.Error())))
		}
	}
	if in.Credentials != nil {
		note(fmt.Sprintf("Secret %q", in.credentialsName()), in.Credentials.Err)
	}
	if in.Target != nil {
		note(fmt.Sprintf("Secret %q", in.ClientCredential.TargetName()), in.Target.Err)
	}
	if in.Server != nil && in.ClientCredential.Spec.AuthorizationServerRef != nil {
		note(serverName(in.ClientCredential.Spec.AuthorizationServerRef), in.Server.Err)
	}
	if in.Events != nil {
		note("its events", in.Events.Err)
	}
	if len(hidden) > 0 {
		lines = append([]string{"you may not read " + strings.Join(hidden, ", ")}, lines...)
	}
	return lines
}
