package main

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"github.com/octolink/octolink/plugins"
)

// pluginTemplate is a plugin that builds and passes its own test.
//
//go:embed template/*.txt
var pluginTemplate embed.FS

func pluginNewCommand() *cobra.Command {
	var tree string
	c := &cobra.Command{
		Use:   "new NAME",
		Short: "Write a plugin that builds and passes its own test",
		Long: `New makes a folder NAME with a plugin in Go, its test and its manifest. With
--octolink it builds against the source of octolink in a directory; otherwise
against the released module.`,
		Example: "  octolink plugin new hello\n  octolink plugin new hello --octolink ~/src/octolink",
		Args:    exactly(1),
		RunE: func(c *cobra.Command, args []string) error {
			name := args[0]
			if !linkName.MatchString(name) {
				return usageError{fmt.Errorf("%q is no name for a plugin: letters, digits, dashes and underscores", cut(name))}
			}
			if err := writePlugin(name, tree); err != nil {
				return err
			}
			w := c.OutOrStdout()
			fmt.Fprintf(w, "wrote the plugin %s; now:\n  cd %s\n", name, name)
			if tree == "" {
				fmt.Fprintln(w, "  go get github.com/octolink/octolink@latest && go mod tidy")
			}
			_, err := fmt.Fprintf(w, "  go test . && go build -o %s .\n  octolink plugin try . greet name=Anna\n", name)
			return err
		},
	}
	c.Flags().StringVar(&tree, "octolink", "", "directory with the source of octolink (default: the released module)")
	return c
}

// writePlugin writes a new folder; it writes nothing when the folder is there.
func writePlugin(name, tree string) error {
	files := map[string]string{}
	for _, file := range []string{"main.go", "main_test.go", "plugin.yaml"} {
		text, err := pluginTemplate.ReadFile("template/" + file + ".txt")
		if err != nil {
			return err
		}
		files[file] = strings.ReplaceAll(string(text), "NAME", name)
	}
	files["go.mod"] = fmt.Sprintf("module %s\n\ngo 1.26.0\n", name)
	if tree != "" {
		var err error
		if files["go.mod"], files["go.sum"], err = modules(name, tree); err != nil {
			return err
		}
	}
	if err := os.Mkdir(name, 0o755); errors.Is(err, fs.ErrExist) { //nolint:gosec // source text
		return fmt.Errorf("%s exists already; nothing was written", name)
	} else if err != nil {
		return err
	}
	for file, text := range files {
		if err := os.WriteFile(filepath.Join(name, file), []byte(text), 0o644); err != nil { //nolint:gosec // source text
			return err
		}
	}
	return nil
}

// requirements are the modules that a go.mod names.
var requirements = regexp.MustCompile(`(?ms)^require \(.*?^\)`)

// modules make a plugin build against a source tree, with exactly its modules and without asking
// anybody.
func modules(name, tree string) (mod, sum string, err error) {
	tree, err = filepath.Abs(tree)
	if err != nil {
		return "", "", err
	}
	ours, err := os.ReadFile(filepath.Join(tree, "go.mod")) //nolint:gosec // the user names it
	if err != nil {
		return "", "", fmt.Errorf("--octolink wants the directory with the source of octolink: %w", err)
	}
	sums, err := os.ReadFile(filepath.Join(tree, "go.sum")) //nolint:gosec // the user names it
	if err != nil {
		return "", "", err
	}
	blocks := strings.Join(requirements.FindAllString(string(ours), -1), "\n\n")
	mod = fmt.Sprintf("module %s\n\ngo 1.26.0\n\nrequire github.com/octolink/octolink v0.0.0\n\nreplace github.com/octolink/octolink => %s\n\n%s\n", name, tree, blocks)
	return mod, string(sums), nil
}

// sumLine is the line of a manifest that holds the hash, without what follows it.
var sumLine = regexp.MustCompile(`(?m)^sha256:[ \t]*("[^"\n]*"|[0-9A-Fa-f]*)`)

// binaryLine names the binary.
var binaryLine = regexp.MustCompile(`(?m)^binary:[ \t]*"?([^"\n#]*[^"\n# ])`)

// sealPlugin writes the hash of a plugin's binary into its manifest, and leaves the rest of it as it is.
func sealPlugin(dir string) ([]byte, error) {
	file := filepath.Join(dir, plugins.ManifestName)
	text, err := os.ReadFile(file) //nolint:gosec // the user names it
	if err != nil {
		return nil, err
	}
	binary := binaryLine.FindSubmatch(text)
	if binary == nil {
		return nil, fmt.Errorf("%s names no binary", file)
	}
	path := string(binary[1])
	if !filepath.IsAbs(path) {
		path = filepath.Join(dir, path)
	}
	sum, err := plugins.Sum(path)
	if err != nil {
		return nil, err
	}
	if !sumLine.Match(text) {
		return nil, fmt.Errorf("%s: %w", file, errNoSum)
	}
	sealed := sumLine.ReplaceAll(text, fmt.Appendf(nil, `sha256: "%x"`, sum))
	next := file + ".new"
	if err := os.WriteFile(next, sealed, 0o644); err != nil { //nolint:gosec // no secret
		return nil, err
	}
	return sum, os.Rename(next, file)
}
