package template

import (
	"errors"
	"fmt"
	"reflect"
)

// maxWork bounds what the functions of one rendering take and yield together, in
// bytes. A function that takes longer than that counts more.
const maxWork = 256 * MaxBytes

var errTooMuchWork = fault("takes more work than a template may: let it call fewer functions, or give them less")

// meter counts the work of one rendering.
type meter struct{ left int }

func (m *meter) spend(work int) error {
	if work > m.left {
		return errTooMuchWork
	}
	m.left -= work
	return nil
}

// bounded wraps a function: it works on copies of what it is given, what it takes
// and yields is counted, a result of more than MaxBytes is an error, and so is a
// panic. A chain of functions could multiply a value otherwise.
func (m *meter) bounded(name string, function any) any {
	value := reflect.ValueOf(function)
	kind := value.Type()
	in := make([]reflect.Type, kind.NumIn())
	for i := range in {
		in[i] = kind.In(i)
	}
	wrapped := reflect.FuncOf(in, []reflect.Type{anything, failure}, kind.IsVariadic())
	return reflect.MakeFunc(wrapped, func(args []reflect.Value) []reflect.Value {
		result, err := m.call(value, args)
		results := []reflect.Value{reflect.Zero(anything), reflect.Zero(failure)}
		if err != nil {
			err = named(name, err)
			results[1] = reflect.ValueOf(&err).Elem()
		} else if result != nil {
			results[0] = reflect.ValueOf(&result).Elem()
		}
		return results
	}).Interface()
}

var anything, failure = reflect.TypeFor[any](), reflect.TypeFor[error]()

// named puts the name of the function first.
func named(name string, err error) error {
	var (
		ours   fault
		absent missingKeyError
		failed failError
	)
	switch {
	case errors.As(err, &ours):
		return fault(fmt.Sprintf("%s: %s", name, ours))
	case errors.As(err, &absent), errors.As(err, &failed):
		return err
	}
	return fault(fmt.Sprintf("%s: %s", name, errNotTaken))
}

func (m *meter) call(function reflect.Value, args []reflect.Value) (result any, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			result, err = nil, errNotTaken
			if ours, ok := cause.(fault); ok {
				err = ours
			}
		}
	}()
	taken, err := m.take(function.Type(), args)
	if err != nil {
		return nil, err
	}
	results := function.Call(taken)
	if len(results) == 2 && !results[1].IsNil() {
		return nil, results[1].Interface().(error)
	}
	result, size, err := copied(results[0].Interface(), MaxBytes)
	if err != nil {
		return nil, err
	}
	return result, m.spend(size.bytes)
}

// take copies the arguments, those of a variadic function one by one.
func (m *meter) take(kind reflect.Type, args []reflect.Value) ([]reflect.Value, error) {
	if kind.IsVariadic() {
		last := args[len(args)-1]
		args = args[: len(args)-1 : len(args)-1]
		for i := range last.Len() {
			args = append(args, last.Index(i))
		}
	}
	taken := make([]reflect.Value, len(args))
	for i, arg := range args {
		duplicate, size, err := copied(arg.Interface(), m.left)
		if errors.Is(err, errTooLong) {
			err = errTooMuchWork
		}
		if err == nil {
			err = m.spend(size.bytes)
		}
		if err != nil {
			return nil, err
		}
		taken[i] = reflect.ValueOf(duplicate)
		if duplicate == nil {
			taken[i] = reflect.Zero(anything)
		}
	}
	return taken, nil
}
