package scripting

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/dop251/goja"
	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/file"
	"github.com/dop251/goja/parser"
	"github.com/evanw/esbuild/pkg/api"
)

// A Problem is something wrong in a flow's source.
type Problem struct {
	File    string // relative to the folder of flows
	Line    int    // from 1
	Column  int    // from 1
	Text    string
	Warning bool // the flow runs nevertheless
}

// String is file:line:column: text.
func (p Problem) String() string {
	kind := ""
	if p.Warning {
		kind = "warning: "
	}
	return fmt.Sprintf("%s:%d:%d: %s%s", p.File, p.Line, p.Column, kind, p.Text)
}

// Problems are why a file does not compile.
type Problems []Problem

// Error implements error.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// compiled is what a source has become.
type compiled struct {
	program *goja.Program
	tree    *ast.Program
	source  *file.File
	text    string // the JavaScript
	needs   needs
	inputs  []string // files that it was made of, relative to the folder
}

// The object through which the bundle hands over the flow, and nothing else of its module.
const handOver = "__flow"

// compile makes a program of one file and of what it imports from the same folder.
func compile(t *hostTable, dir, name string) (*compiled, error) {
	in, err := importsFrom(dir)
	if err != nil {
		return nil, err
	}
	built := api.Build(bundling(in, name, fmt.Sprintf("import * as flow from %q;\n%s.run = flow.default;\n", "./"+name, handOver)))
	slices.Sort(in.files)
	c := &compiled{inputs: in.files}
	if problems := problemsOf(built, name); len(problems) > 0 {
		return c, problems
	}
	if isScript(built, name) {
		return c, Problems{{File: name, Line: 1, Column: 1, Text: noDefault}}
	}
	c.text = string(built.OutputFiles[0].Contents)
	c.needs = t.needsOf(c.text)
	c.tree, err = goja.Parse(name, "(function("+strings.Join(append([]string{handOver}, c.needs.globals...), ",")+"){"+c.text+"})")
	if err != nil {
		return c, Problems{syntaxProblem(name, err)}
	}
	if c.program, err = goja.CompileAST(c.tree, true); err != nil {
		return c, Problems{syntaxProblem(name, err)}
	}
	c.source = c.tree.File
	return c, nil
}

// bundling makes one text of a file and what it imports; start is what imports it.
func bundling(in *imports, name, start string) api.BuildOptions {
	return api.BuildOptions{
		Stdin:         &api.StdinOptions{Contents: start, ResolveDir: in.root, Sourcefile: startName},
		AbsWorkingDir: in.root, Bundle: true, Format: api.FormatIIFE, Platform: api.PlatformNeutral, Target: api.ES2017,
		Sourcemap: api.SourceMapInline, SourcesContent: api.SourcesContentExclude, SourceRoot: "", Outfile: filepath.Join(in.root, name+".out.js"), Write: false, Metafile: true,
		Charset: api.CharsetUTF8, LogLevel: api.LogLevelSilent, LegalComments: api.LegalCommentsNone, TreeShaking: api.TreeShakingTrue,
		TsconfigRaw: "{}", Plugins: []api.Plugin{{Name: "flows", Setup: in.setup}},
	}
}

// startName is the name of the lines that import a flow's file and hand it over.
const startName = "<start>"

func problemsOf(built api.BuildResult, name string) (problems Problems) {
	for _, m := range built.Errors {
		problems = append(problems, problemOf(m, name))
	}
	for _, m := range built.Warnings {
		if m.ID == "import-is-undefined" && m.Location != nil && m.Location.File == startName {
			problems = append(problems, Problem{File: name, Line: 1, Column: 1, Text: noDefault})
		}
	}
	return problems
}

// isScript reports whether a file has neither imports nor exports. Nobody warns of what such a file does not export.
func isScript(built api.BuildResult, name string) bool {
	var made struct {
		Inputs map[string]struct{ Format string }
	}
	if err := json.Unmarshal([]byte(built.Metafile), &made); err != nil {
		return false
	}
	input, known := made.Inputs[name]
	return known && input.Format == ""
}

const noDefault = "no default export: the flow is the function that the file exports as default"

func problemOf(m api.Message, name string) Problem {
	p := Problem{File: name, Line: 1, Column: 1, Text: m.Text}
	if m.Location != nil && m.Location.File != startName {
		p.File, p.Line, p.Column = filepath.ToSlash(m.Location.File), m.Location.Line, m.Location.Column+1
	}
	return p
}

// syntaxProblem is about what esbuild takes and goja does not.
func syntaxProblem(name string, err error) Problem {
	p := Problem{File: name, Line: 1, Column: 1, Text: err.Error()}
	var list parser.ErrorList
	var syntax *goja.CompilerSyntaxError
	switch {
	case errors.As(err, &list) && len(list) > 0:
		p.Text, p.Line, p.Column = list[0].Message, list[0].Position.Line, list[0].Position.Column
	case errors.As(err, &syntax) && syntax.File != nil:
		at := syntax.File.Position(syntax.Offset)
		p.Text, p.File, p.Line, p.Column = syntax.Message, sourceName(at.Filename), at.Line, at.Column+1
	}
	return p
}

// sourceName is a file's name as the author knows it.
func sourceName(name string) string { return strings.TrimPrefix(filepath.ToSlash(name), "./") }

// imports resolves what flows import: files of the folder, nothing else.
type imports struct {
	root string

	mu    sync.Mutex // esbuild asks from several goroutines
	files []string   // relative to root; all that was found
}

// importsFrom allows the files of a folder, by the name that it has without symbolic links.
func importsFrom(dir string) (*imports, error) {
	root, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return nil, fmt.Errorf("scripting: %w", err)
	}
	if root, err = filepath.Abs(root); err != nil {
		return nil, fmt.Errorf("scripting: %w", err)
	}
	return &imports{root: root}, nil
}

func (in *imports) setup(b api.PluginBuild) {
	b.OnResolve(api.OnResolveOptions{Filter: ".*"}, func(a api.OnResolveArgs) (api.OnResolveResult, error) {
		if !strings.HasPrefix(a.Path, "./") && !strings.HasPrefix(a.Path, "../") {
			return api.OnResolveResult{}, fmt.Errorf("%q cannot be imported: a flow imports files of its folder only, such as \"./lib/hours\"", a.Path)
		}
		found, err := in.find(filepath.Join(a.ResolveDir, filepath.FromSlash(a.Path)))
		if err != nil {
			return api.OnResolveResult{}, fmt.Errorf("%q cannot be imported: %w", a.Path, err)
		}
		return api.OnResolveResult{Path: found, Namespace: "file"}, nil
	})
	b.OnLoad(api.OnLoadOptions{Filter: ".*", Namespace: "file"}, func(a api.OnLoadArgs) (api.OnLoadResult, error) {
		text, err := os.ReadFile(a.Path)
		if err != nil {
			return api.OnLoadResult{}, err
		}
		if len(text) > maxSource {
			return api.OnLoadResult{}, fmt.Errorf("%d bytes are more than a flow may have (%d)", len(text), maxSource)
		}
		contents, loader := string(text), api.LoaderTS
		if at, found := tooDeep(contents); found {
			line, column := position(contents, at)
			return api.OnLoadResult{Errors: []api.Message{{
				Text:     fmt.Sprintf("nested deeper than %d", maxSourceNesting),
				Location: &api.Location{File: in.name(a.Path), Line: line, Column: column},
			}}}, nil
		}
		if filepath.Ext(a.Path) == ".js" {
			loader = api.LoaderJS
		}
		return api.OnLoadResult{Contents: &contents, Loader: loader, ResolveDir: filepath.Dir(a.Path)}, nil
	})
}

// maxSource is how large one file may be.
const maxSource = 1 << 20

// find is the file that an import means.
func (in *imports) find(path string) (string, error) {
	for _, ending := range []string{"", ".ts", ".js"} {
		if ending == "" && !isSource(path) {
			continue
		}
		real, err := filepath.EvalSymlinks(path + ending)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return "", err
		}
		relative, err := filepath.Rel(in.root, real)
		if err != nil || !filepath.IsLocal(relative) {
			return "", errors.New("it is outside of the folder of flows")
		}
		if info, err := os.Stat(real); err != nil || !info.Mode().IsRegular() {
			return "", errors.New("it is no file")
		}
		in.add(filepath.ToSlash(relative))
		return real, nil
	}
	return "", errors.New("there is no such file")
}

// name is a file's name in the folder.
func (in *imports) name(path string) string {
	relative, err := filepath.Rel(in.root, path)
	if err != nil {
		return path
	}
	return filepath.ToSlash(relative)
}

func (in *imports) add(file string) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if !slices.Contains(in.files, file) {
		in.files = append(in.files, file)
	}
}

// isSource reports whether a file's name is that of a source.
func isSource(name string) bool {
	return strings.HasSuffix(name, ".ts") || strings.HasSuffix(name, ".js")
}

// isFlow reports whether a file of the folder is a flow by its name.
func isFlow(name string) bool {
	stem := strings.TrimSuffix(strings.TrimSuffix(name, ".ts"), ".js")
	return isSource(name) && !strings.HasSuffix(name, ".d.ts") && !strings.HasSuffix(stem, "_test") && !strings.HasPrefix(name, ".")
}

// flowName is the name of the flow in a file.
func flowName(file string) string { return strings.TrimSuffix(strings.TrimSuffix(file, ".ts"), ".js") }
