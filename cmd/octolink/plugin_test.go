package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/octolink/octolink/plugins"
)

// addPlugin writes a plugin's folder beside a configuration: this program as contacts.
func addPlugin(t *testing.T, dir, name, more string) {
	t.Helper()
	addSelf(t, dir, name, "args: [serve-contacts]\nsettings: {file: contacts.csv}\n"+more)
}

// addSelf writes a plugin's folder beside a configuration: this program, and what else its manifest says.
func addSelf(t *testing.T, dir, name, more string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	sum, err := plugins.Sum(self)
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(dir, "plugins", name)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	manifest := fmt.Sprintf("binary: %q\nsha256: %x\n%s\n", self, sum, more)
	if err := os.WriteFile(filepath.Join(folder, plugins.ManifestName), []byte(manifest), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestPluginsOfARunningServer(t *testing.T) {
	dir := t.TempDir()
	addPlugin(t, dir, "contacts", "")
	addPlugin(t, dir, "broken", "allow: {events: [sunrise]}")
	r := start(t, dir, people+"plugins: {enabled: [contacts, broken]}\n")
	ask := func(want int, args ...string) string {
		t.Helper()
		out, errs, code := cli(t, "", append(args, "--data", r.m.config.Data)...)
		if code != want {
			t.Fatalf("%v: got %d %s%s", args, code, out, errs)
		}
		return out + errs
	}
	soon(t, "one plugin runs, the other is refused", func() bool {
		list := ask(exitOK, "plugin", "list")
		return strings.Contains(list, "running") && strings.Contains(list, "refused")
	})
	if out := ask(exitOK, "status"); !strings.Contains(out, "plugin broken") || !strings.Contains(out, "refused since") || !strings.Contains(out, `"sunrise" is none of`) {
		t.Errorf("got %s", out)
	}
	list := ask(exitOK, "plugin", "list")
	for _, want := range []string{"Contacts in a CSV file.", "refused", `"sunrise" is none of`} {
		if !strings.Contains(list, want) {
			t.Errorf("no %q in\n%s", want, list)
		}
	}
	if out := ask(exitOK, "crm", "call", "contacts.create", "phone=79161234567", "name=Anna"); !strings.Contains(out, "id  1") {
		t.Errorf("got %q", out)
	}
	if out := ask(exitOK, "plugin", "restart", "contacts"); !strings.Contains(out, "is restarted") {
		t.Errorf("got %q", out)
	}
	if out := ask(exitOK, "crm", "call", "find", "phone=89161234567"); !strings.Contains(out, "Anna") {
		t.Errorf("got %q", out)
	}
	if out := ask(exitOK, "plugin", "logs", "contacts"); !strings.Contains(out, "octolink the plugin runs") {
		t.Errorf("got %q", out)
	}
	ask(exitOK, "plugin", "disable", "contacts")
	if out := ask(exitFailed, "crm", "call", "find", "phone=89161234567"); !strings.Contains(out, "no such dynamic method") {
		t.Errorf("got %q", out)
	}
	ask(exitOK, "plugin", "enable", "contacts")
	soon(t, "the plugin runs again", func() bool { return strings.Contains(ask(exitOK, "plugin", "list"), "running") })
	if out := ask(exitFailed, "plugin", "logs", "nobody"); !strings.Contains(out, "no such plugin: nobody") {
		t.Errorf("got %q", out)
	}
}

// A plugin that does not run keeps its paths, the server keeps its own.
func TestPathsOfPlugins(t *testing.T) {
	dir := t.TempDir()
	addPlugin(t, dir, "contacts", "allow: {http: true, paths: [/vendor/hook]}")
	r := start(t, dir, people+"plugins: {enabled: [contacts]}\n")
	get := func(path string) (int, string) {
		t.Helper()
		resp, err := http.Get("http://" + r.address("listen.http") + path)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(body)
	}
	soon(t, "the plugin has its paths", func() bool {
		code, _ := get("/contacts/x")
		return code == http.StatusServiceUnavailable
	})
	for path, want := range map[string]int{"/vendor/hook": http.StatusServiceUnavailable, "/healthz": http.StatusOK, "/contactsx": http.StatusNotFound} {
		if code, body := get(path); code != want {
			t.Errorf("%s: got %d %s, want %d", path, code, body, want)
		}
	}
}

func TestNewPluginBuildsAndPassesItsTest(t *testing.T) {
	tree, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	if out, errs, code := cli(t, "", "plugin", "new", "hello", "--octolink", tree); code != exitOK || !strings.Contains(out, "cd hello") {
		t.Fatalf("got %d %s%s", code, out, errs)
	}
	if _, errs, code := cli(t, "", "plugin", "new", "hello"); code != exitFailed || !strings.Contains(errs, "exists") {
		t.Errorf("a second time: got %d %s", code, errs)
	}
	if _, errs, code := cli(t, "", "plugin", "new", "other", "--octolink", "hello/nowhere"); code != exitFailed || !strings.Contains(errs, "--octolink wants the directory with the source") {
		t.Errorf("no source there: got %d %s", code, errs)
	}
	for _, args := range [][]string{{"vet", "."}, {"test", "."}, {"build", "-o", "hello", "."}} {
		build := exec.CommandContext(t.Context(), "go", args...)
		build.Dir, build.Env = "hello", append(os.Environ(), "GOFLAGS=-mod=readonly", "GOPROXY=off", "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("go %v: %v\n%s", args, err, out)
		}
	}
	for _, tt := range []struct {
		want string
		code int
		args []string
	}{
		{"Hello, Anna", exitOK, []string{"hello", "greet", "name=Anna"}},
		{"Good day, Anna", exitOK, []string{"./hello/hello", "greet", "name=Anna", "--set", "greeting=Good day"}},
		{"greet  Greeting: Greets somebody.", exitOK, []string{"./hello/hello"}},
		{"name: is missing", exitFailed, []string{"./hello/hello", "greet"}},
		{"no such dynamic method", exitFailed, []string{"./hello/hello", "wave"}},
		{"no such file", exitUsage, []string{"./nowhere"}},
	} {
		out, errs, code := cli(t, "", append([]string{"plugin", "try"}, tt.args...)...)
		if code != tt.code || !strings.Contains(strings.Join(strings.Fields(out+errs), " "), strings.Join(strings.Fields(tt.want), " ")) {
			t.Errorf("%v: got %d %s%s, want %q", tt.args, code, out, errs, tt.want)
		}
	}
	if out, errs, code := cli(t, "", "plugin", "seal", "hello"); code != exitOK || !strings.Contains(out, "sealed with") {
		t.Errorf("seal: got %d %s%s", code, out, errs)
	}
	if m, err := plugins.ReadManifest("hello"); err != nil || m.Name != "hello" {
		t.Errorf("got %+v %v", m, err)
	}
}

func TestPluginsInTheConfiguration(t *testing.T) {
	dir := t.TempDir()
	addPlugin(t, dir, "contacts", "")
	for section, want := range map[string]string{
		"plugins: {enabled: [contacts]}": "", "plugins: {enabled: contacts}": "",
		"plugins: {enabled: [nobody]}":                 "plugin nobody: there is no folder ",
		"plugins: {enabled: [a.b]}":                    "is no name of a folder",
		"plugins: {enabled: [contacts, Contacts]}":     "has the name of plugin contacts",
		"plugins: {enabled: [contacts], directory: x}": `unknown key "directory"`,
		"links: [{name: contacts, mode: ws-out, address: crm.example:1/x}]\nplugins: {enabled: [contacts]}": "has the name of link contacts",
	} {
		path := filepath.Join(dir, "octolink.yaml")
		if err := os.WriteFile(path, []byte(people+section+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		_, errs, code := cli(t, "", "check", "--config", path)
		if want == "" && code != exitOK || want != "" && (code != exitUsage || !strings.Contains(errs, want)) {
			t.Errorf("%s: got %d %s, want %q", section, code, errs, want)
		}
	}
}
