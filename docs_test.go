package octolink_test

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	markdownLink = regexp.MustCompile(`\[[^\]]*\]\(([^)\s]+)\)`)
	codeFence    = regexp.MustCompile("(?ms)^```.*?^```")
	heading      = regexp.MustCompile(`(?m)^#{2,4} (\d+(?:\.\d+)*)\b`)
	sectionTag   = regexp.MustCompile(`\[P (\d+(?:\.\d+)*)`)
)

// A link inside the project leads to something that exists.
func TestLinksInDocs(t *testing.T) {
	walk(t, func(name string) {
		for _, found := range markdownLink.FindAllStringSubmatch(codeFence.ReplaceAllString(read(t, name), ""), -1) {
			target, _, _ := strings.Cut(found[1], "#")
			if target == "" || strings.Contains(target, ":") {
				continue
			}
			if _, err := os.Stat(filepath.FromSlash(path.Join(path.Dir(name), target))); err != nil {
				t.Errorf("%s: the link %s leads nowhere", name, found[1])
			}
		}
	}, ".md")
}

// The tag [P 5.6] on a line of code points to a section of docs/protocol.md.
func TestProtocolSectionsInCode(t *testing.T) {
	sections := map[string]bool{}
	for _, found := range heading.FindAllStringSubmatch(read(t, "docs/protocol.md"), -1) {
		sections[found[1]] = true
	}
	if len(sections) < 50 {
		t.Fatalf("only %d numbered sections found in docs/protocol.md", len(sections))
	}
	walk(t, func(name string) {
		for _, found := range sectionTag.FindAllStringSubmatch(read(t, name), -1) {
			if !sections[found[1]] {
				t.Errorf("%s: docs/protocol.md has no section %s", name, found[1])
			}
		}
	}, ".go")
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.FromSlash(name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
