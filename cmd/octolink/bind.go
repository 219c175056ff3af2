package main

import (
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// A place is a line and a column of the configuration file, both counted from 1.
type place struct{ line, column int }

// A fault is one mistake in the configuration file.
type fault struct {
	place
	text string
}

// A binder puts a YAML document into structs. It is strict (unknown keys, wrong types, doubled
// keys) and does not stop at the first mistake: whoever repairs a file wants to see them all.
//
// Struct fields are named by their yaml tags. A scalar where a list stands is a list of one; a key
// without a value counts as absent. A field tagged "key,secret" may be given as key_file too.
type binder struct {
	faults  []fault
	places  map[any]place // where the value behind a pointer into the structs was written
	anchors map[string]ast.Node
	files   []secretFile // secrets to read; see readSecrets
}

// A secretFile is a secret that stands in a file of its own.
type secretFile struct {
	place
	key  string // as written: password_file
	path string
	into *string
}

// A defaulter is a part of the configuration that may occur many times; what is not written has
// the values that setDefaults gives.
type defaulter interface{ setDefaults() }

// bindYAML parses text into dst, a pointer to a struct that holds the defaults.
func bindYAML(text []byte, dst any) *binder {
	b := &binder{places: map[any]place{}, anchors: map[string]ast.Node{}}
	file, err := parser.ParseBytes(text, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		b.faults = append(b.faults, syntaxFault(err))
		return b
	}
	bodies := 0
	for _, doc := range file.Docs {
		if doc.Body == nil {
			continue
		}
		if bodies++; bodies > 1 {
			b.fault(doc.Body, "a second document: the configuration is one document")
			continue
		}
		b.bind(doc.Body, reflect.ValueOf(dst).Elem())
	}
	return b
}

func syntaxFault(err error) fault {
	var syntax *yaml.SyntaxError
	if errors.As(err, &syntax) && syntax.Token != nil && syntax.Token.Position != nil {
		return fault{placeOf(syntax.Token), syntax.Message}
	}
	return fault{place{1, 1}, err.Error()}
}

func placeOf(t *token.Token) place {
	if t == nil || t.Position == nil {
		return place{1, 1}
	}
	return place{t.Position.Line, t.Position.Column}
}

// nodePlace is where a reader sees the node begin: a mapping's token is the colon after its first key.
func nodePlace(n ast.Node) place {
	switch n := n.(type) {
	case *ast.MappingNode:
		if !n.IsFlowStyle && len(n.Values) > 0 {
			return nodePlace(n.Values[0].Key)
		}
	case *ast.MappingValueNode:
		return nodePlace(n.Key)
	}
	return placeOf(n.GetToken())
}

func (b *binder) fault(n ast.Node, format string, args ...any) {
	b.faults = append(b.faults, fault{nodePlace(n), fmt.Sprintf(format, args...)})
}

// bind puts one node into v and remembers where it stood.
func (b *binder) bind(n ast.Node, v reflect.Value) {
	n = b.resolve(n)
	if n == nil {
		return
	}
	if _, null := n.(*ast.NullNode); null {
		return
	}
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		v = withDefaults(v.Elem())
	}
	b.places[v.Addr().Interface()] = nodePlace(n)
	if u, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		b.bindText(n, u)
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		b.bindStruct(n, v)
	case reflect.Slice:
		b.bindList(n, v)
	default:
		b.bindScalar(n, v)
	}
}

// resolve takes anchors off and follows aliases. An alias sees only anchors above it, so there are
// no circles.
func (b *binder) resolve(n ast.Node) ast.Node {
	switch node := n.(type) {
	case *ast.AnchorNode:
		value := b.resolve(node.Value)
		b.anchors[node.Name.GetToken().Value] = value
		return value
	case *ast.AliasNode:
		value, ok := b.anchors[node.Value.GetToken().Value]
		if !ok {
			b.fault(n, "no anchor %q above this line", node.Value.GetToken().Value)
		}
		return value
	case *ast.TagNode:
		b.fault(n, "tags such as %s are not used here", node.GetToken().Value)
		return nil
	}
	return n
}

func (b *binder) bindStruct(n ast.Node, v reflect.Value) {
	m, ok := n.(ast.MapNode)
	if !ok {
		b.fault(n, "want a section with keys, got %s", describe(n))
		return
	}
	fields := fieldsOf(v)
	seen := map[string]place{}
	for it := m.MapRange(); it.Next(); {
		key := it.Key()
		name := key.GetToken().Value
		if first, again := seen[name]; again {
			b.fault(key, "%q is given twice, first on line %d", name, first.line)
			continue
		}
		seen[name] = nodePlace(key)
		if f, ok := fields[name]; ok {
			b.bind(it.Value(), f.value)
			continue
		}
		if base, isFile := strings.CutSuffix(name, "_file"); isFile && fields[base].secret {
			b.bindSecretFile(it.Value(), name, fields[base].value)
			continue
		}
		b.fault(key, "unknown key %q%s", name, suggestion(name, fields))
	}
	for name, f := range fields {
		if _, file := seen[name+"_file"]; f.secret && file && seen[name] != (place{}) {
			b.faults = append(b.faults, fault{seen[name], fmt.Sprintf("%s and %s_file exclude each other", name, name)})
		}
	}
}

// bindSecretFile notes a file that holds a secret; readSecrets reads them all, so that binding
// itself never touches the disk.
func (b *binder) bindSecretFile(n ast.Node, key string, v reflect.Value) {
	var path string
	b.bind(n, reflect.ValueOf(&path).Elem())
	into := v.Addr().Interface().(*string)
	if path == "" {
		return
	}
	b.places[into] = nodePlace(n)
	b.files = append(b.files, secretFile{nodePlace(n), key, path, into})
}

func (b *binder) bindList(n ast.Node, v reflect.Value) {
	var items []ast.Node
	switch node := n.(type) {
	case *ast.SequenceNode:
		items = node.Values
	case ast.ScalarNode:
		if elem := v.Type().Elem(); elem.Kind() == reflect.Struct && !isText(elem) {
			b.fault(n, "want a list, got %s", describe(n))
			return
		}
		items = []ast.Node{n}
	default:
		b.fault(n, "want a list, got %s", describe(n))
		return
	}
	// The list gets its full length first: places are kept by the addresses of its elements.
	v.Set(reflect.MakeSlice(v.Type(), len(items), len(items)))
	for i, item := range items {
		b.bind(item, withDefaults(v.Index(i)))
	}
}

func withDefaults(v reflect.Value) reflect.Value {
	if d, ok := v.Addr().Interface().(defaulter); ok {
		d.setDefaults()
	}
	return v
}
