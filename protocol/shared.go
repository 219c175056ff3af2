package protocol

import (
	"reflect"
	"sync"

	"github.com/octolink/octolink/protocol/wire"
)

// A Shared is an answer that many clients get unchanged, encoded once per format however many ask.
// A handler returns it as its Out. It must not change after it was made.
type Shared[T any] struct {
	value T
	once  [2]sync.Once
	bytes [2][]byte
	err   [2]error
}

// Share makes a shared answer of a struct.
func Share[T any](v T) *Shared[T] { return &Shared[T]{value: v} }

// fields is the encoded body, made by the first who asks for the format.
func (s *Shared[T]) fields(f wire.Format) ([]byte, error) {
	s.once[f].Do(func() { s.bytes[f], s.err[f] = wire.AppendFields(nil, f, s.value) })
	return s.bytes[f], s.err[f]
}

func (s *Shared[T]) valueType() reflect.Type { return reflect.TypeFor[T]() }

type sharedBody interface {
	fields(wire.Format) ([]byte, error)
	valueType() reflect.Type
}

// answerType looks through a Shared or a Renamed at what travels.
func answerType(t reflect.Type) reflect.Type {
	if t == reflect.TypeFor[Renamed]() {
		return objectType
	}
	if s, ok := reflect.Zero(t).Interface().(sharedBody); ok {
		return s.valueType()
	}
	return t
}
