package scripting

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/file"
	"github.com/octolink/octolink/crm"
)

// Check reads all flows of the folder and says what is wrong with them: what does not compile, a missing
// default export, names that nothing declares, functions that the host does not have; and as warnings
// methods and forms that no CRM offers now. It starts nothing and changes nothing.
func (e *Engine) Check() Problems { return Check(e.opts.Dir, e.opts.Directory) }

// Check is Engine.Check for a folder and CRMs. Without a directory nothing is said about methods and forms.
func Check(dir string, d *crm.Directory) Problems {
	found, err := scan(dir)
	if err != nil {
		return Problems{{File: ".", Line: 1, Column: 1, Text: err.Error()}}
	}
	t := newTable(Functions())
	var all Problems
	imported := map[string]bool{}
	silent := map[string]Problems{} // files without a default export, which others may import
	for _, name := range slices.Sorted(maps.Keys(found)) {
		if filepath.Dir(name) != "." || !isFlow(name) {
			continue
		}
		c, err := compile(t, dir, name)
		if c != nil {
			for _, input := range c.inputs {
				if input != name {
					imported[input] = true
				}
			}
		}
		var problems Problems
		switch {
		case err == nil:
			all = append(all, c.check(t, d)...)
		case errors.As(err, &problems) && isNoFlow(problems):
			silent[name] = problems
		case errors.As(err, &problems):
			all = append(all, problems...)
		default:
			all = append(all, Problem{File: name, Line: 1, Column: 1, Text: err.Error()})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(silent)) {
		if !imported[name] {
			all = append(all, silent[name]...)
		}
	}
	slices.SortStableFunc(all, func(a, b Problem) int {
		return strings.Compare(fmt.Sprintf("%s %8d %8d", a.File, a.Line, a.Column), fmt.Sprintf("%s %8d %8d", b.File, b.Line, b.Column))
	})
	return slices.Compact(all) // a file that two flows import is said once
}

// isNoFlow reports whether a file only lacks what makes it a flow.
func isNoFlow(problems Problems) bool {
	return !slices.ContainsFunc(problems, func(p Problem) bool { return p.Text != noDefault })
}

// A checker looks at the names that a program uses.
type checker struct {
	c        *compiled
	t        *hostTable
	d        *crm.Directory
	declared map[string]bool // somewhere in the program
	problems Problems
}

// check looks at a program that has compiled.
func (c *compiled) check(t *hostTable, d *crm.Directory) Problems {
	k := &checker{c: c, t: t, d: d, declared: map[string]bool{handOver: true, "arguments": true, "undefined": true}}
	for _, name := range languageNames {
		k.declared[name] = true
	}
	host := map[string]bool{}
	for _, name := range t.globalNames() {
		host[name] = true
	}
	body := bodyOf(c.tree)
	walk(body, func(n any) bool {
		for _, name := range declares(n) {
			k.declared[name] = true
		}
		return true
	})
	walk(body, func(n any) bool {
		switch x := n.(type) {
		case *ast.Identifier:
			k.reference(x, host)
		case *ast.PropertyShort:
			k.reference(&x.Name, host)
		case *ast.DotExpression:
			k.member(x)
		}
		return true
	})
	k.calls(body)
	return k.problems
}

func (k *checker) reference(x *ast.Identifier, host map[string]bool) {
	if name := x.Name.String(); !k.declared[name] && !host[name] {
		k.problem(x.Idx, false, "%s is declared nowhere%s", name, k.did(name, host))
	}
}

func (k *checker) problem(at file.Idx, warning bool, format string, args ...any) {
	p := k.c.source.Position(int(at) - 1)
	k.problems = append(k.problems, Problem{File: sourceName(p.Filename), Line: p.Line, Column: p.Column + 1, Text: fmt.Sprintf(format, args...), Warning: warning})
}

// did is a hint at what was meant.
func (k *checker) did(name string, known map[string]bool) string {
	for _, other := range slices.Sorted(maps.Keys(known)) {
		if strings.EqualFold(other, name) || oneOff(other, name) {
			return "; is it " + other + "?"
		}
	}
	return ""
}

// oneOff reports whether two names differ by one letter.
func oneOff(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	if len(b)-len(a) > 1 || len(b) < 3 {
		return false
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	if len(a) == len(b) {
		return a[min(i+1, len(a)):] == b[min(i+1, len(b)):]
	}
	return a[i:] == b[i+1:]
}

// member looks at "kv.get" and "crm.contacts.find".
func (k *checker) member(x *ast.DotExpression) {
	name := x.Identifier.Name.String()
	switch left := x.Left.(type) {
	case *ast.Identifier:
		group := left.Name.String()
		functions := k.t.groups[group]
		if group == "" || group == "call" || group == "crm" || functions == nil || k.declared[group] || functions[name] != nil {
			return
		}
		k.problem(x.Identifier.Idx, false, "there is no %s.%s%s", group, name, k.did(name, keys(functions)))
	case *ast.DotExpression:
		if of, ok := left.Left.(*ast.Identifier); ok && of.Name.String() == "crm" && !k.declared["crm"] {
			k.offered(x, left.Identifier.Name.String(), name)
		}
	}
}

func keys(functions map[string]*HostFunc) map[string]bool {
	names := map[string]bool{}
	for name := range functions {
		names[name] = true
	}
	return names
}

// offered warns of a method or form that no CRM offers now.
func (k *checker) offered(x *ast.DotExpression, provider, name string) {
	if k.d == nil || k.t.groups["crm"][provider] != nil {
		return
	}
	p, err := k.d.Provider(provider)
	if err != nil {
		k.problem(x.Identifier.Idx, true, "no CRM with the name %s is there now", provider)
		return
	}
	c := p.Catalog()
	_, isMethod := c.Method(name)
	_, isForm := c.Form(name)
	if !isMethod && !isForm {
		k.problem(x.Identifier.Idx, true, "%s offers no %s now", provider, name)
	}
}

// calls looks at what the flow's function does with its first argument, if that is a call: it has the name
// "call", or a function of calls is called.
func (k *checker) calls(body any) {
	flow := flowFunction(body)
	params, inside := functionParts(flow)
	name := firstParam(params)
	if name == "" {
		return
	}
	known := keys(k.t.groups["call"])
	isCall := name == "call" || slices.ContainsFunc(membersOf(inside, name), func(x *ast.DotExpression) bool { return known[x.Identifier.Name.String()] })
	if !isCall {
		return
	}
	for fact := range callFacts {
		known[fact] = true
	}
	for _, x := range membersOf(inside, name) {
		if member := x.Identifier.Name.String(); !known[member] {
			k.problem(x.Identifier.Idx, false, "a call has no %s%s", member, k.did(member, known))
		}
	}
}
