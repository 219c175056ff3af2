package crmsim

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/octolink/octolink/protocol/wire"
)

// ParseScript reads a script. It is strict: an unknown key, a template without its parameter, an
// answer for an input that is not declared are errors.
func ParseScript(text []byte) (*Script, error) {
	var s Script
	if err := decodeYAML(text, &s); err != nil {
		return nil, fmt.Errorf("script: %s", strings.TrimSpace(yaml.FormatError(err, false, true)))
	}
	var wrong []error
	seen := map[string]bool{}
	for i := range s.Methods {
		m := &s.Methods[i]
		wrong = append(wrong, prefixed("method", m.Key, seen, m.prepare()))
	}
	seen = map[string]bool{}
	for i := range s.Forms {
		f := &s.Forms[i]
		wrong = append(wrong, prefixed("form", f.Key, seen, f.prepare()))
	}
	if err := errors.Join(wrong...); err != nil {
		return nil, err
	}
	return &s, nil
}

// decodeYAML reads one document into dst. Tags and anchors have no use in a script, and the library
// trips over some of them.
func decodeYAML(text []byte, dst any) error {
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		return err
	}
	if len(file.Docs) > 1 {
		return errors.New("a second document: a script is one document")
	}
	var no noNodes
	for _, doc := range file.Docs {
		ast.Walk(&no, doc)
	}
	if no.found != nil {
		return fmt.Errorf("line %d: tags, anchors and aliases are not used in scripts", no.found.GetToken().Position.Line)
	}
	return yaml.UnmarshalWithOptions(text, dst, yaml.Strict(), yaml.UseOrderedMap())
}

// noNodes finds what must not be in a script.
type noNodes struct{ found ast.Node }

// Visit implements [ast.Visitor].
func (n *noNodes) Visit(node ast.Node) ast.Visitor {
	switch node.(type) {
	case *ast.TagNode, *ast.AnchorNode, *ast.AliasNode:
		n.found = node
		return nil
	}
	return n
}

// prefixed says where an error is, and finds keys that are missing or doubled.
func prefixed(kind, key string, seen map[string]bool, err error) error {
	switch {
	case key == "":
		return fmt.Errorf("script: a %s without a key", kind)
	case seen[key]:
		return fmt.Errorf("script: two %ss with the key %q", kind, key)
	case err != nil:
		err = fmt.Errorf("script: %s %s: %w", kind, key, err)
	}
	seen[key] = true
	return err
}

func (m *Method) prepare() error {
	m.Name = either(m.Name, m.Key)
	if err := errors.Join(checkConnection(m.Connection), checkParams(m.In), checkParams(m.Out)); err != nil {
		return err
	}
	for i := range m.Answers {
		a := &m.Answers[i]
		a.when, a.out = object(a.When), object(a.Out)
		if err := a.check(m); err != nil {
			return fmt.Errorf("answer %d: %w", i+1, err)
		}
	}
	return nil
}

func (a *Answer) check(m *Method) error {
	for _, w := range a.when {
		if !declared(m.In, w.Key) {
			return fmt.Errorf("when: no parameter %q", w.Key)
		}
	}
	ways := 0
	for _, given := range []bool{len(a.out) > 0, a.Error != nil, a.Never} {
		if given {
			ways++
		}
	}
	if ways > 1 {
		return errors.New("out, error and never exclude each other")
	}
	if a.Error != nil {
		if err := checkTemplates(a.Error.Text, names(m.In)); err != nil {
			return err
		}
	}
	return checkOut(a.out, m.In, m.Out)
}

func (f *Form) prepare() error {
	f.Name = either(f.Name, f.Key)
	if err := errors.Join(checkConnection(f.Connection), checkParams(f.In), checkParams(f.Out)); err != nil {
		return err
	}
	if f.Answer == nil {
		return nil
	}
	f.Answer.out = object(f.Answer.Out)
	return checkOut(f.Answer.out, f.In, f.Out)
}

// checkOut wants declared outputs, made of declared inputs.
func checkOut(out wire.Object, in, declaredOut []Param) error {
	for _, m := range out {
		if !declared(declaredOut, m.Key) {
			return fmt.Errorf("out: no parameter %q", m.Key)
		}
	}
	return checkTemplates(out, names(in))
}

func declared(all []Param, key string) bool {
	return slices.ContainsFunc(all, func(p Param) bool { return p.Key == key })
}

func names(in []Param) func(string) bool {
	return func(name string) bool { return declared(in, name) || slices.Contains(ownNames, name) }
}

func checkConnection(c string) error {
	if c != "" && c != "websocket" && c != "http" {
		return fmt.Errorf("connection %q: want websocket or http", c)
	}
	return nil
}

var paramTypes = []string{"string", "list", "int", "float", "bool", "datetime", "guid"}

func checkParams(all []Param) error {
	seen := map[string]bool{}
	for i := range all {
		p := &all[i]
		p.Type = either(p.Type, "string")
		p.Name = either(p.Name, p.Key)
		switch {
		case p.Key == "":
			return errors.New("a parameter without a key")
		case seen[p.Key]:
			return fmt.Errorf("two parameters %q", p.Key)
		case !slices.Contains(paramTypes, p.Type):
			return fmt.Errorf("parameter %s: type %q: want one of %s", p.Key, p.Type, strings.Join(paramTypes, ", "))
		case len(p.Items) > 0 && p.Type != "list":
			return fmt.Errorf("parameter %s: items need type list", p.Key)
		}
		seen[p.Key] = true
	}
	return nil
}
