package main

import (
	"encoding"
	"fmt"
	"math"
	"reflect"

	"github.com/goccy/go-yaml/ast"
)

func isText(t reflect.Type) bool {
	return reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]())
}

func (b *binder) bindText(n ast.Node, u encoding.TextUnmarshaler) {
	s, ok := scalarText(n)
	if !ok {
		b.fault(n, "want a text, got %s", describe(n))
		return
	}
	if err := u.UnmarshalText([]byte(s)); err != nil {
		b.fault(n, "%s", err)
	}
}

// scalarText is the text of a scalar as written: `ring: 20` is a text for whoever parses it further.
func scalarText(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return n.Value.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		return n.GetToken().Value, true
	}
	return "", false
}

func (b *binder) bindScalar(n ast.Node, v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		switch n := n.(type) {
		case *ast.StringNode:
			v.SetString(n.Value)
		case *ast.LiteralNode:
			v.SetString(n.Value.Value)
		case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
			// 0300 is 192 in YAML and 300 for a telephone: only quotes say what is meant.
			b.fault(n, "want a text, got %s: put it in quotes", describe(n))
		default:
			b.fault(n, "want a text, got %s", describe(n))
		}
	case reflect.Bool:
		if node, ok := n.(*ast.BoolNode); ok {
			v.SetBool(node.Value)
			return
		}
		b.fault(n, "want true or false, got %s", describe(n))
	case reflect.Int:
		node, ok := n.(*ast.IntegerNode)
		if !ok {
			b.fault(n, "want a whole number, got %s", describe(n))
			return
		}
		i, ok := wholeNumber(node)
		if !ok {
			b.fault(n, "the number %s is too large", node.GetToken().Value)
			return
		}
		v.SetInt(i)
	default:
		panic("octolink: the schema has a field of type " + v.Type().String())
	}
}

func wholeNumber(n *ast.IntegerNode) (int64, bool) {
	switch i := n.Value.(type) {
	case int64:
		return i, true
	case uint64:
		return int64(i), i <= math.MaxInt64 // #nosec G115 -- the second value says whether it fits
	}
	return 0, false
}

// describe names what stands in the file, for "want …, got …".
func describe(n ast.Node) string {
	switch n := n.(type) {
	case *ast.IntegerNode, *ast.FloatNode:
		return "the number " + n.GetToken().Value
	case *ast.BoolNode:
		return n.GetToken().Value
	case *ast.StringNode:
		return fmt.Sprintf("%q", cut(n.Value))
	case *ast.LiteralNode:
		return "a block of text"
	case *ast.SequenceNode:
		return "a list"
	case ast.MapNode:
		return "a section with keys"
	}
	return fmt.Sprintf("%q", cut(n.GetToken().Value))
}

// cut keeps a quoted piece of the file short enough for one line.
func cut(s string) string {
	const most = 40
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
