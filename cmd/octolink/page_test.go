package main

import (
	"context"
	"fmt"
	"image"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/octolink/octolink/protocol/wire"
)

// pageTime is how long the page may take for one thing. Most take less than a second; a queue is
// asked for every five.
const pageTime = 20 * time.Second

// screenshots names a directory for pictures of the page, for a person to look at.
const screenshots = "OCTOLINK_SCREENSHOTS"

// A sheet is one tab of a browser that shows the page.
type sheet struct {
	t    *testing.T
	ctx  context.Context
	name string
}

// openBrowser starts a browser without a window and opens the page of a server in it.
func openBrowser(t *testing.T, url string) *sheet {
	t.Helper()
	program, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("needs the program chromium (Debian package chromium)")
	}
	flags := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(program), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		chromedp.WindowSize(1280, 1000), chromedp.UserDataDir(t.TempDir()))
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), flags...)
	t.Cleanup(cancel)
	return openSheet(t, ctx, "first", url)
}

// beside opens one more tab of the same browser: it shares what the first keeps.
func (s *sheet) beside(name, url string) *sheet {
	s.t.Helper()
	return openSheet(s.t, s.ctx, name, url)
}

func openSheet(t *testing.T, parent context.Context, name, url string) *sheet {
	t.Helper()
	ctx, cancel := chromedp.NewContext(parent)
	s := &sheet{t: t, ctx: ctx, name: name}
	complaints := chromedp.Console(ctx)
	var reader sync.WaitGroup
	reader.Go(func() {
		for m, err := range complaints {
			if err != nil {
				return
			}
			if m.IsException() {
				t.Errorf("%s tab: %s", name, m)
			}
		}
	})
	t.Cleanup(func() {
		cancel()
		reader.Wait()
	})
	s.do(chromedp.Navigate(url))
	return s
}

func (s *sheet) do(steps ...chromedp.Action[chromedp.Void]) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.ctx, pageTime)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		s.picture("failed")
		s.t.Fatalf("%s tab: %v", s.name, err)
	}
}

// sees waits until a condition of the page is true.
func (s *sheet) sees(what, condition string) {
	s.t.Helper()
	_, err := chromedp.Run(s.ctx, chromedp.Poll[chromedp.Void](condition, chromedp.WithPollingInterval(20*time.Millisecond), chromedp.WithPollingTimeout(pageTime)))
	if err != nil {
		s.picture("failed")
		text, _ := chromedp.Run(s.ctx, chromedp.Evaluate[string](`document.body.innerText`))
		s.t.Fatalf("%s tab does not show %s (%s): %v\n%s", s.name, what, condition, err, text)
	}
}

func (s *sheet) shows(id string) {
	s.t.Helper()
	s.sees(id, fmt.Sprintf(`(() => { const e = document.getElementById(%q); return e && e.offsetParent !== null; })()`, id))
}

func (s *sheet) hides(id string) {
	s.t.Helper()
	s.sees("no "+id, fmt.Sprintf(`document.getElementById(%q).offsetParent === null`, id))
}

func (s *sheet) reads(id, text string) {
	s.t.Helper()
	s.sees(id+" with "+text, fmt.Sprintf(`document.getElementById(%q).textContent.includes(%q)`, id, text))
}

// phone waits for a state of the phone and for whether somebody is on hold.
func (s *sheet) phone(state string, held bool) {
	s.t.Helper()
	s.sees(fmt.Sprintf("phone %s, held %v", state, held),
		fmt.Sprintf(`(() => { const d = document.getElementById('phone').dataset; return d.state === %q && d.held === '%v'; })()`, state, held))
}

// person waits for a number's state in the directory [P 8.2].
func (s *sheet) person(number, state string) {
	s.t.Helper()
	s.sees("state of "+number, fmt.Sprintf(`document.querySelector('[data-testid="person-%s"]')?.dataset.state === %q`, number, state))
}

// press clicks a button as soon as it can be clicked.
func (s *sheet) press(id string) {
	s.t.Helper()
	s.do(chromedp.WaitEnabled(chromedp.CSS("#"+id)), chromedp.Click(chromedp.CSS("#"+id)))
}

func (s *sheet) fill(id, text string) {
	s.t.Helper()
	s.do(chromedp.SetValue(chromedp.CSS("#"+id), text))
}

// picture keeps how the page looks, where somebody wants to see it.
func (s *sheet) picture(name string) {
	dir := os.Getenv(screenshots)
	if dir == "" {
		return
	}
	b, err := chromedp.Run(s.ctx, chromedp.CaptureScreenshot())
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, name+".png"), b, 0o600)
	}
	if err != nil {
		s.t.Logf("no picture %s: %v", name, err)
	}
}

func (s *sheet) logIn(login, password string) {
	s.t.Helper()
	s.shows("login-form")
	s.fill("login", login)
	s.fill("password", password)
	s.press("login-submit")
}

func TestPageDayOfAnOperator(t *testing.T) {
	s := start(t, t.TempDir(), people)
	url := "http://" + s.address("listen.http") + "/"
	first := openBrowser(t, url)
	first.logIn("alice", "wrong")
	first.reads("login-error", "Wrong login or password")
	first.picture("login")
	first.logIn("ALICE", "demo")
	first.phone("ready", false)
	first.reads("my-name", "alice")
	first.reads("my-number", "300")
	second := first.beside("second", url)
	second.phone("ready", false)
	both := []*sheet{first, second}

	first.press("ring-me")
	for _, tab := range both {
		tab.phone("ring", false)
		tab.reads("phone-party", "79161234567")
		tab.person("300", "5")
	}
	first.picture("ring")
	second.press("answer")
	for _, tab := range both {
		tab.phone("talk", false)
	}
	first.press("hold-button")
	for _, tab := range both {
		tab.phone("ready", true)
		tab.reads("hold-party", "79161234567")
		tab.reads("hold-button", "Take back")
	}
	second.press("hold-button")
	for _, tab := range both {
		tab.phone("talk", false)
	}
	first.sees("a timer", `/^0:0[1-9]$/.test(document.getElementById('phone-timer').textContent)`)
	first.picture("talk")
	first.press("end")
	for _, tab := range both {
		tab.phone("ready", false)
		tab.person("300", "1")
		tab.reads("journal", "79161234567")
	}
	first.do(chromedp.Click(chromedp.CSS("#journal [data-testid=play]")))
	first.sees("the recording playing", `document.getElementById('journal').dataset.playing === 'true'`)
	callCentre(t, first, second)
}

// callCentre goes through the queue and a break, in two tabs.
func callCentre(t *testing.T, first, second *sheet) {
	t.Helper()
	first.press("callcenter")
	for _, tab := range []*sheet{first, second} {
		tab.sees("the call-centre", `document.getElementById('callcenter').getAttribute('aria-checked') === 'true'`)
		tab.reads("user-state", "call-centre")
	}
	first.press("break")
	for _, tab := range []*sheet{first, second} {
		tab.sees("a break", `document.getElementById('user-state').dataset.id === '2'`)
	}
	second.press("ring-queue")
	for _, tab := range []*sheet{first, second} {
		tab.reads("queue-count", "1")
		tab.reads("queue", "79161234567")
		tab.phone("ready", false)
	}
	first.picture("queue")
	first.press("ready")
	second.phone("ring", false)
	second.press("answer")
	first.phone("talk", false)
	first.reads("queue-count", "0")
	first.press("caller-hangs-up")
	for _, tab := range []*sheet{first, second} {
		tab.phone("ready", false)
	}
	first.press("callcenter")
	second.sees("no call-centre", `document.getElementById('callcenter').getAttribute('aria-checked') === 'false'`)
}

func TestPageConsultsAndConnects(t *testing.T) {
	s := start(t, t.TempDir(), people)
	page := openBrowser(t, "http://"+s.address("listen.http")+"/")
	page.logIn("alice", "demo")
	page.person("301", "0")
	boris := s.tab(wire.JSON)
	boris.logIn("boris", "Пароль1")
	page.person("301", "1")

	page.press("ring-me")
	page.phone("ring", false)
	page.press("answer")
	page.phone("talk", false)
	page.fill("number", "boris")
	page.press("call")
	page.sees("the call to boris", `['backcall', 'call'].includes(document.getElementById('phone').dataset.state)`)
	page.reads("hold-party", "79161234567")
	page.picture("call")
	s.sim("answer", `{"number":"301"}`)
	page.phone("talk", true)
	page.reads("phone-party", "301")
	page.picture("consultation")
	page.press("hold-button") // swaps the two
	page.reads("phone-party", "79161234567")
	page.press("connect")
	page.phone("ready", false)
	if line := boris.must("getextendedlineinfo", nil); text(line, "abonent", "number") != "79161234567" {
		t.Errorf("boris talks to %v", line)
	}
	page.person("301", "5")
	page.press("caller-hangs-up")
	page.person("301", "1")
}

func TestPageConference(t *testing.T) {
	s := start(t, t.TempDir(), people)
	page := openBrowser(t, "http://"+s.address("listen.http")+"/")
	page.logIn("alice", "demo")
	page.press("ring-me")
	page.phone("ring", false)
	page.press("answer")
	page.phone("talk", false)
	page.press("conference")
	page.reads("phone-state", "Conference")
	page.reads("members", "79161234567")
	page.fill("number", "301")
	page.press("conference")
	page.sees("the invitation", `document.querySelector('#members [data-state="Inviting"]') !== null`)
	s.sim("answer", `{"number":"301"}`)
	page.sees("three members", `document.querySelectorAll('#members [data-state="Commutated"]').length === 3`)
	page.picture("conference")
	page.press("end")
	page.phone("ready", false)
	page.hides("members")
}

func TestPageKeepsItsSession(t *testing.T) {
	s := start(t, t.TempDir(), people)
	url := "http://" + s.address("listen.http") + "/"
	page := openBrowser(t, url)
	page.logIn("alice", "demo")
	page.phone("ready", false)
	page.do(chromedp.Reload())
	page.phone("ready", false)
	page.reads("my-number", "300")

	photo := filepath.Join(t.TempDir(), "me.png")
	f, err := os.Create(photo)
	if err != nil {
		t.Fatal(err)
	}
	if err := png.Encode(f, image.NewRGBA(image.Rect(0, 0, 200, 200))); err != nil {
		t.Fatal(err)
	}
	f.Close()
	page.do(chromedp.SetUploadFiles(chromedp.CSS("#photo-file"), []string{photo}))
	page.sees("the photo", `(() => { const i = document.getElementById('my-picture'); return !i.hidden && i.naturalWidth === 96; })()`)

	page.press("language")
	page.reads("phone-title", "Телефон")
	page.picture("russian")
	second := page.beside("second", url)
	second.phone("ready", false)
	second.reads("end", "Завершить")
	second.press("logout")
	for _, tab := range []*sheet{page, second} {
		tab.shows("login-form")
	}
	second.do(chromedp.Reload())
	second.shows("login-form")
	second.logIn("alice", "demo")
	second.phone("ready", false)
	if _, stderr, code := s.cli("", "user", "disable", "alice"); code != 0 {
		t.Fatalf("code %d: %s", code, stderr)
	}
	second.shows("login-form")
	second.logIn("alice", "demo")
	second.shows("login-error")
}

func TestPageComesBackWhenTheServerDoes(t *testing.T) {
	dir := t.TempDir()
	s := start(t, dir, people)
	address := s.address("listen.http")
	page := openBrowser(t, "http://"+address+"/")
	page.logIn("alice", "demo")
	page.phone("ready", false)
	s.stop()
	page.shows("lost")
	page.picture("lost")
	start(t, dir, strings.Replace(people, `http: "127.0.0.1:0"`, fmt.Sprintf("http: %q", address), 1))
	page.hides("lost")
	page.phone("ready", false)
	page.press("ring-me")
	page.phone("ring", false)
}
