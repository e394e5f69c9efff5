package metrics

import (
	dto "github.com/prometheus/client_model/go"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

// reasons are all of api/v1alpha1/conditions.go. No other gets into a label: the
// status may hold what someone else wrote there.
var reasons = []string{
	v1alpha1.ReasonTokenIssued,
	v1alpha1.ReasonSuspended,
	v1alpha1.ReasonUsable,
	v1alpha1.ReasonLifetimeUnreadable,
	v1alpha1.ReasonProfileUnknown,
	v1alpha1.ReasonAuthorizationServerInvalid,
	v1alpha1.ReasonSpecTooLarge,
	v1alpha1.ReasonAuthorizationServerNotFound,
	v1alpha1.ReasonAuthorizationServerNotAllowed,
	v1alpha1.ReasonInlineAuthorizationServerForbidden,
	v1alpha1.ReasonServiceAccountNotFound,
	v1alpha1.ReasonServiceAccountNotLabelled,
	v1alpha1.ReasonServiceAccountTokenRefused,
	v1alpha1.ReasonTokenEndpointMissing,
	v1alpha1.ReasonCredentialsNotFound,
	v1alpha1.ReasonCredentialsNotLabelled,
	v1alpha1.ReasonCredentialsMissing,
	v1alpha1.ReasonCredentialsInvalid,
	v1alpha1.ReasonCABundleUnusable,
	v1alpha1.ReasonTargetTemplateInvalid,
	v1alpha1.ReasonTargetConflict,
	v1alpha1.ReasonTargetContested, v1alpha1.ReasonAPIRequestFailed,
	v1alpha1.ReasonTokenEndpointInsecure,
	v1alpha1.ReasonAddressDenied,
	v1alpha1.ReasonDiscoveryFailed,
	v1alpha1.ReasonTokenEndpointUnreachable,
	v1alpha1.ReasonTLSFailed,
	v1alpha1.ReasonTimeout,
	v1alpha1.ReasonRedirectRefused,
	v1alpha1.ReasonTokenEndpointBusy,
	v1alpha1.ReasonServerError,
	v1alpha1.ReasonRateLimited,
	v1alpha1.ReasonInvalidClient,
	v1alpha1.ReasonUnauthorizedClient,
	v1alpha1.ReasonUnsupportedGrantType,
	v1alpha1.ReasonInvalidGrant,
	v1alpha1.ReasonInvalidScope,
	v1alpha1.ReasonInvalidRequest,
	v1alpha1.ReasonInvalidTarget,
	v1alpha1.ReasonRequestRefused,
	v1alpha1.ReasonInvalidResponse,
	v1alpha1.ReasonTokenExpired,
	v1alpha1.ReasonTokenMissing,
	v1alpha1.ReasonTokenTypeUnsupported,
	v1alpha1.ReasonSecretWriteFailed,
}

// The labels of conditions are made once.
var (
	reasonPairs = pairs("reason", append(reasons, other)...)
	typePairs   = pairs("type", append(abnormalConditions, v1alpha1.ReadyCondition)...)
)

func pairs(name string, values ...string) map[string]*dto.LabelPair {
	pairs := make(map[string]*dto.LabelPair, len(values))
	for _, value := range values {
		pairs[value] = pair(name, value)
	}
	return pairs
}

// known is a reason, or what stands for all that are not.
func known(reason string) string {
	if _, found := reasonPairs[reason]; found {
		return reason
	}
	return other
}
