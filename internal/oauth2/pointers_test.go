package oauth2_test

import (
	"reflect"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/tokensync/tokensync/api/v1alpha1"
)

var _ = Describe("the pointers of a token response", func() {
	It("are those of every field", func() {
		pointer := v1alpha1.JSONPointer("/success")
		response := &v1alpha1.TokenResponse{
			Success: &v1alpha1.ResponseSuccess{Pointer: &pointer},
			Fields:  []v1alpha1.ResponseField{{Name: "a", Pointers: at("/a", "/b")}},
		}
		expected := at("/success", "/a", "/b")
		for field, member := range reflect.ValueOf(response).Elem().Fields() {
			if pointers, ok := reflect.TypeAssert[[]v1alpha1.JSONPointer](member); ok && pointers == nil {
				expected = append(expected, v1alpha1.JSONPointer("/"+field.Name))
				member.Set(reflect.ValueOf(at(v1alpha1.JSONPointer("/" + field.Name))))
			}
		}
		Expect(response.Pointers()).To(ConsistOf(expected))
	})

	It("are none if none is declared", func() {
		Expect((&v1alpha1.TokenResponse{Success: &v1alpha1.ResponseSuccess{}}).Pointers()).To(BeEmpty())
	})
})
