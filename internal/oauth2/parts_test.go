package oauth2_test

import (
	"reflect"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/api/v1alpha1"
	"github.com/tokensync/tokensync/internal/oauth2"
)

// whole returns a declaration that sets every field that a part may drop.
func whole() v1alpha1.AuthorizationServerSpec {
	var server v1alpha1.AuthorizationServerSpec
	fill(reflect.ValueOf(&server).Elem())
	fill(reflect.ValueOf(server.Response).Elem())
	return server
}

// fill sets each field of a struct to a value that is not zero.
func fill(value reflect.Value) {
	for _, field := range value.Fields() {
		switch field.Kind() {
		case reflect.Pointer:
			field.Set(reflect.New(field.Type().Elem()))
		case reflect.Slice:
			field.Set(reflect.MakeSlice(field.Type(), 1, 1))
		case reflect.String:
			field.SetString("set")
		case reflect.Int32:
			field.SetInt(1)
		case reflect.Bool:
			field.SetBool(true)
		default:
			Fail("fill cannot set a field of type " + field.Type().String())
		}
	}
}

// set returns the names of the fields that are set.
func set(value any) (names []string) {
	v := reflect.Indirect(reflect.ValueOf(value))
	for field, member := range v.Fields() {
		if !member.IsZero() {
			names = append(names, field.Name)
		}
	}
	return names
}

// A new field of the API fails these specs until RequestPart or LifetimePart has it, or these
// lists say that neither needs it.
var _ = Describe("a declaration", func() {
	It("has these fields that decide the token request and what counts as refused credentials", func() {
		part := oauth2.RequestPart(whole())
		Expect(set(part)).To(ConsistOf("Profile", "Issuer", "TokenEndpoint", "TLS", "ClientAuthentication", "Request", "Response"))
		Expect(set(part.Response)).To(ConsistOf("CredentialErrors", "CredentialStatuses", "ErrorCode", "Success"))
	})

	It("has these fields that decide how the lifetime of a token is read", func() {
		part := oauth2.LifetimePart(whole(), v1alpha1.ExpiryAssumed, "")
		Expect(set(part)).To(ConsistOf("DefaultTokenLifetime", "Response"))
		Expect(set(part.Response)).To(ConsistOf("ExpiresIn", "ExpiresInUnit", "ExpiresAt", "ExpiresAtLayout", "ExpiresAtZone"))
	})

	DescribeTable("has these fields that decide how a stated lifetime is read",
		func(source oauth2.LifetimeSource, fields ...any) {
			part := oauth2.LifetimePart(whole(), v1alpha1.ExpiryFromServer, source)
			Expect(part.DefaultTokenLifetime).To(BeNil())
			Expect(set(part.Response)).To(ConsistOf(fields...))
		},
		Entry("from expiresIn", oauth2.LifetimeFromExpiresIn, "ExpiresIn", "ExpiresInUnit"),
		Entry("from expiresAt", oauth2.LifetimeFromExpiresAt, "ExpiresAt", "ExpiresAtLayout", "ExpiresAtZone"),
		Entry("from a claim: none", oauth2.LifetimeFromClaim),
		Entry("from a source that a restart lost", oauth2.LifetimeSource(""), "ExpiresIn", "ExpiresInUnit", "ExpiresAt", "ExpiresAtLayout", "ExpiresAtZone"),
	)

	It("has no other fields than these", func() {
		Expect(set(whole())).To(ConsistOf("Profile", "Issuer", "TokenEndpoint", "TLS", "ClientAuthentication", "Request", "Response",
			"DefaultTokenLifetime", "RateLimit", "Revocation"))
	})
})
