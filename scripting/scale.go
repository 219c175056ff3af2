package scripting

import (
	"fmt"
	"strconv"

	"github.com/dop251/goja"
)

// A scale weighs a value before a built-in function walks through it: things that are in it many times
// count many times, as they will in what comes out.
type scale struct {
	rt      *goja.Runtime
	objects bool // into objects too, not only into lists
	indent  int64
	values  int
	bytes   int64
	most    int64 // bytes. Zero means that they are not bounded.
}

func (s *scale) weigh(v goja.Value, depth int) {
	if s.values++; s.values > maxElements {
		tooMuch(s.rt, fmt.Sprintf("more than %d elements, with those that are in it several times", maxElements))
	}
	if depth > maxNested {
		tooMuch(s.rt, fmt.Sprintf("nested deeper than %d, or within itself", maxNested))
	}
	s.bytes += 2 + s.indent*int64(depth)
	if s.most > 0 && s.bytes > s.most { // at once: to weigh all of it may take long
		checkBytes(s.rt, float64(s.bytes))
	}
	o, ok := v.(*goja.Object)
	if !ok {
		s.bytes += textLength(v)
		return
	}
	switch o.ClassName() {
	case "Array":
		n := lengthOf(o)
		if n > maxElements {
			tooMuch(s.rt, fmt.Sprintf("a list of %d elements is longer than %d", n, maxElements))
		}
		for i := range n {
			if item := o.Get(strconv.FormatInt(i, 10)); item != nil {
				s.weigh(item, depth+1)
			}
		}
	case "String", "Error", "RegExp": // their texts are made in one step, too
		s.bytes += textLength(o.ToString())
	case "Object":
		if !s.objects {
			return
		}
		for _, key := range o.Keys() {
			s.bytes += int64(len(key))
			s.weigh(o.Get(key), depth+1)
		}
	}
}

// guardIterator has lists that are spread, or gathered into something else, checked for their length.
func guardIterator(rt *goja.Runtime) {
	proto := object(rt, "Array.prototype")
	original, ok := goja.AssertFunction(proto.GetSymbol(goja.SymIterator))
	if !ok {
		return
	}
	guarded := rt.ToValue(func(call goja.FunctionCall) goja.Value {
		checkLength(rt, call.This, nil)
		v, err := original(call.This)
		if err != nil {
			panic(err)
		}
		return v
	})
	_ = proto.DefineDataPropertySymbol(goja.SymIterator, guarded, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE)
}

// functionKinds have a constructor of their own, which makes programs of texts.
var functionKinds = goja.MustCompile("<host>", `[function () {}, async function () {}, function* () {}].map(Object.getPrototypeOf)`, true)

// hideFunction takes away the way to Function that every function has.
func hideFunction(rt *goja.Runtime) {
	kinds, err := rt.RunProgram(functionKinds)
	if err != nil {
		panic(err) // interrupted
	}
	for i := range 3 {
		kind := kinds.(*goja.Object).Get(strconv.Itoa(i)).(*goja.Object)
		_ = kind.DefineDataProperty("constructor", goja.Undefined(), goja.FLAG_FALSE, goja.FLAG_FALSE, goja.FLAG_FALSE) // it can be
	}
}
