package template

import (
	"encoding/json"
	"reflect"
)

const (
	// itemBytes are counted for an item of a list or a map besides what it holds.
	itemBytes = 16
	// scalarBytes are counted for what is no text, list or map.
	scalarBytes = 8
	// maxDepth bounds lists in lists: they are walked by recursion.
	maxDepth = 64
)

// size of a value: about the bytes that it takes, and how many values are in it.
type size struct{ bytes, values int }

// copied returns a copy of a value in the one form that functions get and yield:
// nil, bool, int, int64, uint64, float64, json.Number, string, []any or
// map[string]any. These have no methods that a template could grow a text by, and
// a function can change nothing but the copy. A value of more than limit bytes is
// an error.
func copied(value any, limit int) (any, size, error) {
	c := copier{limit: limit}
	duplicate, err := c.copy(value, 0)
	return duplicate, c.size, err
}

type copier struct {
	size
	limit int
}

func (c *copier) add(bytes int) error {
	c.bytes += bytes
	c.values++
	if c.bytes > c.limit {
		return errTooLong
	}
	return nil
}

func (c *copier) copy(value any, depth int) (any, error) {
	if depth > maxDepth {
		return nil, fault("nests lists and maps too deeply")
	}
	switch value := value.(type) {
	case nil, bool, int, int64, uint64, float64:
		return value, c.add(scalarBytes)
	case string:
		return value, c.add(len(value))
	case json.Number:
		return value, c.add(len(value))
	}
	of := reflect.ValueOf(value)
	switch of.Kind() {
	case reflect.Bool:
		return of.Bool(), c.add(scalarBytes)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return of.Int(), c.add(scalarBytes)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return of.Uint(), c.add(scalarBytes)
	case reflect.Float32, reflect.Float64:
		return of.Float(), c.add(scalarBytes)
	case reflect.String:
		return of.String(), c.add(of.Len())
	case reflect.Slice, reflect.Array:
		return c.list(of, depth)
	case reflect.Map:
		return c.dict(of, depth)
	default:
		return nil, fault("is given a value that is no text, number, list or map")
	}
}

func (c *copier) list(of reflect.Value, depth int) (any, error) {
	if err := c.add(of.Len() * itemBytes); err != nil {
		return nil, err
	}
	list := make([]any, of.Len())
	for i := range list {
		item, err := c.copy(of.Index(i).Interface(), depth+1)
		if err != nil {
			return nil, err
		}
		list[i] = item
	}
	return list, nil
}

func (c *copier) dict(of reflect.Value, depth int) (any, error) {
	if of.Type().Key().Kind() != reflect.String {
		return nil, fault("is given a map whose keys are no texts")
	}
	if err := c.add(of.Len() * itemBytes); err != nil {
		return nil, err
	}
	dict := make(map[string]any, of.Len())
	for members := of.MapRange(); members.Next(); {
		if err := c.add(members.Key().Len()); err != nil {
			return nil, err
		}
		member, err := c.copy(members.Value().Interface(), depth+1)
		if err != nil {
			return nil, err
		}
		dict[members.Key().String()] = member
	}
	return dict, nil
}

// sizeOf is the size of what was copied before.
func sizeOf(values ...any) (total size) {
	for _, value := range values {
		// It is below its limit.
		_, size, _ := copied(value, maxWork)
		total.bytes += size.bytes
		total.values += size.values
	}
	return total
}
