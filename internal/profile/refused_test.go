package profile_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/internal/oauth2"
	"github.com/tokensync/tokensync/internal/problem"
)

// Some vendors refuse credentials with their own status or code. They lock accounts, or the client behind
// them, after a few such requests.
var _ = DescribeTable("refused credentials are recognized",
	func(profile, response string) {
		completed := complete(of(profile))
		_, err := oauth2.ReadResponse(completed, &oauth2.Request{}, responseOf(response))
		Expect(err).To(HaveField("Class", problem.CredentialsRefused))
	},
	Entry("of Personio, by the status", "Personio", "403\n\n"+`{"success":false,"error":{"code":0,"message":"these credentials are wrong"}}`),
	Entry("of Salesforce, by a code for an unknown client", "Salesforce", "400\n\n"+`{"error":"invalid_client_id","error_description":"there is no such client"}`),
	Entry("of Salesforce, by the code of RFC 6749", "Salesforce", "400\n\n"+`{"error":"invalid_client","error_description":"the secret is wrong"}`),
	Entry("of Shopify, by a code", "Shopify", "400\n\n"+`{"error":"invalid_credentials"}`),
	Entry("of Twilio, by 401 with a code of its own", "Twilio", "401\n\n"+`{"code":322402,"message":"these credentials are not valid","status":401}`),
	Entry("of Jamf, by 401 with a code of its own", "Jamf", "401\n\n"+`{"httpStatus":401,"errors":[{"code":"INVALID_LOGIN"}]}`),
)
