package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/octolink/octolink/certs"
)

var (
	// yamlBlock finds examples, also those that are a part of a list.
	yamlBlock = regexp.MustCompile("(?s)\n( *)```yaml\n(.*?)\n *```")
	// linkInTable finds a link in a row of a table.
	linkInTable = regexp.MustCompile("(?m)^\\| `(\\{name: .*?\\})` \\|")
	// namedFile finds the files that an example names.
	namedFile = regexp.MustCompile(`\b(cert|key|ca|password_file): ([^\s,}"]+)`)
)

// The examples of the documentation are accepted as they stand by `octolink check`, given the files
// that they name. The reference in docs/operations.md has a test of its own.
func TestDocumentedConfigurations(t *testing.T) {
	pem := pemOfBoth(t)
	for page, least := range map[string]int{
		"README.md": 2, "README.ru.md": 2, "docs/connecting-a-crm.md": 16,
	} {
		t.Run(filepath.Base(page), func(t *testing.T) {
			examples := documented(t, filepath.Join("..", "..", page))
			if len(examples) < least {
				t.Fatalf("got %d examples, want %d", len(examples), least)
			}
			for _, example := range examples {
				dir := t.TempDir()
				for _, found := range namedFile.FindAllStringSubmatch(example, -1) {
					standIn(t, dir, found[1], found[2], pem)
				}
				path := configFile(t, dir, example)
				if out, errs, code := cli(t, "", "check", "--config", path); code != exitOK {
					t.Errorf("got %d %s%s of\n%s", code, out, strings.ReplaceAll(errs, dir, ""), example)
				}
			}
		})
	}
}

// documented are the examples of a page, with the people whom they speak of.
func documented(t *testing.T, page string) (examples []string) {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range yamlBlock.FindAllStringSubmatch(string(text), -1) {
		examples = append(examples, strings.ReplaceAll("\n"+block[2]+"\n", "\n"+block[1], "\n"))
	}
	for _, row := range linkInTable.FindAllStringSubmatch(string(text), -1) {
		examples = append(examples, "links: ["+row[1]+"]\n")
	}
	for i := range examples {
		if !strings.Contains("\n"+examples[i], "\nusers:") {
			examples[i] += "users: [{login: alice, password: demo, number: \"300\"}, {login: boris, password: demo, number: \"301\"}]\n"
		}
	}
	return examples
}

// standIn makes a file that an example names by a key. Files elsewhere on the machine are its reader's.
func standIn(t *testing.T, dir, key, name string, pem []byte) {
	t.Helper()
	if !filepath.IsLocal(name) {
		t.Fatalf("the example names the file %s", name)
	}
	content := pem
	if key == "password_file" {
		content = []byte("secret\n")
	}
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// pemOfBoth is a certificate together with its key.
func pemOfBoth(t *testing.T) []byte {
	t.Helper()
	authority, err := certs.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	cert, _, err := authority.Write(t.TempDir(), "phones.example")
	if err != nil {
		t.Fatal(err)
	}
	pem, err := os.ReadFile(cert)
	if err != nil {
		t.Fatal(err)
	}
	return pem
}
