package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/octolink/octolink/certs"
)

// Programs that are not ours talk to the real server: CRM servers and a client on Python's libraries,
// curl, openssl. Who has read our code into his own would make our mistakes; these make none of them.

const (
	foreignScripts = "testdata/foreign"
	// The packages of Debian belong to Debian's Python, which another one may hide.
	debianPython = "/usr/bin/python3"
	// Another language's program on a busy machine takes its time to start.
	foreignPatience = 30 * time.Second
)

// needs skips the test where a program is missing.
func needs(t testing.TB, program string) {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		t.Skipf("needs the program %s (Debian package %s)", program, filepath.Base(program))
	}
}

// needsPython skips the test where Python or one of its libraries is missing.
func needsPython(t testing.TB, libraries ...string) {
	t.Helper()
	needs(t, debianPython)
	for _, l := range libraries {
		find := "import importlib.util, sys; sys.exit(importlib.util.find_spec(sys.argv[1]) is None)"
		if err := exec.CommandContext(t.Context(), debianPython, "-c", find, l).Run(); err != nil {
			t.Skipf("needs Python's library %s (Debian package python3-%s)", l, l)
		}
	}
}

// A foreign is a script that runs beside the test. It prints what it hears and is told on stdin what
// to say.
type foreign struct {
	t      testing.TB
	orders io.WriteCloser
	lines  chan string // closed at the end of its output
	seen   []string    // lines that nobody has waited for yet
	log    syncedBuffer
	qid    int
}

// python starts a script of testdata/foreign, which ends with the test at the latest.
func python(t testing.TB, script string, args ...string) *foreign {
	t.Helper()
	f := &foreign{t: t, lines: make(chan string, 1000)}
	cmd := exec.CommandContext(t.Context(), debianPython, append([]string{"-B", filepath.Join(foreignScripts, script)}, args...)...)
	cmd.Stderr = &f.log
	var err error
	if f.orders, err = cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		defer close(f.lines)
		for s := bufio.NewScanner(out); s.Scan(); {
			select {
			case f.lines <- s.Text():
			case <-t.Context().Done():
			}
		}
	}()
	t.Cleanup(func() {
		<-ended
		_ = cmd.Wait() // most are killed by the end of the test
		if t.Failed() {
			t.Logf("%s %s said:\n%s", script, strings.Join(args, " "), f.log.String())
		}
	})
	return f
}

// line waits for a line, also one that came before, and gives its groups.
func (f *foreign) line(want string) []string {
	f.t.Helper()
	re := regexp.MustCompile("^" + want)
	for i, l := range f.seen {
		if found := re.FindStringSubmatch(l); found != nil {
			f.seen = append(f.seen[:i], f.seen[i+1:]...)
			return found
		}
	}
	timeout := time.After(foreignPatience)
	for {
		select {
		case l, more := <-f.lines:
			if !more {
				f.t.Fatalf("the script ended without %s; it said %q", want, f.seen)
			}
			if found := re.FindStringSubmatch(l); found != nil {
				return found
			}
			f.seen = append(f.seen, l)
		case <-timeout:
			f.t.Fatalf("no %s within %s; it said %q", want, foreignPatience, f.seen)
		}
	}
}

// heard waits until the script has heard a message and gives its fields.
func (f *foreign) heard(name string) map[string]any {
	f.t.Helper()
	return f.fields(f.line(regexp.QuoteMeta(`["`+name+`", `) + "(.*)]$"))
}

func (f *foreign) fields(found []string) (fields map[string]any) {
	f.t.Helper()
	if err := json.Unmarshal([]byte(found[1]), &fields); err != nil {
		f.t.Fatal(err)
	}
	return fields
}

// say lets the script send a message and gives its number.
func (f *foreign) say(name string, fields map[string]any) string {
	f.t.Helper()
	f.qid++
	if fields == nil {
		fields = map[string]any{}
	}
	fields["qid"] = "said-" + strconv.Itoa(f.qid)
	order, err := json.Marshal([]any{name, fields})
	if err != nil {
		f.t.Fatal(err)
	}
	if _, err := f.orders.Write(append(order, '\n')); err != nil {
		f.t.Fatal(err)
	}
	return fmt.Sprint(fields["qid"])
}

// must is a request that succeeds.
func (f *foreign) must(name string, fields map[string]any) map[string]any {
	f.t.Helper()
	qid := f.say(name, fields)
	answer := f.fields(f.line(regexp.QuoteMeta(`["`+name+`result", `) + `(.*"qid": "` + qid + `".*)]$`))
	if answer["result"] != 1.0 {
		f.t.Fatalf("%s %v: got %v", name, fields, answer)
	}
	return answer
}

// foreignHouse is people with more of them, so that the list of numbers is long, and a link.
func foreignHouse(link string) string {
	var more strings.Builder
	for i := range 20 {
		fmt.Fprintf(&more, "  - {login: user%d, name: \"Юзер & <%d>\", password: demo, number: \"%d\"}\n", i, i, 310+i)
	}
	return strings.Replace(people, "queues:", more.String()+"queues:", 1) + "links: [{name: crm, " + link + "}]\n"
}

// foreignFiles are certificates for both sides of a link, for configurations and command lines that
// name them as $CA, $CERT and $OWN, the certificate that octolink makes itself.
type foreignFiles struct {
	authority *certs.Authority
	dir       string
	names     *strings.Replacer
}

func newForeignFiles(t testing.TB, dir string) foreignFiles {
	t.Helper()
	authority, err := certs.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	ca := filepath.Join(dir, "ca.pem")
	writeFile(t, ca, authority.PEM())
	cert, _, err := authority.Write(dir, "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	own := filepath.Join(dir, "data", "certs", "link-crm", "server.pem")
	return foreignFiles{authority, dir, strings.NewReplacer("$CA", ca, "$CERT", cert, "$OWN", own)}
}

// args are the words of a command line.
func (f foreignFiles) args(line string) []string { return strings.Fields(f.names.Replace(line)) }

// works plays what a CRM is for over a WebSocket link.
func (f *foreign) works(s *running) {
	f.t.Helper()
	s.offers(true)
	answer := f.must("getpbxnumbers", map[string]any{"userlogin": "", "userid": "", "mode": "full"})
	if numbers, _ := answer["numbers"].([]any); len(numbers) < 22 {
		f.t.Errorf("got %d numbers", len(numbers))
	}
	alice := f.must("login", map[string]any{"userlogin": "alice", "Password": md5Cased("demo")})
	if alice["userlogin"] != "alice" || alice["userid"] == "" {
		f.t.Errorf("got login of %v", alice)
	}
	s.sim("ring", `{"from":"79161234567","to":"300"}`)
	ring := f.heard("phoneevent_ringstarted")
	if ring["userid"] != alice["userid"] || ring["callerid"] != "79161234567" {
		f.t.Errorf("got ring %v", ring)
	}
	note := f.heard("showform")
	f.must("pbxanswercall", map[string]any{"userid": alice["userid"]})
	f.heard("phoneevent_commstarted")
	s.sim("hangup", `{"number":"79161234567"}`)
	f.heard("phoneevent_commstopped")
	if closed := f.heard("closeform"); closed["windowid"] != note["windowid"] {
		f.t.Errorf("got %v closed, want %v", closed, note)
	}
	out, errs, code := s.cli("", "crm", "form", "card", "--user", "alice", "phone=<1>")
	if want := "button   save\nsubject  seen <1>\n"; code != exitOK || out != want {
		f.t.Errorf("form: got %d %q %s, want %q", code, out, errs, want)
	}
	f.must("logout", map[string]any{"userlogin": "alice"})
}

// offers waits until what the foreign CRM offers is known, and asks it.
func (r *running) offers(forms bool) {
	r.t.Helper()
	soon(r.t, "its catalogue is known", func() bool {
		l := r.link("crm")
		return l.Methods == 1 && (l.Forms == 2 || !forms)
	})
	if l := r.link("crm"); l.Peer != "Foreign CRM 3.0" || len(l.Faults) > 0 {
		r.t.Errorf("got link %+v", l)
	}
	out, errs, code := r.cli("", "crm", "call", "findcontact", "phone=79161234567")
	want := "name   Zoë & Сыновья <79161234567>\nfound  2\ntags   [\"a\",\"b\"]\n"
	if code != exitOK || out != want {
		r.t.Errorf("call: got %d %q %s, want %q", code, out, errs, want)
	}
}

func writeFile(t testing.TB, name string, text []byte) {
	t.Helper()
	if err := os.WriteFile(name, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

func matches(want string, got []byte) bool { return regexp.MustCompile(want).Match(got) }
