package web_test

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/octolink/octolink/web"
)

// browser opens the page of a server without any other part. The page's modules can be used from
// there; what it does with a real server is tested where the real server is.
func browser(t *testing.T) context.Context {
	t.Helper()
	program, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("needs the program chromium (Debian package chromium)")
	}
	s := httptest.NewServer(web.New(web.Options{}).Public())
	t.Cleanup(s.Close)
	flags := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(program), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.UserDataDir(t.TempDir()))
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), flags...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, time.Minute)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx, chromedp.Navigate(s.URL)); err != nil {
		t.Fatal(err)
	}
	return ctx
}

// run evaluates the body of a function in the page, and gives what it returns as JSON.
func run(t *testing.T, ctx context.Context, body string) string {
	t.Helper()
	script := fmt.Sprintf("(async () => { %s })().then((v) => JSON.stringify(v))", body)
	out, err := chromedp.Run(ctx, chromedp.Evaluate[string](script, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestPageModules(t *testing.T) {
	ctx := browser(t)
	t.Run("passwords", func(t *testing.T) { passwordsOfPage(t, ctx) })
	t.Run("phone", func(t *testing.T) { phoneOfPage(t, ctx) })
	t.Run("words", func(t *testing.T) { wordsOfPage(t, ctx) })
}

// The vectors are those of [P 5.2]; characters between 128 and 1024 are dropped.
func passwordsOfPage(t *testing.T, ctx context.Context) {
	tests := []struct{ text, want string }{
		{"Secret", `{"Password":"1e6947ac7fb3a9529a9726eb692c8cc5","password":"5ebe2294ecd0e0f08eab7690d2a6ee69"}`},
		{"Пароль1", `{"Password":"36c0a954ef35ce99ecc3626a739157ee","password":"10dcd8286cb863a70b894f2b6976d35f"}`},
		{"", `{"Password":"d41d8cd98f00b204e9800998ecf8427e","password":"d41d8cd98f00b204e9800998ecf8427e"}`},
		{"Sécret", run(t, ctx, `return (await import('/page/md5.js')).passwordForms('Scret')`)},
	}
	for _, tt := range tests {
		if got := run(t, ctx, fmt.Sprintf(`return (await import('/page/md5.js')).passwordForms(%q)`, tt.text)); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.text, got, tt.want)
		}
	}
	for _, length := range []int{55, 56, 63, 64, 65, 119, 120, 1000} { // around the ends of a block
		text := strings.Repeat("a", length)
		got := run(t, ctx, fmt.Sprintf(`const m = await import('/page/md5.js'); return m.md5(m.windows1251(%q))`, text))
		if want := fmt.Sprintf("%q", md5Hex(text)); got != want {
			t.Errorf("%d bytes: got %s, want %s", length, got, want)
		}
	}
	if got := run(t, ctx, `return (await import('/page/md5.js')).windows1251('Ёё Аяé')`); got != "[168,184,32,192,255]" {
		t.Errorf("Windows-1251: got %s", got)
	}
}

// Each row is one of the table of [P 5.6]: what the line says, the state before, the state after.
func phoneOfPage(t *testing.T, ctx context.Context) {
	tests := []struct{ name, before, line, want string }{
		{"1 the callback begins", "ready autoFlag", `{"linestatestr":"lsReserved","abonent":{"number":"300"}}`, "backring autoFlag"},
		{"1 only from ready", "talk autoFlag", `{"linestatestr":"lsReserved","abonent":{"number":"300"}}`, "call"},
		{"2 the destination is dialled", "backring autoFlag", `{"linestatestr":"lsHookUp","abonent":{"number":"300","isautocall":true}}`, "backcall"},
		{"3 ring", "ready", `{"linestatestr":"lsRinging","abonent":{"number":"7","isringing":true}}`, "ring"},
		{"3 ring of a callback", "ready", `{"linestatestr":"lsRinging","abonent":{"isringing":true,"direction":"acm_callback"}}`, "backring"},
		{"3 it goes on ringing", "backring", `{"linestatestr":"lsRinging","abonent":{"isringing":true}}`, "backring"},
		{"4 talk", "ring", `{"linestatestr":"lsCommutated","abonent":{"number":"7","iscommutated":true}}`, "talk"},
		{"4 on somebody's hold", "talk", `{"linestatestr":"lsCommutated","abonent":{"iswaitinginflash":true}}`, "talk"},
		{"4 conference", "talk", `{"linestatestr":"lsCommutated","abonent":{"isconference":true}}`, "talk"},
		{"4 not while a callback has begun", "ready autoFlag", `{"linestatestr":"lsCommutated","abonent":{"iscommutated":true}}`, "backring autoFlag"},
		{"4 scenario", "ready", `{"linestatestr":"lsCommutated","abonent":{"isivr":true}}`, "talk"},
		{"4 scenario that has not answered", "ready", `{"linestatestr":"lsCommutated","abonent":{"isivr":true,"iswaitingforanswer":true,"number":"8"}}`, "call"},
		{"5 number", "ready", `{"linestatestr":"lsHookUp","abonent":{"number":"8"}}`, "call"},
		{"5 outside line", "ready", `{"linestatestr":"lsHookUp","abonent":{"extline":true}}`, "call"},
		{"6 disconnected", "ready", `{"linestatestr":"lsDisconnected","abonent":{}}`, "disconnected"},
		{"9 ready", "talk", `{"linestatestr":"lsReady","abonent":{"number":""}}`, "ready"},
		{"9 dial tone", "talk", `{"linestatestr":"lsHookUp","isflashing":true,"flashed":{"number":"7"},"abonent":{}}`, "ready held"},
		{"9 nobody is held", "talk", `{"linestatestr":"lsHookUp","isflashing":true,"flashed":{},"abonent":{}}`, "ready"},
		{"10 reserved", "talk", `{"linestatestr":"lsReserved","abonent":{}}`, "talk"},
		{"no abonent", "talk", `{"linestatestr":"lsReady"}`, "talk"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			state, flag, _ := strings.Cut(tt.before, " ")
			got := run(t, ctx, fmt.Sprintf(`
				const p = new (await import('/page/phone.js')).Phone();
				p.state = %q;
				if (%q) p.autocallStarted();
				p.apply(%s);
				return [p.state, p.autoFlag ? ' autoFlag' : '', p.held ? ' held' : ''].join('');`, state, flag, tt.line))
			if want := fmt.Sprintf("%q", tt.want); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}

// Both languages have a text for everything that the page names.
func wordsOfPage(t *testing.T, ctx context.Context) {
	names := map[string]bool{}
	for _, file := range []string{"index.html", "app.js", "cards.js"} {
		text, err := os.ReadFile(filepath.Join("page", file))
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`data-t(?:-\w+)?="([^"]+)"|\bt\('([^']+)'`).FindAllStringSubmatch(string(text), -1) {
			names[m[1]+m[2]] = true
		}
	}
	if len(names) < 40 {
		t.Fatalf("found only %d names", len(names))
	}
	list, err := json.Marshal(names)
	if err != nil {
		t.Fatal(err)
	}
	got := run(t, ctx, fmt.Sprintf(`
		const w = await import('/page/words.js');
		const missing = [];
		for (let i = 0; i < 2; i++) {
			for (const name of Object.keys(%s)) if (w.t(name) === name) missing.push(name);
			w.otherLanguage();
		}
		return missing;`, list))
	if got != "[]" {
		t.Errorf("no text for %s", got)
	}
}

func TestPageNeedsNobodyElse(t *testing.T) {
	files, err := filepath.Glob("page/*")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`https?://[^\s"'`+"`"+`)]+`).FindAllString(string(text), -1) {
			if m != "http://www.w3.org/2000/svg" {
				t.Errorf("%s speaks of %s", file, m)
			}
		}
		if strings.Contains(string(text), "innerHTML") {
			t.Errorf("%s sets markup", file)
		}
	}
}

func md5Hex(text string) string {
	sum := md5.Sum([]byte(text))
	return hex.EncodeToString(sum[:])
}
