package scripting

import (
	"slices"

	"github.com/dop251/goja"
)

// An as says what an object becomes that a built-in function is called with.
type as func(o *goja.Object) goja.Value

var (
	asItIs as // nil

	toText    as = func(o *goja.Object) goja.Value { return o.ToString() }
	toNumber  as = func(o *goja.Object) goja.Value { return o.ToNumber() }
	toPattern as = func(o *goja.Object) goja.Value { // of an expression, or the expression itself
		if o.ClassName() == "RegExp" || o.GetSymbol(goja.SymMatch) != nil {
			return o
		}
		return o.ToString()
	}
	toReplacement as = func(o *goja.Object) goja.Value {
		if _, function := goja.AssertFunction(o); function {
			return o
		}
		return o.ToString()
	}
)

// primitives are the object of a method, which comes first in how, and its arguments.
func primitives(this goja.Value, args []goja.Value, how []as) (goja.Value, []goja.Value) {
	if len(how) == 0 {
		return this, args
	}
	this = primitive(this, how[0])
	copied := false
	for i, one := range how[1:] {
		if i == len(args) {
			break
		}
		v := primitive(args[i], one)
		if v == args[i] {
			continue
		}
		if !copied { // they may be somebody's list
			args, copied = slices.Clone(args), true
		}
		args[i] = v
	}
	return this, args
}

func primitive(v goja.Value, how as) goja.Value {
	if o, ok := v.(*goja.Object); ok && how != nil {
		return how(o)
	}
	return v
}
