package oauth2

// maxValuesBytes bounds the declared values of a request: those of its parameters, those of its
// headers, and the claims and headers of each JWT. Each of many names may take the same value.
const maxValuesBytes = 256 << 10

// size is how many bytes of declared values there are so far.
type size int

// add counts a value. The error says that the values are too large together; what names them in
// the message.
func (s *size) add(what string, v value) error {
	*s += size(len(v.text))
	if *s > maxValuesBytes {
		return invalid("the values of all %s have more than %d KiB together: declare fewer, or put smaller values into the credentials Secret",
			what, maxValuesBytes>>10)
	}
	return nil
}
