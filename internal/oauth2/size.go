package oauth2

// maxValuesBytes bounds the total size of declared values. It applies separately to the parameters
// of a request, to its headers, and to the claims and the JOSE headers of each JWT. Many names may
// take the same value.
const maxValuesBytes = 96 << 10

// size is the total size of the declared values so far, in bytes.
type size int

// add counts a value. It returns an error if the values are too large together. what names the
// values in the message.
func (s *size) add(what string, v value) error {
	*s += size(len(v.text))
	if *s > maxValuesBytes {
		return invalid("the values of all %s have more than %d KiB together: declare fewer values, or put smaller values into the credentials Secret",
			what, maxValuesBytes>>10)
	}
	return nil
}
