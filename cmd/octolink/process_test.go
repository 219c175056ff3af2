package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/octolink/octolink/plugins/proto"
	"github.com/octolink/octolink/protocol/wire"
)

// asProgram makes the test's own binary the program: tests that kill it or send it signals need a
// process.
const asProgram = "OCTOLINK_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if servesTestPlugin() {
		return
	}
	if os.Getenv(asProgram) != "" || os.Getenv(proto.Handshake().MagicCookieKey) != "" {
		os.Exit(run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// A process is the program on its own.
type process struct {
	t    testing.TB
	cmd  *exec.Cmd
	url  string // of the plain listener
	tabs []*tab
	log  *syncedBuffer
}

func command(t testing.TB, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], args...)
	cmd.Env = append(os.Environ(), asProgram+"=1")
	return cmd
}

var channelLine = regexp.MustCompile(`channel +(ws://\S+)`)

// launch starts `octolink serve` and waits until it says where it listens.
func launch(t testing.TB, args ...string) *process {
	t.Helper()
	p := &process{t: t, cmd: command(t, append([]string{"serve"}, args...)...), log: &syncedBuffer{}}
	p.cmd.Stderr = p.log
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.cmd.Process.Kill() }) // most have ended by then
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if found := channelLine.FindStringSubmatch(lines.Text()); found != nil {
			p.url = found[1]
			return p
		}
	}
	t.Fatalf("the program does not say where it listens:\n%s", p.log)
	return nil
}

func (p *process) signal(s os.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
}

func (p *process) tab() *tab {
	p.t.Helper()
	c := dialTab(p.t, p.url, wire.JSON, nil)
	p.tabs = append(p.tabs, c)
	return c
}

// wait waits for the end of the process and gives its exit code, -1 after a signal.
func (p *process) wait() int {
	for _, c := range p.tabs { // the server would wait for the close frames of those that nobody reads
		c.cut()
	}
	p.cmd.Wait() //nolint:errcheck // the code says it
	return p.cmd.ProcessState.ExitCode()
}

func configFile(t testing.TB, dir, text string) string {
	t.Helper()
	path := filepath.Join(dir, "octolink.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestKillLosesNothingThatWasConfirmed(t *testing.T) {
	path := configFile(t, t.TempDir(), people)
	p := launch(t, "--config", path)
	alice := p.tab()
	session := alice.logIn("alice", "demo")
	alice.must("entercallcenter", nil)
	rule := wire.Object{{Key: "id", Value: "0123456789abcdef0123456789abcdef"}, {Key: "destinationnumber", Value: "301"}}
	alice.must("saveredirectrules", wire.Object{{Key: "redirectrule", Value: rule}})
	newPassword := md5Cased("changed")
	alice.must("changepassword", wire.Object{{Key: "newpwdmd5", Value: newPassword}, {Key: "oldpwdmd5", Value: md5Cased("demo")}})
	alice.must("pbxautocallstart", wire.Object{{Key: "number", Value: "301"}})
	p.signal(os.Kill)
	if got := p.wait(); got != -1 {
		t.Fatalf("got exit code %d after a kill", got)
	}

	p = launch(t, "--config", path)
	alice = p.tab()
	if answer := alice.resume("alice", session); text(answer, "result") != "1" {
		t.Fatalf("the session is lost: %v", answer)
	}
	if got := text(alice.must("getuserstate", nil), "oncallcenter"); got != "true" {
		t.Errorf("got oncallcenter %q", got)
	}
	if got := text(alice.must("getredirectrules", nil), "redirectrules"); !strings.Contains(got, "301") {
		t.Errorf("the rule is lost: %s", got)
	}
	if got := text(alice.must("getpbxcalljournal", nil), "data"); !strings.Contains(got, "interrupted") {
		t.Errorf("the call is lost: %s", got)
	}
	p.tab().logIn("alice", "changed")
	p.signal(syscall.SIGTERM)
	if got := p.wait(); got != exitOK {
		t.Errorf("got exit code %d after SIGTERM\n%s", got, p.log)
	}
}

// Ensure a kill keeps the traces of runs that have ended, and what the others did is said to be unknown.
func TestKillDuringARunOfAFlow(t *testing.T) {
	dir := t.TempDir()
	writeFlows(t, dir, map[string]string{"incoming.ts": `export default function (call: Call) {
		call.answer();
		if (kv.get("began")) return kv.get("began");
		kv.set("began", call.from);
		sleep(3600);
	}`})
	path := configFile(t, dir, people+"flows: {numbers: [{match: \"495*\", flow: incoming, fallback: hangup}]}\n")
	p := launch(t, "--config", path)
	ask := func(args ...string) (out, errs string) {
		t.Helper()
		out, errs, _ = cli(t, "", append(args, "-c", path)...)
		return out, errs
	}
	ring := func() string {
		t.Helper()
		out, errs := ask("sim", "ring", "--from", "79161234567", "--to", "4951234567")
		if errs != "" {
			t.Fatal(errs)
		}
		return strings.TrimSpace(strings.TrimPrefix(out, "call "))
	}
	first := ring()
	soon(t, "the flow sleeps", func() bool { out, _ := ask("flow", "trace", first); return strings.Contains(out, "sleep(") })
	p.signal(os.Kill)
	p.wait()

	p = launch(t, "--config", path)
	if out, errs := ask("flow", "trace", first); !strings.Contains(out, "gone") || !strings.Contains(out, "the server was killed during the run") {
		t.Errorf("got %s%s", out, errs)
	}
	second := ring()
	soon(t, "the second run has ended", func() bool { out, _ := ask("flow", "trace", second); return strings.Contains(out, "returned") })
	p.signal(os.Kill)
	p.wait()

	launch(t, "--config", path)
	if out, errs := ask("flow", "trace", second); !strings.Contains(out, `"79161234567"`) {
		t.Errorf("got %s%s, want what the first run has kept", out, errs)
	}
}

func TestSignals(t *testing.T) {
	dir := t.TempDir()
	path := configFile(t, dir, people)
	p := launch(t, "--config", path)
	alice := p.tab()
	alice.logIn("alice", "demo")

	configFile(t, dir, people+"  - {name: two, sql: select 2, allow: [nobody]}\n")
	p.signal(syscall.SIGHUP)
	soon(t, "the mistake is logged", func() bool { return strings.Contains(p.log.String(), "no user") })
	configFile(t, dir, people+"  - {name: two, sql: select 2 as n, allow: [alice]}\n")
	p.signal(syscall.SIGHUP)
	soon(t, "the reload is logged", func() bool { return strings.Contains(p.log.String(), "name=two") })
	alice.must("execpredefineddbstoredproc", wire.Object{{Key: "procedure", Value: "two"}})

	p.signal(syscall.SIGTERM)
	if got := alice.closed(); got != 1001 {
		t.Errorf("got close code %d, want 1001", got)
	}
	if got := p.wait(); got != exitOK {
		t.Errorf("got exit code %d\n%s", got, p.log)
	}
	if log := p.log.String(); !strings.Contains(log, "the database is closed") {
		t.Errorf("the log does not tell the end:\n%s", log)
	}
}

func TestSecondSignalEndsAtOnce(t *testing.T) {
	p := launch(t, "--config", configFile(t, t.TempDir(), people))
	// A tab that never reads keeps an orderly shutdown waiting for its close frame.
	dialTab(t, p.url, wire.JSON, nil).logIn("alice", "demo")
	p.signal(syscall.SIGTERM)
	soon(t, "the shutdown begins", func() bool { return strings.Contains(p.log.String(), "shutting down") })
	p.signal(syscall.SIGTERM)
	if got := p.wait(); got != -1 {
		t.Errorf("got exit code %d, want an end by the signal\n%s", got, p.log)
	}
}

func TestDemoNeedsNothing(t *testing.T) {
	t.Chdir(t.TempDir())
	p := launch(t)
	session := p.tab().logIn("alice", "demo")
	if out, errs, code := cli(t, "", "status"); code != exitOK || !strings.Contains(out, "the demonstration") {
		t.Errorf("status: got %d %s%s", code, out, errs)
	}
	soon(t, "its CRM works", func() bool {
		out, _, _ := cli(t, "", "status")
		return strings.Contains(out, "introduced") && strings.Contains(out, "users: 1, methods: 3, forms: 1")
	})
	if out, errs, code := cli(t, "", "crm", "call", "findcontact", "phone=79161234567"); code != exitOK || !strings.Contains(out, "Pavel Sidorov") {
		t.Errorf("crm call: got %d %s%s", code, out, errs)
	}
	if out, errs, code := cli(t, "", "crm", "form", "card", "--user", "elena", "phone=79161234567"); code != exitOK || !strings.Contains(out, "was called back by elena") {
		t.Errorf("crm form: got %d %s%s", code, out, errs)
	}
	p.signal(os.Interrupt)
	if got := p.wait(); got != exitOK {
		t.Fatalf("got exit code %d\n%s", got, p.log)
	}
	p = launch(t)
	if answer := p.tab().resume("alice", session); text(answer, "result") != "1" {
		t.Errorf("nothing was kept: %v", answer)
	}
}

func TestExitCodes(t *testing.T) {
	broken := configFile(t, t.TempDir(), "users: [{login: alice, pasword: demo}]\nbreaks: [{id: 0}]\n")
	query := configFile(t, t.TempDir(), "users: [{login: alice}]\nprocedures:\n  - {name: a, sql: select x from nowhere, allow: [alice]}\n")
	good := configFile(t, t.TempDir(), people)
	for _, tt := range []struct {
		name string
		args []string
		code int
		want string // on standard error
	}{
		{"good", []string{"check", "--config", good}, exitOK, ""},
		{"broken check", []string{"check", "--config", broken}, exitUsage, `octolink.yaml:1:24: unknown key "pasword"`},
		{"all mistakes", []string{"check", "--config", broken}, exitUsage, "octolink.yaml:2:15:"},
		{"broken serve", []string{"serve", "--config", broken}, exitUsage, `unknown key "pasword"`},
		{"broken query", []string{"check", "--config", query}, exitUsage, "octolink.yaml:3:20: procedure a:"},
		{"query at start", []string{"serve", "--config", query}, exitUsage, "octolink.yaml:3:20: procedure a:"},
		{"data is a file", []string{"serve", "--config", good, "--data", good}, exitFailed, "store: "},
		{"no file", []string{"serve", "--config", "nowhere.yaml"}, exitUsage, "nowhere.yaml"},
		{"unknown flag", []string{"serve", "--colour"}, exitUsage, "unknown flag"},
		{"unknown command", []string{"server"}, exitUsage, `unknown command "server" for "octolink" (did you mean "serve"?)`},
		{"unknown command of a group", []string{"sim", "rign"}, exitUsage, `(did you mean "ring"?)`},
		{"unlike any command", []string{"sim", "telephone"}, exitUsage, "unknown command \"telephone\" for \"octolink sim\"\nTry"},
		{"a file without its flag", []string{"serve", good}, exitUsage, fmt.Sprintf("unexpected argument %q\nusage: octolink serve", good)},
		{"too many arguments", []string{"version", "now"}, exitUsage, "usage: octolink version"},
		{"no server", []string{"status", "--data", t.TempDir()}, exitFailed, "no octolink answers"},
		{"two servers", []string{"status", "--data", "a", "--socket", "b"}, exitUsage, "exclude each other"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, errs, code := cli(t, "", tt.args...)
			if code != tt.code || !strings.Contains(errs, tt.want) {
				t.Errorf("got %d %q, want %d with %q", code, errs, tt.code, tt.want)
			}
		})
	}
}
