package template

import (
	"strconv"
	"text/template"
)

// listOf returns texts as a list. All lists in a template have this type.
func listOf(texts []string) []any {
	list := make([]any, len(texts))
	for i, text := range texts {
		list[i] = text
	}
	return list
}

// join puts a separator between the items of a list.
func join(separator string, list []any) (string, error) {
	out := &builder{}
	for i, item := range list {
		text := textOf(item)
		if i > 0 {
			text = separator + text
		}
		if err := out.add(text); err != nil {
			return "", err
		}
	}
	return out.String(), nil
}

func first(list []any) (any, error) {
	if len(list) == 0 {
		return nil, fault("the list is empty")
	}
	return list[0], nil
}

// dict returns a map. Its arguments are alternately keys and values.
func dict(pairs ...any) (map[string]any, error) {
	if len(pairs)%2 != 0 {
		return nil, fault("a key has no value")
	}
	members := make(map[string]any, len(pairs)/2)
	for i := 0; i < len(pairs); i += 2 {
		key, ok := pairs[i].(string)
		if !ok {
			return nil, fault("a key must be a text")
		}
		members[key] = pairs[i+1]
	}
	return bounded(members)
}

// get returns an empty text if the key is missing.
func get(members map[string]any, key string) any {
	if member, found := members[key]; found {
		return member
	}
	return ""
}

func hasKey(members map[string]any, key string) bool {
	_, found := members[key]
	return found
}

// index returns a member of a map or an item of a list. Each further key applies to the result of
// the key before it.
func index(value any, keys ...any) (any, error) {
	for _, key := range keys {
		switch of := value.(type) {
		case map[string]any:
			name, _ := key.(string)
			member, found := of[name]
			if !found {
				return nil, missingKeyError(name)
			}
			value = member
		case []any:
			at, ok := key.(int)
			if !ok || at < 0 || at >= len(of) {
				return nil, errNotTaken
			}
			value = of[at]
		default:
			return nil, errNotTaken
		}
	}
	return value, nil
}

func empty(value any) bool {
	truth, _ := template.IsTrue(value)
	return !truth
}

// defaultValue returns value, or otherwise if value is empty or missing.
func defaultValue(otherwise any, value ...any) any {
	if len(value) == 0 || empty(value[0]) {
		return otherwise
	}
	return value[0]
}

// coalesce returns the first value that is not empty.
func coalesce(values ...any) any {
	for _, value := range values {
		if !empty(value) {
			return value
		}
	}
	return nil
}

func ternary(yes, no any, condition bool) any {
	if condition {
		return yes
	}
	return no
}

func wholeNumber(value any) (int64, error) {
	number, err := strconv.ParseInt(textOf(value), 10, 64)
	if err != nil {
		return 0, fault("the argument is not a whole number")
	}
	return number, nil
}
