package scripting

import (
	"reflect"

	"github.com/dop251/goja/ast"
)

// languageNames are the globals of the language that flows can use.
var languageNames = []string{
	"globalThis", "NaN", "Infinity", "parseInt", "parseFloat", "isNaN", "isFinite", "encodeURIComponent", "decodeURIComponent", "encodeURI", "decodeURI",
	"escape", "unescape", "Object", "Boolean", "Symbol", "Error", "AggregateError", "EvalError", "RangeError", "ReferenceError", "SyntaxError", "TypeError",
	"URIError", "Number", "Math", "Date", "String", "RegExp", "Array", "Map", "Set", "WeakMap", "WeakSet", "WeakRef", "JSON", "Promise", "Reflect", "Proxy",
	"ArrayBuffer", "DataView", "Int8Array", "Uint8Array", "Uint8ClampedArray", "Int16Array", "Uint16Array", "Int32Array", "Uint32Array", "Float32Array", "Float64Array",
}

// walk visits a tree of the language, from the top. visit says whether to go into a node.
func walk(n any, visit func(n any) bool) {
	if n != nil {
		walkValue(reflect.ValueOf(n), visit)
	}
}

func walkValue(v reflect.Value, visit func(n any) bool) {
	switch v.Kind() {
	case reflect.Interface:
		if !v.IsNil() {
			walkValue(v.Elem(), visit)
		}
	case reflect.Pointer:
		if v.IsNil() || v.Elem().Kind() != reflect.Struct || !v.CanInterface() || !visit(v.Interface()) {
			return
		}
		walkFields(v.Elem(), visit)
	case reflect.Struct:
		if v.CanAddr() {
			if _, name := v.Addr().Interface().(*ast.Identifier); !name { // a member's name is no reference
				walkValue(v.Addr(), visit)
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			walkValue(v.Index(i), visit)
		}
	}
}

func walkFields(s reflect.Value, visit func(n any) bool) {
	t := s.Type()
	for i := range t.NumField() {
		f := t.Field(i)
		switch {
		case !f.IsExported(), f.Name == "Label", f.Name == "DeclarationList", f.Name == "File":
		case t == reflect.TypeFor[ast.MetaProperty]():
		default:
			walkValue(s.Field(i), visit)
		}
	}
}

// bodyOf is what a program does: what is inside of the function around it.
func bodyOf(p *ast.Program) any {
	var body any = p
	found := false
	walk(p, func(n any) bool {
		if f, ok := n.(*ast.FunctionLiteral); ok && !found {
			body, found = f.Body, true
		}
		return !found
	})
	return body
}

// declares are the names that a node declares.
func declares(n any) (names []string) {
	collect := func(target any) {
		walk(target, func(n any) bool {
			switch x := n.(type) {
			case *ast.Identifier:
				names = append(names, x.Name.String())
			case *ast.PropertyShort:
				names = append(names, x.Name.Name.String())
			}
			return true
		})
	}
	switch x := n.(type) {
	case *ast.Binding:
		collect(x.Target)
	case *ast.ForDeclaration:
		collect(x.Target)
	case *ast.CatchStatement:
		collect(x.Parameter)
	case *ast.ParameterList:
		collect(x.Rest)
	case *ast.FunctionLiteral:
		if x.Name != nil {
			names = append(names, x.Name.Name.String())
		}
	case *ast.ClassLiteral:
		if x.Name != nil {
			names = append(names, x.Name.Name.String())
		}
	}
	return names
}

// flowFunction is the function that a program hands over as the flow; nil: it is not plain to see.
func flowFunction(body any) (flow any) {
	name := ""
	functions := map[string]any{}
	walk(body, func(n any) bool {
		switch x := n.(type) {
		case *ast.AssignExpression:
			if left, ok := x.Left.(*ast.DotExpression); ok {
				if of, ok := left.Left.(*ast.Identifier); ok && of.Name.String() == handOver {
					if right, ok := x.Right.(*ast.Identifier); ok {
						name = right.Name.String()
					}
				}
			}
		case *ast.FunctionLiteral:
			if x.Name != nil {
				functions[x.Name.Name.String()] = x
			}
		case *ast.Binding:
			if target, ok := x.Target.(*ast.Identifier); ok && x.Initializer != nil {
				functions[target.Name.String()] = x.Initializer
			}
		}
		return true
	})
	return functions[name]
}

// functionParts are the parameters and the body of a function; nil for something else.
func functionParts(n any) (*ast.ParameterList, any) {
	switch x := n.(type) {
	case *ast.FunctionLiteral:
		return x.ParameterList, x.Body
	case *ast.ArrowFunctionLiteral:
		return x.ParameterList, x.Body
	}
	return nil, nil
}

// firstParam is the name of a function's first parameter.
func firstParam(p *ast.ParameterList) string {
	if p == nil || len(p.List) == 0 {
		return ""
	}
	if name, ok := p.List[0].Target.(*ast.Identifier); ok {
		return name.Name.String()
	}
	return ""
}

// membersOf are all "name.member" of a function, but not in functions inside of it that have a parameter of
// that name themselves.
func membersOf(inside any, name string) (found []*ast.DotExpression) {
	walk(inside, func(n any) bool {
		if p, _ := functionParts(n); p != nil {
			own := false
			for _, b := range p.List {
				for _, declared := range declares(b) {
					own = own || declared == name
				}
			}
			return !own
		}
		if x, ok := n.(*ast.DotExpression); ok {
			if of, ok := x.Left.(*ast.Identifier); ok && of.Name.String() == name {
				found = append(found, x)
			}
		}
		return true
	})
	return found
}
