package contacts_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/octolink/octolink/plugins/contacts"
	"github.com/octolink/octolink/plugins/sdk"
	"github.com/octolink/octolink/plugins/sdk/sdktest"
)

const some = "\uFEFFid,phone,name,company,responsible,note,extra\n" +
	"7,+7 (916) 123-45-67,Anna,\"Horns, Hooves\",alice,\"says \"\"hi\"\"\",kept\n" +
	"8,4951112233,Ivan,,,,\n"

func start(t *testing.T, text string) (*sdktest.Plugin, string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "contacts.csv")
	if text != "" {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	settings := map[string]any{"file": file, "responsible": "vera"}
	return sdktest.Start(t, sdktest.Options{Settings: settings}, contacts.About(), contacts.Parts()...), file
}

func call(t *testing.T, p *sdktest.Plugin, method string, in map[string]any) map[string]any {
	t.Helper()
	var out map[string]any
	if err := p.Call(t.Context(), method, in, &out); err != nil {
		t.Fatalf("%s %v: %v", method, in, err)
	}
	return out
}

func TestFind(t *testing.T) {
	p, _ := start(t, some)
	for phone, want := range map[string]string{
		"79161234567": "Anna", "89161234567": "Anna", "+7 916 123-45-67": "Anna", "84951112233": "Ivan", "112": "",
	} {
		out := call(t, p, "find", map[string]any{"phone": phone})
		if out["name"] != want || out["found"] != (want != "") {
			t.Errorf("%s: got %v, want %s", phone, out, want)
		}
	}
	out := call(t, p, "find", map[string]any{"phone": 89161234567})
	if out["company"] != "Horns, Hooves" || out["note"] != `says "hi"` || out["id"] != "7" || out["responsible"] != "alice" {
		t.Errorf("got %v", out)
	}
}

func TestResponsible(t *testing.T) {
	p, _ := start(t, some)
	for phone, want := range map[string]string{"79161234567": "alice", "84951112233": "vera", "112": "vera"} {
		if out := call(t, p, "responsible", map[string]any{"phone": phone}); out["user"] != want {
			t.Errorf("%s: got %v, want %s", phone, out, want)
		}
	}
}

func TestCreate(t *testing.T) {
	p, file := start(t, some)
	out := call(t, p, "create", map[string]any{"phone": "8 800 200-06-00", "name": "Olga, \"the new\""})
	if out["id"] != "9" {
		t.Errorf("got %v", out)
	}
	if out := call(t, p, "find", map[string]any{"phone": "78002000600"}); out["name"] != `Olga, "the new"` {
		t.Errorf("got %v", out)
	}
	text, err := os.ReadFile(file)
	if err != nil || !strings.Contains(string(text), "kept") || strings.Count(string(text), "\n") != 4 {
		t.Errorf("got %s %v", text, err)
	}
	for name, in := range map[string]map[string]any{
		"409": {"phone": "89161234567", "name": "Twice"}, "400": {"phone": "abc", "name": "x"},
	} {
		var failure *sdk.Error
		if err := p.Call(t.Context(), "create", in, nil); !errors.As(err, &failure) || fmt.Sprint(failure.Code) != name {
			t.Errorf("%v: got %v", in, err)
		}
	}
}

func TestManyAtOnceLoseNothing(t *testing.T) {
	p, file := start(t, "")
	var all sync.WaitGroup
	for i := range 50 {
		all.Go(func() {
			if err := p.Call(t.Context(), "create", map[string]any{"phone": fmt.Sprint(79160000000 + i), "name": "x"}, nil); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	text, err := os.ReadFile(file)
	if err != nil || strings.Count(string(text), "\n") != 51 {
		t.Errorf("got %d lines, %v", strings.Count(string(text), "\n"), err)
	}
}

func TestAFileThatIsEditedIsReadAgain(t *testing.T) {
	p, file := start(t, some)
	if err := os.WriteFile(file, []byte("phone,name\n112,Help\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out := call(t, p, "find", map[string]any{"phone": "112"}); out["name"] != "Help" {
		t.Errorf("got %v", out)
	}
	if err := os.WriteFile(file, []byte("phone,name\n112,\"Help\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := p.Call(t.Context(), "find", map[string]any{"phone": "112"}, nil); err == nil || !strings.Contains(err.Error(), "contacts.csv") {
		t.Errorf("got %v", err)
	}
}

func TestFilesThatAreWrong(t *testing.T) {
	for text, want := range map[string]string{
		"phone\n1\n": `no column "name"`, "phone,name\n1\n": "wrong number of fields", "a,\"b\n": "quote",
	} {
		file := filepath.Join(t.TempDir(), "contacts.csv")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := sdktest.Try(t, sdktest.Options{Settings: map[string]any{"file": file}}, contacts.About(), contacts.Parts()...)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %s", text, err, want)
		}
	}
}

func Example() {
	s, err := sdk.New(contacts.About(), contacts.Parts()...)
	if err != nil {
		panic(err)
	}
	c, _ := s.Catalog(context.Background(), nil)
	for _, m := range c.GetMethods() {
		fmt.Println(m.GetKey())
	}
	// Output:
	// find
	// create
	// responsible
}
