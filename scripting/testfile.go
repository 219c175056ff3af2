package scripting

import (
	"fmt"
	"strings"

	"github.com/dop251/goja"
	"github.com/evanw/esbuild/pkg/api"
)

// IsTest reports whether a file's name is that of a file of tests.
func IsTest(name string) bool {
	stem := strings.TrimSuffix(strings.TrimSuffix(name, ".ts"), ".js")
	return isSource(name) && strings.HasSuffix(stem, "_test")
}

// CompileTest makes a program of a file of tests and of what it imports from the same folder: a function
// of the values of names, which the file can use without declaring them. Errors: Problems.
func CompileTest(dir, name string, names ...string) (*goja.Program, error) {
	in, err := importsFrom(dir)
	if err != nil {
		return nil, err
	}
	built := api.Build(bundling(in, name, fmt.Sprintf("import %q;\n", "./"+name)))
	if problems := problemsOf(built, name); len(problems) > 0 {
		return nil, problems
	}
	tree, err := goja.Parse(name, "(function("+strings.Join(names, ",")+"){"+string(built.OutputFiles[0].Contents)+"})")
	if err != nil {
		return nil, Problems{syntaxProblem(name, err)}
	}
	program, err := goja.CompileAST(tree, false)
	if err != nil {
		return nil, Problems{syntaxProblem(name, err)}
	}
	return program, nil
}

// FromJS makes plain values of a script's: nil, bool, string, crm.Number, crm.List or crm.Values.
func FromJS(v goja.Value) (any, error) { return fromJS(v) }

// ToJS makes a script's value of plain values.
func ToJS(rt *goja.Runtime, v any) goja.Value { return toJS(rt, v) }
