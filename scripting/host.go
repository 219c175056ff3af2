package scripting

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/dop251/goja"
	"github.com/octolink/octolink/crm"
)

// A HostFunc is something that a flow can do. Make it with Def.
type HostFunc struct {
	Name string // "call.dial", "log"
	Doc  string // a sentence
	in   []field
	out  reflect.Type
	call func(ctx context.Context, r *Run, args []goja.Value) (in, out any, err error)
	// secret reports whether the result must not be seen in a trace.
	secret func(in any) bool
}

// Def makes a host function. The exported fields of In are its arguments, in order: a field's tag `arg`
// names it, ",optional" after the name says that it may be absent, `doc` describes it and `ts` gives its
// type where it is not plain. The last one may be a struct: the options, whose fields are tagged alike.
// A time.Duration is a number of seconds in flows. fn may block until ctx ends. Def panics on a type
// that it cannot bind, and without a doc sentence.
func Def[In, Out any](name, doc string, fn func(ctx context.Context, r *Run, in In) (Out, error)) HostFunc {
	if !strings.HasSuffix(doc, ".") {
		panic("scripting: " + name + " has no doc sentence")
	}
	in := reflect.TypeFor[In]()
	h := HostFunc{Name: name, Doc: doc, in: fieldsOf(name, in), out: reflect.TypeFor[Out]()}
	fields := h.in
	h.call = func(ctx context.Context, r *Run, args []goja.Value) (any, any, error) {
		var v In
		if err := bindArgs(name, fields, args, reflect.ValueOf(&v).Elem()); err != nil {
			return nil, nil, err
		}
		r.began(v)
		out, err := fn(ctx, r, v)
		return v, out, err
	}
	if _, ok := reflect.New(in).Interface().(secretResult); ok {
		h.secret = func(v any) bool { s, ok := v.(secretResult); return ok && s.resultIsSecret() }
	}
	return h
}

// secretResult are arguments that can make a result secret.
type secretResult interface{ resultIsSecret() bool }

// none is for functions without arguments or without a result.
type none struct{}

// A field is one argument, or one of the options.
type field struct {
	name     string
	doc      string
	ts       string // its type in declarations
	optional bool
	variadic bool // it takes all that is left
	index    int
	typ      reflect.Type
	fields   []field // of options
	bind     func(v goja.Value, into reflect.Value) (want string)
}

var (
	durationType = reflect.TypeFor[time.Duration]()
	valuesType   = reflect.TypeFor[crm.Values]()
	anyType      = reflect.TypeFor[any]()
	targetsType  = reflect.TypeFor[targets]()
	promptType   = reflect.TypeFor[prompt]()
	anysType     = reflect.TypeFor[[]any]()
)

func fieldsOf(function string, t reflect.Type) (fields []field) {
	for i := range t.NumField() {
		f := t.Field(i)
		tag, ok := f.Tag.Lookup("arg")
		if !ok {
			continue
		}
		name, rest, _ := strings.Cut(tag, ",")
		a := field{name: name, doc: f.Tag.Get("doc"), ts: f.Tag.Get("ts"), optional: rest == "optional", index: i, typ: f.Type}
		if f.Type.Kind() == reflect.Struct && f.Type != promptType {
			a.fields, a.optional = fieldsOf(function, f.Type), true
		} else if a.doc == "" {
			panic(fmt.Sprintf("scripting: %s: argument %s is not described", function, name))
		}
		a.variadic = f.Type == anysType
		a.bind, a.ts = binderOf(f.Type, a.ts)
		if a.bind == nil && a.fields == nil && !a.variadic {
			panic(fmt.Sprintf("scripting: %s: argument %s has a type that cannot be bound: %s", function, name, f.Type))
		}
		fields = append(fields, a)
	}
	return fields
}

// bindArgs checks the arguments and puts them into a struct.
func bindArgs(function string, fields []field, args []goja.Value, into reflect.Value) error {
	for i := range fields {
		f := &fields[i]
		if f.variadic {
			return bindRest(function, f, args[min(i, len(args)):], i, into.Field(f.index))
		}
		v := goja.Undefined()
		if i < len(args) {
			v = args[i]
		}
		if f.fields != nil {
			if err := bindOptions(function, f, i+1, v, into.Field(f.index)); err != nil {
				return err
			}
			continue
		}
		if isNothing(v) && f.optional {
			continue
		}
		if want := f.bind(v, into.Field(f.index)); want != "" {
			return &ArgError{Function: function, Number: i + 1, Name: f.name, Want: want, Got: describe(v)}
		}
	}
	if len(args) > len(fields) {
		return &ArgError{Function: function, Want: fmt.Sprintf("takes at most %d arguments, got %d", len(fields), len(args))}
	}
	return nil
}

func bindRest(function string, f *field, args []goja.Value, before int, into reflect.Value) error {
	all := make([]any, len(args))
	for i, v := range args {
		value, err := fromJS(v)
		if err != nil {
			return &ArgError{Function: function, Number: before + i + 1, Name: f.name, Want: "plain values", Got: err.Error()}
		}
		all[i] = value
	}
	into.Set(reflect.ValueOf(all))
	return nil
}

func bindOptions(function string, f *field, number int, v goja.Value, into reflect.Value) error {
	if isNothing(v) {
		return nil
	}
	o, ok := v.(*goja.Object)
	if !ok {
		return &ArgError{Function: function, Number: number, Name: f.name, Want: "an object with " + names(f.fields), Got: describe(v)}
	}
	for _, key := range o.Keys() {
		known := false
		for i := range f.fields {
			known = known || f.fields[i].name == key
		}
		if !known {
			return &ArgError{Function: function, Number: number, Name: f.name, Want: "an object with " + names(f.fields), Got: fmt.Sprintf("one with %.64q", key)}
		}
	}
	for i := range f.fields {
		option := &f.fields[i]
		value := o.Get(option.name)
		if value == nil || isNothing(value) {
			continue
		}
		if want := option.bind(value, into.Field(option.index)); want != "" {
			return &ArgError{Function: function, Number: number, Name: f.name + "." + option.name, Want: want, Got: describe(value)}
		}
	}
	return nil
}

func names(fields []field) string {
	all := make([]string, len(fields))
	for i, f := range fields {
		all[i] = f.name
	}
	return strings.Join(all, ", ")
}
