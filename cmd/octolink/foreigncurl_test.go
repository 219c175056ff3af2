package main

import (
	"encoding/base64"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/octolink/octolink/web"
)

// curl runs it to its end and gives what it printed.
func curl(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "curl", append([]string{"-sS", "-i", "--http1.1", "--noproxy", "*", "--max-time", "30"}, args...)...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("curl %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// curlUntil runs it until it has printed something, and ends it: a channel stays open.
func curlUntil(t *testing.T, want string, args ...string) {
	t.Helper()
	out := newLines()
	cmd := exec.CommandContext(t.Context(), "curl", append([]string{"-sS", "-i", "-N", "--http1.1", "--noproxy", "*", "--max-time", "30"}, args...)...)
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	out.wait(t, regexp.MustCompile(want))
	_ = cmd.Process.Kill() // it may have ended by itself
	_ = cmd.Wait()         // so it ends with an error
}

// handshake are curl's arguments for a WebSocket handshake.
func handshake(subprotocol string, more ...string) []string {
	return append([]string{
		"-H", "Connection: Upgrade", "-H", "Upgrade: websocket", "-H", "Sec-WebSocket-Version: 13",
		"-H", "Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==", "-H", "Sec-WebSocket-Protocol: " + subprotocol,
	}, more...)
}

// older is a handshake of a draft from before RFC 6455.
func older(args []string) []string {
	return strings.Split(strings.Replace(strings.Join(args, "\n"), "Version: 13", "Version: 8", 1), "\n")
}

// basicAndDigest are three links that listen, one with TLS.
const basicAndDigest = people + `
links:
  - {name: basic, mode: ws-in, listen: "127.0.0.1:0", auth: {scheme: basic, login: crm, password: geheim}}
  - {name: digest, mode: ws-in, listen: "127.0.0.1:0", auth: {scheme: digest, login: crm, password: geheim}}
  - {name: tls, mode: wss-in, listen: "127.0.0.1:0", auth: {scheme: digest, login: crm, password: geheim}}
`

func TestCurlShakesHands(t *testing.T) {
	needs(t, "curl")
	s := start(t, t.TempDir(), basicAndDigest)
	url := func(link, scheme string) string {
		return scheme + "://" + s.until(link, web.LinkListening).Address + "/path"
	}
	open := `(?s)101 Switching Protocols\r\n.*Sec-WebSocket-Accept: BACScCJPNqyz\+UBoqMH89VmURoA=\r\n.*whoareyou.*commserver`
	ca := filepath.Join(s.dir, "data", "certs", "link-tls", "server.pem")
	for _, tt := range []struct {
		name string
		args []string
	}{
		{"basic", append(handshake("json", "-u", "crm:geheim"), url("basic", "http"))},
		{"any", append(handshake("xml", "-u", "crm:geheim", "--anyauth"), url("basic", "http"))},
		{"digest", append(handshake("json", "-u", "crm:geheim", "--digest"), url("digest", "http"))},
		{"digest and tls", append(handshake("xml", "-u", "crm:geheim", "--digest", "--cacert", ca), url("tls", "https"))},
	} {
		t.Run(tt.name, func(t *testing.T) { curlUntil(t, open, tt.args...) })
		s.until("basic", web.LinkListening)
	}
}

func TestCurlIsRefused(t *testing.T) {
	needs(t, "curl")
	s := start(t, t.TempDir(), basicAndDigest)
	where := map[string]string{}
	for _, name := range []string{"basic", "digest", "tls"} {
		where[name] = s.until(name, web.LinkListening).Address
	}
	for _, tt := range []struct {
		name, link, want string
		args             []string
	}{
		{"nothing", "basic", `HTTP/1.1 401 .*Www-Authenticate: Basic realm="octolink"`, handshake("json")},
		{"wrong basic", "basic", `HTTP/1.1 401 `, handshake("json", "-u", "crm:wrong")},
		{"wrong login", "basic", `HTTP/1.1 401 `, handshake("json", "-u", "root:geheim")},
		{"digest instead of basic", "basic", `HTTP/1.1 401 .*Basic`, handshake("json", "-u", "crm:geheim", "--digest")},
		{"wrong digest", "digest", `HTTP/1.1 401 .*HTTP/1.1 401 .*Digest realm="octolink"`, handshake("json", "-u", "crm:wrong", "--digest")},
		{"basic instead of digest", "digest", `HTTP/1.1 401 .*Digest`, handshake("json", "-u", "crm:geheim")},
		{"page", "basic", `HTTP/1.1 403 .*pages of this origin may not connect here`, handshake("json", "-u", "crm:geheim", "-H", "Origin: https://evil.example")},
		{"page of ours", "basic", `HTTP/1.1 403 `, handshake("json", "-u", "crm:geheim", "-H", "Origin: http://"+where["basic"])},
		{"other name", "basic", `HTTP/1.1 421 `, handshake("json", "-u", "crm:geheim", "-H", "Host: evil.example")},
		{"old version", "basic", `HTTP/1.1 426 .*Sec-Websocket-Version: 13`, older(handshake("json", "-u", "crm:geheim"))},
		{"no handshake", "basic", `HTTP/1.1 4(00|26) `, nil},
		{"plain HTTP on a TLS port", "tls", `HTTP/1.[01] 400 .*HTTPS`, handshake("json", "-u", "crm:geheim")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := curl(t, append(tt.args, "http://"+where[tt.link]+"/")...)
			if !regexp.MustCompile("(?s)^" + tt.want).MatchString(got) {
				t.Errorf("got\n%s\nwant %s", got, tt.want)
			}
		})
	}
	for link, reasons := range map[string]map[string]int{
		"basic":  {"a wrong login or password": 2, "pages of this origin may not connect here": 2},
		"digest": {"a wrong login or password": 1, "the wrong scheme of authorization": 1},
		"tls":    {"TLS handshake": 1},
	} {
		got := s.link(link).Refused
		for reason, n := range reasons {
			if got[reason] != n {
				t.Errorf("link %s: got refused %v, want %d: %s", link, got, n, reason)
			}
		}
	}
}

// The forms that octolink posts, posted by curl: to the simulated CRM, and to one that is not ours.
func TestCurlPostsToCRMs(t *testing.T) {
	needs(t, "curl")
	dir := t.TempDir()
	files := newForeignFiles(t, dir)
	secret := filepath.Join(dir, "secret")
	writeFile(t, secret, []byte("geheim\n"))
	for _, tt := range []struct{ name, format, crm, curl string }{
		{"crmsim", "json", "--mode http", ""},
		{"crmsim basic", "xml", "--mode http --format xml --auth basic --login octo --password-file SECRET", "-u octo:geheim"},
		{"crmsim digest tls", "json", "--mode https --cert-dir DIR --auth digest --login octo --password-file SECRET", "-u octo:geheim --digest --cacert DIR/server.pem"},
		{"python digest tls", "xml", "--cert $CERT --auth digest --login octo --password geheim", "-u octo:geheim --digest --cacert $CA"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			place := strings.NewReplacer("SECRET", secret, "DIR", dir)
			var url string
			if strings.HasPrefix(tt.name, "crmsim") {
				url = postedSim(t, strings.Fields(place.Replace(tt.crm)))
			} else {
				needsPython(t)
				url = "https://" + python(t, "posted.py", files.args(tt.crm)...).line("listening (.*)")[1] + "/"
			}
			question := `["getavailablemethods",{"qid":"G4"}]`
			if tt.format == "xml" {
				question = `<oktellxmlmapper version="80710"><data name="getavailablemethods" count="1"><property_set name="params"><property_simple key="qid" value="G4"/></property_set></data></oktellxmlmapper>`
			}
			args := append(files.args(place.Replace(tt.curl)), "-d", "format="+tt.format,
				"--data-urlencode", "data="+base64.StdEncoding.EncodeToString([]byte(question)), url)
			got := curl(t, args...)
			for _, want := range []string{"200 OK", "availablemethods", "G4", "findcontact"} {
				if !strings.Contains(got, want) {
					t.Errorf("no %q in\n%s", want, got)
				}
			}
		})
	}
}

// postedSim runs the simulated CRM until the test ends and gives its address.
func postedSim(t *testing.T, args []string) string {
	t.Helper()
	out, errs := newLines(), &syncedBuffer{}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		run(t.Context(), append([]string{"crmsim", "--listen", "127.0.0.1:0"}, args...), strings.NewReader(""), out, errs)
	}()
	t.Cleanup(func() { <-ended })
	return out.wait(t, regexp.MustCompile(`https?://127\.0\.0\.1:\d+/`))[0]
}
