package sdk_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/octolink/octolink/plugins/sdk"
	"github.com/octolink/octolink/plugins/sdk/sdktest"
)

type everything struct {
	Text   string     `crm:"text" doc:"a text"`
	Whole  int32      `crm:"whole"`
	Big    uint64     `crm:"big"`
	Real   float64    `crm:"real"`
	Yes    bool       `crm:"yes"`
	At     time.Time  `crm:"at"`
	Maybe  *int       `crm:"maybe"`
	List   []string   `crm:"list"`
	Inner  inner      `crm:"inner"`
	Inners []inner    `crm:"inners"`
	Any    any        `crm:"any"`
	Kind   string     `crm:"kind" choices:"new=New one,old"`
	Until  *time.Time `crm:"until"`
}

type inner struct {
	A string `crm:"a,required"`
}

func echo(_ context.Context, in everything) (everything, error) { return in, nil }

func about() sdk.Plugin { return sdk.Plugin{Name: "test", Version: "1.2.3"} }

func TestValuesComeBack(t *testing.T) {
	p := sdktest.Start(t, sdktest.Options{}, about(), sdk.Method("echo", "Gives back.", echo))
	n := 7
	in := everything{
		Text: "Ünïcode", Whole: -5, Big: math.MaxUint64, Real: 0.1, Yes: true, At: time.Unix(1700000000, 5).UTC(), Maybe: &n,
		List: []string{"a", ""}, Inner: inner{"x"}, Inners: []inner{{"1"}, {"2"}}, Any: map[string]any{"k": int64(1)}, Kind: "new",
	}
	var out everything
	if err := p.Call(t.Context(), "echo", in, &out); err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprintf("%+v %d", out, *out.Maybe), fmt.Sprintf("%+v %d", in, *in.Maybe); strings.ReplaceAll(got, fmt.Sprint(out.Maybe), "") != strings.ReplaceAll(want, fmt.Sprint(in.Maybe), "") {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestLenientIn(t *testing.T) {
	p := sdktest.Start(t, sdktest.Options{}, about(), sdk.Method("echo", "Gives back.", echo))
	var out everything
	in := map[string]any{
		"inner": map[string]any{"a": 12}, "text": 12, "whole": " 12 ", "real": "1e3", "yes": "1", "list": "alone", "at": "2026-01-02 03:04:05",
	}
	if err := p.Call(t.Context(), "echo", in, &out); err != nil {
		t.Fatal(err)
	}
	if out.Text != "12" || out.Whole != 12 || out.Real != 1000 || !out.Yes || len(out.List) != 1 || out.At.Day() != 2 || out.Inner.A != "12" {
		t.Errorf("got %+v", out)
	}
}

func TestFaultsNameTheField(t *testing.T) {
	p := sdktest.Start(t, sdktest.Options{}, about(), sdk.Method("echo", "Gives back.", echo))
	ok := map[string]any{"a": "x"}
	for _, tt := range []struct {
		name string
		in   map[string]any
		want string
	}{
		{"missing", map[string]any{"inner": map[string]any{}}, "inner: a: is missing"},
		{"empty", map[string]any{"inner": map[string]any{"a": ""}}, "inner: a: is missing"},
		{"no number", map[string]any{"inner": ok, "whole": "abc"}, `whole: "abc" is no whole number of 32 bits`},
		{"too big", map[string]any{"inner": ok, "whole": int64(1) << 40}, "whole: "},
		{"no time", map[string]any{"inner": ok, "at": "soon"}, `at: "soon" is no time`},
		{"no choice", map[string]any{"inner": ok, "kind": "other"}, `kind: "other" is not to be chosen`},
		{"no object", map[string]any{"inner": "x"}, "inner: want an object"},
		{"list for one", map[string]any{"inner": ok, "text": []any{"a", "b"}}, "text: want a single value"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := p.Call(t.Context(), "echo", tt.in, nil)
			var failure *sdk.Error
			if !errors.As(err, &failure) || failure.Code != 400 || !strings.HasPrefix(failure.Text, tt.want) {
				t.Errorf("got %v, want %q with the code 400", err, tt.want)
			}
		})
	}
}

func TestFailures(t *testing.T) {
	type none struct{}
	p := sdktest.Start(t, sdktest.Options{}, about(),
		sdk.Method("own", "Fails.", func(context.Context, none) (none, error) {
			return none{}, &sdk.Error{Code: 42, Text: "no such contact"}
		}),
		sdk.Method("other", "Fails.", func(context.Context, none) (none, error) { return none{}, errors.New("disk full") }),
		sdk.Method("panics", "Panics.", func(context.Context, none) (none, error) { panic("oh") }),
		sdk.Method("big", "Says too much.", func(context.Context, none) (inner, error) { return inner{strings.Repeat("x", 5<<20)}, nil }),
	)
	for _, tt := range []struct {
		method string
		code   int
		want   string
	}{
		{"own", 42, "no such contact"}, {"other", 500, "disk full"}, {"panics", 500, "the method panicked: oh"},
		{"big", 413, "the answer has"}, {"none", 404, "there is no method none"},
	} {
		err := p.Call(t.Context(), tt.method, none{}, nil)
		var failure *sdk.Error
		if !errors.As(err, &failure) || failure.Code != tt.code || !strings.HasPrefix(failure.Text, tt.want) {
			t.Errorf("%s: got %v, want %d %s", tt.method, err, tt.code, tt.want)
		}
	}
}

func TestCancelReachesTheMethod(t *testing.T) {
	type none struct{}
	entered, left := make(chan sdk.Call, 1), make(chan error, 1)
	p := sdktest.Start(t, sdktest.Options{}, about(), sdk.Method("wait", "Waits.", func(ctx context.Context, _ none) (none, error) {
		entered <- sdk.CallOf(ctx)
		<-ctx.Done()
		left <- ctx.Err()
		return none{}, ctx.Err()
	}).ForUser())
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		if c := <-entered; c.User != "alice" || c.Method != "wait" {
			t.Errorf("got %+v", c)
		}
		cancel()
	}()
	if err := p.CallFor(ctx, "alice", "wait", none{}, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Errorf("the method's context: %v", err)
	}
}

func TestManyAtOnce(t *testing.T) {
	p := sdktest.Start(t, sdktest.Options{}, about(), sdk.Method("echo", "Gives back.", func(_ context.Context, in inner) (inner, error) { return in, nil }))
	var all sync.WaitGroup
	for i := range 500 {
		all.Go(func() {
			want := fmt.Sprint(i)
			var out inner
			if err := p.Call(t.Context(), "echo", inner{want}, &out); err != nil || out.A != want {
				t.Errorf("got %q %v, want %q", out.A, err, want)
			}
		})
	}
	all.Wait()
}

func TestCatalogTellsTheStructs(t *testing.T) {
	p := sdktest.Start(t, sdktest.Options{}, about(), sdk.Method("echo", "Gives back.", echo).Named("Echo"),
		sdk.Form[inner, everything]("card", "Shows.", sdk.FormOptions{Name: "Card", AllowCancel: true}))
	m := p.Catalog.GetMethods()[0]
	var got []string
	for _, q := range m.GetIn() {
		got = append(got, q.GetKey()+":"+q.GetType())
	}
	want := "text:string whole:int big:int real:float yes:bool at:datetime maybe:int list:string inner:string inners:string any:string kind:list until:datetime"
	if strings.Join(got, " ") != want || m.GetName() != "Echo" || len(m.GetIn()[11].GetItems()) != 2 {
		t.Errorf("got %v of %v", got, m)
	}
	if f := p.Catalog.GetForms()[0]; f.GetKey() != "card" || !f.GetAllowCancel() || f.GetIn()[0].GetDescription() != "required" {
		t.Errorf("got %v", f)
	}
}

func TestWhatCannotBePutTogether(t *testing.T) {
	type none struct{}
	type bad struct {
		C chan int `crm:"c"`
	}
	type twice struct {
		A string `crm:"a"`
		B string `crm:"a"`
	}
	type option struct {
		A string `crm:"a,needed"`
	}
	ok := func(context.Context, none) (none, error) { return none{}, nil }
	for name, parts := range map[string][]sdk.Part{
		"a method twice": {sdk.Method("a", "A.", ok), sdk.Method("a", "A.", ok)},
		"a channel":      {sdk.Method("a", "A.", func(context.Context, bad) (none, error) { return none{}, nil })},
		"a key twice":    {sdk.Method("a", "A.", func(context.Context, twice) (none, error) { return none{}, nil })},
		"a strange tag":  {sdk.Method("a", "A.", func(context.Context, option) (none, error) { return none{}, nil })},
		"no struct":      {sdk.Method("a", "A.", func(context.Context, int) (none, error) { return none{}, nil })},
		"a form twice":   {sdk.Form[none, none]("f", "F.", sdk.FormOptions{}), sdk.Form[none, none]("f", "F.", sdk.FormOptions{})},
		"HTTP twice":     {sdk.HTTP(http.NotFoundHandler()), sdk.HTTP(http.NotFoundHandler())},
	} {
		if _, err := sdk.New(about(), parts...); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := sdk.New(sdk.Plugin{}); err == nil {
		t.Error("no name: no error")
	}
}

func TestSettings(t *testing.T) {
	type settings struct {
		File string `crm:"file,required"`
	}
	var got settings
	take := sdk.Settings(func(_ context.Context, s settings) error {
		got = s
		if s.File == "bad" {
			return errors.New("file: bad is not there")
		}
		return nil
	})
	sdktest.Start(t, sdktest.Options{Settings: settings{"x.csv"}}, about(), take)
	if got.File != "x.csv" {
		t.Errorf("got %+v", got)
	}
	for settings, want := range map[string]string{"": "file: is missing", "bad": "file: bad is not there"} {
		_, err := sdktest.Try(t, sdktest.Options{Settings: map[string]any{"file": settings}}, about(), take)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %s", settings, err, want)
		}
	}
}
