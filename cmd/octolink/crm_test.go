package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/octolink/octolink/web"
)

func TestParseParams(t *testing.T) {
	for _, tt := range []struct {
		name, args string // arguments with | between them
		want       string // as JSON, or a part of the error behind "!"
	}{
		{"none", "", `{}`},
		{"texts", "phone=+7 916|name=Олег|empty=|expression=a=b", `{"phone":"+7 916","name":"Олег","empty":"","expression":"a=b"}`},
		{"json", `n:=1.50|list:=["a",{"z":1,"a":null}]|yes:=true`, `{"n":1.50,"list":["a",{"z":1,"a":null}],"yes":true}`},
		{"no value", "phone", "!no parameter"},
		{"no key", "=7", "!no parameter"},
		{"no json", "n:=abc", "!no JSON"},
		{"twice", "a=1|a:=2", "!given twice"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var args []string
			if tt.args != "" {
				args = strings.Split(tt.args, "|")
			}
			params, err := parseParams(args)
			if wrong, ok := strings.CutPrefix(tt.want, "!"); ok {
				if err == nil || !strings.Contains(err.Error(), wrong) {
					t.Errorf("got %v, want %q", err, wrong)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			in, err := (&Main{}).ordered(&web.CRMOrder{Params: params})
			if got := string(appendValue(nil, in)); err != nil || got != tt.want {
				t.Errorf("got %s, %v, want %s", got, err, tt.want)
			}
		})
	}
}

func TestPrintAnswer(t *testing.T) {
	for _, tt := range []struct{ name, button, values, want string }{
		{"values", "", `{"name":"Oleg <1>","n":1e3,"list":["a",{"b":false}],"gone":null}`,
			"name  Oleg <1>\nn     1e3\nlist  [\"a\",{\"b\":false}]\ngone  null\n"},
		{"button", "save", `{"x":"1"}`, "button  save\nx       1\n"},
		{"nothing", "", `{}`, "done, without values\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var out bytes.Buffer
			if err := printAnswer(&out, web.CRMAnswer{Button: tt.button, Values: []byte(tt.values)}); err != nil || out.String() != tt.want {
				t.Errorf("got %v\n%swant\n%s", err, out.String(), tt.want)
			}
		})
	}
}

func FuzzValues(f *testing.F) {
	f.Add([]byte(`{"a":[1,"x",null,{"b":1.50}],"a":true}`))
	f.Add([]byte(`[[[[`))
	f.Fuzz(func(t *testing.T, text []byte) {
		v, err := readValue(text)
		if err != nil {
			return
		}
		once := appendValue(nil, v)
		again, err := readValue(once)
		if err != nil {
			t.Fatalf("%s became %s: %v", text, once, err)
		}
		if twice := appendValue(nil, again); !bytes.Equal(once, twice) {
			t.Errorf("got %s, then %s", once, twice)
		}
	})
}
