package main

import (
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the expected messages in testdata anew")

// Every file in testdata/bad is refused with exactly the messages beside it.
func TestBadConfigurations(t *testing.T) {
	files, err := filepath.Glob("testdata/bad/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("got %v, %v", files, err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			_, _, err := loadConfig(file)
			if err == nil {
				t.Fatal("the file is accepted")
			}
			golden := strings.TrimSuffix(file, ".yaml") + ".want"
			got := err.Error() + "\n"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

func TestFullConfiguration(t *testing.T) {
	c, warnings, err := loadConfig("testdata/good/full.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if len(warnings) != 0 {
		t.Errorf("got warnings %q, want none", warnings)
	}
	alice, boris, vera := c.Users[0], c.Users[1], c.Users[2]
	for _, tt := range []struct {
		name      string
		got, want any
	}{
		{"data beside the file", c.Data, filepath.FromSlash("testdata/good/data")},
		{"scalar as list", strings.Join(c.Listen.HTTP, " "), "127.0.0.1:4055"},
		{"empty list", len(c.Listen.HTTPS), 0},
		{"names in lower case", c.Listen.Names[0], "pbx.example"},
		{"one address", c.Listen.Proxies[1].String(), "192.168.1.1/32"},
		{"size", c.Limits.Message, size(2 << 20)},
		{"two units", c.Limits.Silence, duration(90 * time.Second)},
		{"days", c.Keep.Journal, days(30)},
		{"zero", c.Sessions.Grace, duration(0)},
		{"answering", c.PBX.Sim.Answer, ringing(3 * time.Second)},
		{"secret of a file", alice.Password, "demo"},
		{"scalar as subordinates", strings.Join(alice.Subordinates, " "), "boris"},
		{"id in lower case", alice.ID, "aaaaaaaa-0000-4000-8000-000000000002"},
		{"operator given", alice.Operator, false},
		{"operator by default", boris.Operator, true},
		{"webphone by default secure", alice.Webphone.Secure, true},
		{"md5 in lower case", boris.PasswordMD5, "5ebe2294ecd0e0f08eab7690d2a6ee69"},
		{"case", vera.IgnoreCase, true},
		{"queue's default", c.Queues[1].Strategy, "longest-idle"},
		{"queue's ring", c.Queues[0].Ring, duration(10 * time.Second)},
		{"link's secret of a file", c.Links[0].Auth.Password, "demo"},
		{"digest is trusted", c.Links[0].Trusted(), true},
		{"scalar as link's users", strings.Join(c.Links[0].Users, " "), "alice"},
		{"multipart", c.Links[0].Multipart, size(4096)},
		{"nobody proves who he is", c.Links[1].Trusted(), false},
		{"scheme by default", c.Links[1].Auth.Scheme, "none"},
		{"method time-out by default", c.Links[1].MethodTimeout, duration(15 * time.Second)},
		{"chosen by us", c.Links[2].Trusted(), true},
		{"never in parts", c.Links[2].Multipart, size(0)},
		{"not trusted", c.Links[3].Trusted(), false},
		{"flows beside the file", c.Flows.Dir, filepath.FromSlash("testdata/good/flows")},
		{"files of services", c.Flows.Files, filepath.FromSlash("testdata/good")},
		{"timer by default alone", c.Flows.Timers[0].Overlap, false},
		{"scalar as times", c.Flows.Timers[1].At[0], clock(9 * 60)},
		{"working days", c.Flows.Timers[1].Days.on(), [7]bool{false, true, true, true, true, true, false}},
		{"days over the week's end", c.Flows.Timers[2].Days.on(), [7]bool{true, true, false, true, false, false, true}},
		{"every day", c.Flows.Timers[0].Days.on(), [7]bool{true, true, true, true, true, true, true}},
		{"last minute", c.Flows.Timers[2].At[1].String(), "23:59"},
		{"different flows", c.Flows.count(), 2},
		{"calls go to flows", flowOf(t, c, "4951234567"), "incoming, else number:700"},
	} {
		if tt.got != tt.want {
			t.Errorf("%s: got %v, want %v", tt.name, tt.got, tt.want)
		}
	}
}

// flowOf is where a call from outside goes, with and without its flow.
func flowOf(t *testing.T, c *Config, number string) string {
	t.Helper()
	d, err := c.directory()
	if err != nil {
		t.Fatal(err)
	}
	n, ok := d.Flow(number, true)
	if !ok {
		return ""
	}
	return n.Flow + ", else " + n.Fallback
}

func TestDefaultsAreRight(t *testing.T) {
	c, warnings, err := parseConfig("empty.yaml", nil)
	if err != nil || len(warnings) != 0 {
		t.Fatalf("got %v, %v", warnings, err)
	}
	if got := c.Listen.HTTP[0]; got != "127.0.0.1:4055" {
		t.Errorf("got %s", got)
	}
}

// What the documentation calls the defaults are the defaults, and its examples are accepted.
func TestDocumentedConfiguration(t *testing.T) {
	page, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	var blocks []string
	for i, part := range strings.Split(string(page), "```") {
		if text, isYAML := strings.CutPrefix(part, "yaml\n"); i%2 == 1 && isYAML {
			blocks = append(blocks, strings.ReplaceAll(text, `"<guid>"`, `""`))
		}
	}
	if len(blocks) < 2 {
		t.Fatalf("got %d examples", len(blocks))
	}
	documented, _, err := parseConfig("operations.md", []byte(blocks[0]))
	if err != nil {
		t.Fatal(err)
	}
	got, want := *documented, *parse(t, "")
	for _, c := range []*Config{&got, &want} {
		// An empty list is as good as none.
		if len(c.Listen.Names) == 0 {
			c.Listen.Names = nil
		}
		if len(c.Listen.Proxies) == 0 {
			c.Listen.Proxies = nil
		}
		c.Departments, c.Users, c.Queues, c.Breaks, c.Procedures, c.Links = nil, nil, nil, nil, nil, nil
		if len(c.Plugins.Enabled) == 0 {
			c.Plugins.Enabled = nil
		}
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("documented\n%+v\nbut in truth\n%+v", got, want)
	}
	link := parse(t, blocks[len(blocks)-1]).Links[0]
	if want := parse(t, `links: [{name: crm, mode: ws-in, listen: "127.0.0.1:4067"}]`).Links[0]; !reflect.DeepEqual(emptied(link), emptied(want)) {
		t.Errorf("documented link\n%+v\nbut in truth\n%+v", link, want)
	}
	whole := "departments: [{name: Sales}]\n" + strings.Join(blocks[1:], "")
	whole = strings.Replace(whole, "\nqueues:", "\n  - {login: boris, number: \"301\"}\nqueues:", 1)
	if _, _, err := parseConfig(withFlows(t, whole), []byte(whole)); err != nil {
		t.Errorf("the examples are refused:\n%v\n%s", err, whole)
	}
}

// namedFlow finds the flows that an example names.
var namedFlow = regexp.MustCompile(`\bflow: (\w+)`)

// withFlows makes the flows that an example names, and gives a path beside them.
func withFlows(t *testing.T, example string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "flows"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, found := range namedFlow.FindAllStringSubmatch(example, -1) {
		if err := os.WriteFile(filepath.Join(dir, "flows", found[1]+".ts"), []byte("export default function () {}\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "octolink.yaml")
}

// emptied takes lists away in which nothing stands.
func emptied(l Link) Link {
	for _, list := range []*[]string{&l.TLS.Subjects, &l.Origins, &l.Users, &l.Deliver} {
		if len(*list) == 0 {
			*list = nil
		}
	}
	return l
}

func TestPlainListenerOutsideWarns(t *testing.T) {
	_, warnings, err := parseConfig("a.yaml", []byte("listen: {http: [\"0.0.0.0:80\"]}"))
	if err != nil {
		t.Fatal(err)
	}
	if len(warnings) != 1 || !strings.Contains(warnings[0], "in the clear") {
		t.Errorf("got %q", warnings)
	}
}

func TestFilesThatEverybodyMayWrite(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil { // past the umask
			t.Fatal(err)
		}
		return path
	}
	write("password", "x", 0o602)
	path := write("octolink.yaml", "users: [{login: alice, password_file: password}]", 0o646)
	_, _, err := loadConfig(path)
	if err == nil {
		t.Fatal("accepted")
	}
	if got := strings.Count(err.Error(), "everybody may write to"); got != 2 {
		t.Errorf("got %d complaints in %q, want 2", got, err)
	}
}

func FuzzConfig(f *testing.F) {
	for _, pattern := range []string{"testdata/bad/*.yaml", "testdata/good/*.yaml"} {
		files, _ := filepath.Glob(pattern)
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(text)
		}
	}
	f.Add(demoYAML)
	f.Fuzz(func(t *testing.T, text []byte) {
		c, _, err := parseConfig("testdata/fuzz.yaml", text)
		if (c == nil) == (err == nil) {
			t.Fatalf("got %v, %v: want one of both", c, err)
		}
		if err != nil && err.Error() == "" {
			t.Fatal("an error without a text")
		}
	})
}
