package wire_test

import (
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/octolink/octolink/protocol/wire"
)

func TestAppendField(t *testing.T) {
	n := 3
	tests := []struct {
		name      string
		v         any
		json, xml string
	}{
		{"nil", nil, `null`, `<property_simple key="k" value="" type="null"/>`},
		{"text", "a\"b\\c\x01\u2028", `"a\"b\\c\u0001` + "\u2028" + `"`, `<property_cdata key="k" type="base64"><![CDATA[YSJiXGMB4oCo]]></property_cdata>`},
		{"text that is not UTF-8", "a\xff\xfeb\xe2\x82", "\"a\uFFFD\uFFFDb\uFFFD\uFFFD\"", "<property_simple key=\"k\" value=\"a\uFFFD\uFFFDb\uFFFD\uFFFD\"/>"},
		{"flag", true, `true`, `<property_simple key="k" value="1" type="bool"/>`},
		{"int", int32(-5), `-5`, `<property_simple key="k" value="-5" type="int"/>`},
		{"largest", uint64(math.MaxUint64), `18446744073709551615`, `<property_simple key="k" value="18446744073709551615" type="int"/>`},
		{"float", 1.5, `1.5`, `<property_simple key="k" value="1.5" type="float"/>`},
		{"float that is whole", 3.0, `3`, `<property_simple key="k" value="3" type="int"/>`},
		{"large float", 1e30, `1e+30`, `<property_simple key="k" value="1e+30" type="float"/>`},
		{"single", float32(0.1), `0.1`, `<property_simple key="k" value="0.1" type="float"/>`},
		{"literal", wire.Number("1.50"), `1.50`, `<property_simple key="k" value="1.50" type="float"/>`},
		{"no literal", wire.Number(""), `0`, `<property_simple key="k" value="0" type="int"/>`},
		{"no list", []string(nil), `[]`, `<property_collection name="k" count="0"></property_collection>`},
		{"no map", map[string]int(nil), `{}`, `<property_set name="k"></property_set>`},
		{"no tree", wire.Object(nil), `{}`, `<property_set name="k"></property_set>`},
		{"map", map[level]int{"b": 1, "a": 2}, `{"a":2,"b":1}`, `<property_set name="k"><property_simple key="a" value="2" type="int"/><property_simple key="b" value="1" type="int"/></property_set>`},
		{"pointer", &n, `3`, `<property_simple key="k" value="3" type="int"/>`},
		{"no pointer", (*int)(nil), `null`, `<property_simple key="k" value="" type="null"/>`},
		{"struct", inner{"1", 2}, `{"number":"1","line":2}`, `<property_set name="k"><property_simple key="number" value="1"/><property_simple key="line" value="2" type="int"/></property_set>`},
		{"empty text that may be left out", base{}, `{}`, `<property_set name="k"></property_set>`},
		{"verbatim", wire.Raw(`{ "a":[1.0,null] }`), `{ "a":[1.0,null] }`, `<property_set name="k"><property_collection name="a" count="2"><property_simple key="" value="1.0" type="float"/><property_simple key="" value="" type="null"/></property_collection></property_set>`},
		{"nothing verbatim", wire.Raw(nil), `null`, `<property_simple key="k" value="" type="null"/>`},
		{"token", wire.Token(`"a\u0041"`), `"a\u0041"`, `<property_simple key="k" value="aA"/>`},
		{"list of anything", []any{1, "a", nil, []int{2}}, `[1,"a",null,[2]]`, `<property_collection name="k" count="4"><property_simple key="" value="1" type="int"/><property_simple key="" value="a"/><property_simple key="" value="" type="null"/><property_collection count="1"><property_simple key="" value="2" type="int"/></property_collection></property_collection>`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := wire.AppendField([]byte("{"), wire.JSON, "k", tt.v)
			if want := `{"k":` + tt.json; err != nil || string(got) != want {
				t.Errorf("got %s, %v, want %s", got, err, want)
			}
			got, err = wire.AppendField(nil, wire.XML, "k", tt.v)
			if err != nil || string(got) != tt.xml {
				t.Errorf("got %s, %v, want %s", got, err, tt.xml)
			}
		})
	}
}

func TestCommas(t *testing.T) {
	dst := wire.AppendHead(nil, wire.JSON, "m", "")
	for _, v := range []any{"{", "[", 1, wire.List{}, wire.Object{}} {
		var err error
		if dst, err = wire.AppendField(dst, wire.JSON, "{", v); err != nil {
			t.Fatal(err)
		}
	}
	dst = wire.AppendTail(dst, wire.JSON)
	if want := `["m",{"{":"{","{":"[","{":1,"{":[],"{":{}}]`; string(dst) != want {
		t.Errorf("got %s, want %s", dst, want)
	}
}

// TestSharedBody: what is encoded apart fits behind every head.
func TestSharedBody(t *testing.T) {
	for _, f := range []wire.Format{wire.JSON, wire.XML} {
		whole, err := wire.Append(nil, f, "e", `"q"`, &inner{"1", 2})
		if err != nil {
			t.Fatal(err)
		}
		body, err := wire.AppendFields(nil, f, inner{"1", 2})
		if err != nil {
			t.Fatal(err)
		}
		parts := string(wire.AppendHead(nil, f, "e", `"q"`)) + string(body) + string(wire.AppendTail(nil, f))
		if parts != string(whole) {
			t.Errorf("got %s, want %s", parts, whole)
		}
	}
}

func TestEncodeRefuses(t *testing.T) {
	deep := wire.List{}
	deep = append(deep, nil)
	deep[0] = deep // contains itself
	tests := []struct {
		name string
		v    any
	}{
		{"not a number", math.NaN()},
		{"infinity", math.Inf(1)},
		{"wrong literal", wire.Number("1.")},
		{"channel", make(chan int)},
		{"function", func() {}},
		{"bytes", []byte("x")},
		{"raw that is not JSON", wire.Raw(`{"a":}`)},
		{"raw with more behind", wire.Raw(`1 2`)},
		{"a tree without end", deep},
		{"inside", wire.Object{{"a", []any{math.NaN()}}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, f := range []wire.Format{wire.JSON, wire.XML} {
				dst, err := wire.AppendField([]byte("{"), f, "key", tt.v)
				if err == nil || string(dst) != "{" {
					t.Errorf("%v: got %s, %v, want an error and no change", f, dst, err)
				} else if !strings.Contains(err.Error(), `"key"`) {
					t.Errorf("%v: %v does not name the field", f, err)
				}
				if dst, err := wire.Append([]byte("x"), f, "m", "", wire.Object{{"key", tt.v}}); err == nil || string(dst) != "x" {
					t.Errorf("%v: got %s, %v, want an error and no change", f, dst, err)
				}
			}
		})
	}
	for _, v := range []any{1, "x", []int{1}} {
		if _, err := wire.AppendFields(nil, wire.JSON, v); err == nil {
			t.Errorf("%T has fields", v)
		}
	}
}

func TestFieldsOf(t *testing.T) {
	tests := []struct {
		name string
		v    any
		want string
	}{
		{"nothing", nil, ``},
		{"nil pointer", (*inner)(nil), ``},
		{"struct", inner{"1", 2}, `,"number":"1","line":2`},
		{"pointer", &inner{"1", 2}, `,"number":"1","line":2`},
		{"tree", wire.Object{{"b", 1}, {"a", 2}}, `,"b":1,"a":2`},
		{"pointer to a tree", &wire.Object{{"b", 1}}, `,"b":1`},
		{"map", map[string]any{"b": 1, "a": nil}, `,"a":null,"b":1`},
		{"struct without fields", struct{}{}, ``},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got, err := wire.AppendFields(nil, wire.JSON, tt.v); err != nil || string(got) != tt.want {
				t.Errorf("got %s, %v, want %s", got, err, tt.want)
			}
		})
	}
}

func TestText(t *testing.T) {
	if got, want := wire.Text(`a"б`), wire.Token(`"a\"б"`); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestEncodeWithoutAllocations guards the hot path: only the buffer grows.
func TestEncodeWithoutAllocations(t *testing.T) {
	v := &numbersOut{Mode: "full", Numbers: make([]numberRow, 50), Links: []string{"a", "b"}}
	for _, f := range []wire.Format{wire.JSON, wire.XML} {
		buf := make([]byte, 0, 64<<10)
		n := testing.AllocsPerRun(100, func() {
			if _, err := wire.Append(buf, f, "getpbxnumbersresult", `"0.12"`, v); err != nil {
				t.Fatal(err)
			}
		})
		if n != 0 {
			t.Errorf("%v: got %v allocations, want none", f, n)
		}
	}
}

func TestDecodeAllocations(t *testing.T) {
	frame := []byte(captured[4].frame)
	n := testing.AllocsPerRun(100, func() {
		if _, err := wire.Decode(wire.JSON, frame, wire.Limits{}); err != nil {
			t.Fatal(err)
		}
	})
	if n > 1 {
		t.Errorf("got %v allocations, want one", n)
	}
}

func TestDescribe(t *testing.T) {
	docs, err := wire.Describe(reflect.TypeFor[wide]())
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]wire.FieldDoc{}
	for _, d := range docs {
		got[d.Name] = d
	}
	types := map[string]string{"kind": "str", "flag": "bool", "int": "int", "uint": "int", "float": "float", "texts": "arr of str", "matrix": "arr of arr of int",
		"inner": "obj", "inners": "arr of obj", "pointer": "int", "struct": "obj", "map": "obj", "object": "obj", "list": "arr", "any": "any", "raw": "any", "num": "float"}
	for name, want := range types {
		if got[name].Type != want {
			t.Errorf("%s: got %q, want %q", name, got[name].Type, want)
		}
	}
	for _, name := range []string{"inner", "inners", "struct", "maps"} {
		fields := got[name].Fields
		if len(fields) != 2 || !fields[0].Required || fields[0].Name != "number" || fields[1].Required {
			t.Errorf("%s: got %+v", name, fields)
		}
	}
	if docs[0].Name != "kind" || !docs[0].Optional {
		t.Errorf("got %+v first, want the embedded kind", docs[0])
	}
	if _, err := wire.Describe(reflect.TypeFor[int]()); err == nil {
		t.Error("an int was described")
	}
}

func TestCheck(t *testing.T) {
	type self struct {
		In *self `wire:"in" doc:"d"`
	}
	tests := []struct {
		name string
		t    reflect.Type
		ok   bool
	}{
		{"good", reflect.TypeFor[wide](), true},
		{"empty", reflect.TypeFor[struct{}](), true},
		{"no doc", reflect.TypeFor[struct {
			A int `wire:"a"`
		}](), false},
		{"no doc inside", reflect.TypeFor[struct {
			A []struct {
				B int `wire:"b"`
			} `wire:"a" doc:"d"`
		}](), false},
		{"no tag", reflect.TypeFor[struct{ A int }](), false},
		{"no name", reflect.TypeFor[struct {
			A int `wire:",required" doc:"d"`
		}](), false},
		{"unknown option", reflect.TypeFor[struct {
			A int `wire:"a,optional" doc:"d"`
		}](), false},
		{"not exported", reflect.TypeFor[struct {
			a int `wire:"a" doc:"d"`
		}](), false},
		{"doubled", reflect.TypeFor[struct {
			A int `wire:"a" doc:"d"`
			B int `wire:"a" doc:"d"`
		}](), false},
		{"type", reflect.TypeFor[struct {
			A chan int `wire:"a" doc:"d"`
		}](), false},
		{"map with other keys", reflect.TypeFor[struct {
			A map[int]int `wire:"a" doc:"d"`
		}](), false},
		{"other interfaces", reflect.TypeFor[struct {
			A error `wire:"a" doc:"d"`
		}](), false},
		{"contains itself", reflect.TypeFor[self](), false},
		{"not a struct", reflect.TypeFor[[]int](), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if err := wire.Check(tt.t); (err == nil) != tt.ok {
				t.Errorf("got %v, want ok %v", err, tt.ok)
			}
		})
	}
	if err := wire.CheckOut(reflect.TypeFor[struct {
		A int `wire:"a"`
	}]()); err != nil {
		t.Errorf("got %v for what only goes out", err)
	}
}
