package problem

import "github.com/tokensync/tokensync/api/v1alpha1"

// SecretGone returns the problem of a token Secret that is gone while its namespace is being deleted.
func SecretGone(secret, namespace string) *Problem {
	return Retry(ObjectNotReady, v1alpha1.ReasonTokenMissing, "Secret %q is gone, and no token is requested: namespace %q is being deleted",
		secret, namespace)
}

// SecretNotWritten returns the problem of a token that cannot be written to its Secret. message is the message of
// the API server. isInvalid is true if the API server finds the Secret invalid or too large. isDropped is true if
// the operator could not remember the token.
func SecretNotWritten(class Class, secret, message string, isInvalid, isDropped bool) *Problem {
	advice := "the write is retried with the same token"
	if isDropped {
		advice = "the next attempt requests another token, because too many tokens wait to be written"
	}
	if isInvalid {
		advice = "correct spec.target; " + advice
	}
	return Retry(class, v1alpha1.ReasonSecretWriteFailed, "the token cannot be written to Secret %q: %s; %s", secret, message, advice)
}

// SecretNotTakenOver returns the problem of a Secret that an earlier ClientCredential left, and that the API
// server does not allow to take over. message is its message; may be empty.
func SecretNotTakenOver(class Class, secret, message string) *Problem {
	if message != "" {
		message = ": " + message
	}
	return Retry(class, v1alpha1.ReasonSecretWriteFailed,
		"Secret %q, which an earlier ClientCredential of this name left, cannot be taken over%s; the operator retries. To get a new token instead, delete that Secret",
		secret, message)
}

// APIRequestFailed returns the problem of a failed request to the API server. message says what failed.
// isForbidden is true if the API server denies the request.
func APIRequestFailed(class Class, message string, isForbidden bool) *Problem {
	advice := "the request is retried"
	if isForbidden {
		advice = "check the operator's role and the admission policies"
	}
	return Retry(class, v1alpha1.ReasonAPIRequestFailed, "cannot %s; %s", message, advice)
}
