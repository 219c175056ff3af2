// Package octolink_test holds what must be true of the whole tree: who may import whom, and the
// small print of the house style that a test can see.
package octolink_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/octolink/octolink"

// A room is what one package may import beside the standard library. Paths of ours are relative to
// the module; paths of others are the module's root or anything below it.
type room struct {
	ours   []string
	others []string
	never  []string // packages of the standard library that would mean a wrong floor
}

// The table of docs/architecture.md. A new edge needs a change here, so that it is seen in review.
var rooms = map[string]room{
	// floor 0
	"protocol/wire": {never: []string{"net", "net/http", "database/sql"}},
	"pbx":           {others: []string{"github.com/google/uuid"}, never: []string{"net", "net/http", "database/sql", "encoding/json"}},
	"certs":         {},
	"crm":           {never: []string{"net", "net/http", "database/sql"}},
	// the contract of plugins, and its generated code
	"plugins/proto":         {ours: []string{"plugins/proto/base/v1"}, others: []string{"github.com/hashicorp/go-plugin"}},
	"plugins/proto/base/v1": {others: []string{"google.golang.org/grpc", "google.golang.org/protobuf"}},
	"plugins/proto/crm/v1":  {ours: []string{"plugins/proto/base/v1"}, others: []string{"google.golang.org/grpc", "google.golang.org/protobuf"}},
	"plugins/proto/host/v1": {ours: []string{"plugins/proto/base/v1"}, others: []string{"google.golang.org/grpc", "google.golang.org/protobuf"}},
	"plugins/proto/pbx/v1":  {others: []string{"google.golang.org/grpc", "google.golang.org/protobuf"}},
	// what an operator sees of plugins
	"plugins/status": {},
	// floor 1
	"plugins": {
		ours: []string{"crm", "pbx", "plugins/proto", "plugins/proto/base/v1", "plugins/proto/crm/v1", "plugins/proto/host/v1", "plugins/proto/pbx/v1", "plugins/status"},
		others: []string{
			"github.com/goccy/go-yaml", "github.com/hashicorp/go-hclog", "github.com/hashicorp/go-plugin",
			"google.golang.org/grpc", "google.golang.org/protobuf",
		},
		never: []string{"database/sql"},
	},
	"plugins/sdk": {
		ours:   []string{"plugins/proto", "plugins/proto/base/v1", "plugins/proto/crm/v1", "plugins/proto/host/v1", "plugins/proto/pbx/v1"},
		others: []string{"github.com/hashicorp/go-hclog", "github.com/hashicorp/go-plugin", "google.golang.org/grpc", "google.golang.org/protobuf"},
	},
	"plugins/sdk/sdktest": {
		ours:   []string{"plugins/sdk", "plugins/proto/base/v1", "plugins/proto/crm/v1", "plugins/proto/host/v1", "plugins/proto/pbx/v1"},
		others: []string{"google.golang.org/grpc", "google.golang.org/protobuf"},
	},
	"plugins/sdk/sdktest/telephones": {
		ours: []string{"plugins/sdk", "plugins/proto/pbx/v1"}, others: []string{"google.golang.org/protobuf"},
	},
	"plugins/contacts":                   {ours: []string{"plugins/sdk"}},
	"plugins/contacts/octolink-contacts": {ours: []string{"plugins/contacts", "plugins/sdk"}},
	"protocol":                           {ours: []string{"protocol/wire"}, never: []string{"net/http", "database/sql"}},
	"pbx/sim":                            {ours: []string{"pbx"}, never: []string{"net", "net/http", "database/sql"}},
	"scripting/triggers":                 {ours: []string{"pbx"}, never: []string{"net", "net/http", "database/sql"}},
	"scripting": {
		ours: []string{"pbx", "crm"},
		others: []string{
			"github.com/dlclark/regexp2/v2", "github.com/dop251/goja", "github.com/evanw/esbuild", "github.com/google/uuid",
		},
		never: []string{"net", "net/http", "database/sql", "os/exec"},
	},
	"store": {ours: []string{"pbx"}, others: []string{"github.com/mattn/go-sqlite3"}},
	"flows": {}, // the examples: texts
	// floor 2
	"scripting/flowtest": {
		ours: []string{"scripting", "pbx", "crm"}, others: []string{"github.com/dop251/goja"}, never: []string{"net", "net/http", "database/sql", "os/exec"},
	},
	"transports": {
		ours:   []string{"protocol", "protocol/wire", "certs"},
		others: []string{"github.com/gobwas/ws", "github.com/abbot/go-http-auth", "golang.org/x/sys"},
	},
	"protocol/methods": {
		ours: []string{"protocol", "protocol/wire", "pbx", "crm"}, others: []string{"github.com/google/uuid"},
		never: []string{"net/http", "database/sql"},
	},
	"web": {
		ours:   []string{"protocol", "protocol/wire", "pbx", "transports", "plugins/status"},
		others: []string{"github.com/prometheus/client_golang", "golang.org/x/image"},
	},
	"crmsim": {ours: []string{"protocol/wire"}, others: []string{"github.com/gobwas/ws", "github.com/goccy/go-yaml"}},
}

// Everything below cmd/ is the program: it wires the rooms together and may import them all.
const program = "cmd/"

// Only the database is C: all other rooms build and test without a compiler.
const cgo = "store"

// A goPackage is what `go list -json` tells, as far as it is needed here.
type goPackage struct {
	ImportPath   string
	Imports      []string
	TestImports  []string
	XTestImports []string
	CgoFiles     []string
}

func (p goPackage) room() string {
	return strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "/")
}

func TestImports(t *testing.T) {
	for _, p := range packages(t) {
		name := p.room()
		if name == "" || strings.HasPrefix(name, program) {
			continue
		}
		t.Run(name, func(t *testing.T) {
			rule, known := rooms[name]
			if !known {
				t.Fatalf("%s has no row in the table of tree_test.go", name)
			}
			for _, imported := range p.Imports {
				checkImport(t, rule, imported)
			}
		})
	}
}

func checkImport(t *testing.T, rule room, imported string) {
	t.Helper()
	if imported == "C" {
		t.Errorf("imports %q: cgo comes with the database driver only", imported)
	} else if ours, ok := strings.CutPrefix(imported, module+"/"); ok {
		if !slices.Contains(rule.ours, ours) {
			t.Errorf("imports %s; may import of ours: %v", ours, rule.ours)
		}
	} else if first, _, _ := strings.Cut(imported, "/"); strings.Contains(first, ".") {
		within := func(root string) bool { return imported == root || strings.HasPrefix(imported, root+"/") }
		if !slices.ContainsFunc(rule.others, within) {
			t.Errorf("imports %s; may import of others: %v", imported, rule.others)
		}
	} else if slices.Contains(rule.never, imported) {
		t.Errorf("imports %s, which belongs to another floor", imported)
	}
}

// Nothing imports the program, and nobody's tests but its own and the database's need a C compiler.
func TestNobodyImportsTheProgram(t *testing.T) {
	for _, p := range packages(t) {
		name := p.room()
		for _, imported := range slices.Concat(p.Imports, p.TestImports, p.XTestImports) {
			ours, _ := strings.CutPrefix(imported, module+"/")
			if strings.HasPrefix(ours, program) && !strings.HasPrefix(name, program) {
				t.Errorf("%s imports %s", name, ours)
			}
			if ours == cgo && name != cgo && !strings.HasPrefix(name, program) {
				t.Errorf("%s imports %s; it declares the small interface that it needs and is given the database", name, ours)
			}
		}
		if len(p.CgoFiles) > 0 {
			t.Errorf("%s has C of its own: %v", name, p.CgoFiles)
		}
	}
}

func TestTableNamesPackagesThatCanExist(t *testing.T) {
	for name, r := range rooms {
		for _, ours := range r.ours {
			if _, known := rooms[ours]; !known {
				t.Errorf("%s may import %s, which has no row", name, ours)
			}
			if slices.Contains(rooms[ours].ours, name) {
				t.Errorf("%s and %s may import each other", name, ours)
			}
		}
	}
}

func packages(t *testing.T) []goPackage {
	t.Helper()
	cmd := exec.Command("go", "list", "-e", "-json=ImportPath,Imports,TestImports,XTestImports,CgoFiles", "./...")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []goPackage
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p goPackage
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatalf("go list: %v", err)
		}
		all = append(all, p)
	}
}

// Folder names that say nothing about what is inside.
var emptyNames = []string{"internal", "pkg", "util", "utils", "common", "helpers", "misc", "shared", "types", "models"}

func TestFolderNames(t *testing.T) {
	walk(t, func(name string) {
		for _, folder := range strings.Split(path.Dir(name), "/") {
			if slices.Contains(emptyNames, folder) {
				t.Errorf("%s: a folder is named for its subject, not %q", name, folder)
			}
		}
	}, ".go")
}

// The sizes above which a file or a function has more than one subject.
const (
	fileLines     = 400
	functionLines = 80
)

func TestHouseStyle(t *testing.T) {
	walk(t, func(name string) {
		src, err := os.ReadFile(filepath.FromSlash(name))
		if err != nil {
			t.Fatal(err)
		}
		files := token.NewFileSet()
		f, err := parser.ParseFile(files, name, src, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Errorf("%v", err)
			return
		}
		if ast.IsGenerated(f) {
			return
		}
		if n := bytes.Count(src, []byte{'\n'}); n > fileLines {
			t.Errorf("%s: %d lines, more than %d: split it by subject", name, n, fileLines)
		}
		inBubble := slices.ContainsFunc(f.Imports, func(i *ast.ImportSpec) bool { return i.Path.Value == `"testing/synctest"` })
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok {
				checkFunction(t, files, fn)
				checkSleep(t, files, fn, inBubble)
			}
		}
	}, ".go")
}

func checkFunction(t *testing.T, files *token.FileSet, fn *ast.FuncDecl) {
	t.Helper()
	from, to := files.Position(fn.Pos()), files.Position(fn.End())
	inTest := strings.HasSuffix(from.Filename, "_test.go")
	if n := to.Line - from.Line + 1; n > functionLines && !inTest {
		t.Errorf("%s: %s has %d lines, more than %d", from, fn.Name.Name, n, functionLines)
	}
	if fn.Name.Name == "init" && fn.Recv == nil {
		t.Errorf("%s: no init functions; what exists is told by a table or by who wires it", from)
	}
}

// Inside a bubble of testing/synctest a sleep is exact and takes no time; elsewhere it is a guess.
func checkSleep(t *testing.T, files *token.FileSet, fn *ast.FuncDecl, inBubble bool) {
	t.Helper()
	if inBubble || fn.Body == nil || !strings.HasSuffix(files.Position(fn.Pos()).Filename, "_test.go") {
		return
	}
	ast.Inspect(fn.Body, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok && s.Sel.Name == "Sleep" {
			if x, ok := s.X.(*ast.Ident); ok && x.Name == "time" {
				t.Errorf("%s: no time.Sleep in tests: wait for the thing itself, or use testing/synctest", files.Position(s.Pos()))
			}
		}
		return true
	})
}

// walk calls fn with the slash-separated path of every file of the project with one of the endings.
func walk(t *testing.T, fn func(name string), endings ...string) {
	t.Helper()
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if base := d.Name(); name != "." && (strings.HasPrefix(base, ".") || base == "testdata" || base == "node_modules" || base == "bin" || base == "octolink-demo") {
				return filepath.SkipDir
			}
			return nil
		}
		if slices.Contains(endings, filepath.Ext(name)) {
			fn(filepath.ToSlash(name))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
