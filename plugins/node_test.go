package plugins_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/octolink/octolink/crm"
	"github.com/octolink/octolink/plugins"
)

// The contract needs no Go: the same small CRM in Node.js.
func TestNode(t *testing.T) {
	for _, tool := range []string{"node", "npm"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not here: the plugin in Node.js is not tried", tool)
		}
	}
	h := newHouse(t)
	dir := filepath.Join(h.dir, "contacts")
	if err := os.CopyFS(dir, os.DirFS("contacts-node")); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(filepath.Join(dir, "proto"), os.DirFS("proto")); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "node_modules")); err != nil {
		install := exec.CommandContext(t.Context(), "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
		install.Dir = dir
		if out, err := install.CombinedOutput(); err != nil {
			t.Skipf("npm cannot install what the plugin needs: %v\n%s", err, out)
		}
	}
	sum, err := plugins.Sum(filepath.Join(dir, "contacts.js"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(dir, "contacts.js"), 0o755); err != nil {
		t.Fatal(err)
	}
	h.o.Enabled = append(h.o.Enabled, "contacts")
	h.write("contacts", fmt.Sprintf("binary: contacts.js\nsha256: %x\nmtls: false\nsettings: {file: contacts.csv, responsible: vera}\n", sum))
	h.run()
	s := h.state("contacts", plugins.Running)
	if s.Methods != 3 || !strings.Contains(s.Summary, "Node.js") {
		t.Errorf("got %+v", s)
	}
	out, err := h.call("contacts.create", crm.Value{Key: "phone", Value: "+7 916 123-45-67"}, crm.Value{Key: "name", Value: `Anna, "x"`})
	if v, _ := out.Get("id"); err != nil || v != "1" {
		t.Fatalf("got %v %v", out, err)
	}
	out, err = h.call("contacts.find", crm.Value{Key: "phone", Value: crm.Number("89161234567")})
	if v, _ := out.Get("name"); err != nil || v != `Anna, "x"` {
		t.Errorf("got %v %v", out, err)
	}
	if found, _ := out.Get("found"); found != true {
		t.Errorf("got %v", out)
	}
	out, err = h.call("contacts.responsible", crm.Value{Key: "phone", Value: "1"})
	if v, _ := out.Get("user"); err != nil || v != "vera" {
		t.Errorf("got %v %v", out, err)
	}
	if _, err := h.call("contacts.find"); err == nil || !strings.Contains(err.Error(), "phone: is missing") {
		t.Errorf("got %v", err)
	}
}
