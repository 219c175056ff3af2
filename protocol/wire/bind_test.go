package wire_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/octolink/octolink/protocol/wire"
)

type inner struct {
	Number string `wire:"number,required" doc:"d"`
	Line   int    `wire:"line" doc:"d"`
}

type base struct {
	Kind string `wire:"kind,omitempty" doc:"d"`
}

type level string

// wide has a field of every kind.
type wide struct {
	base
	Password string            `wire:"Password" doc:"d"`
	Lower    string            `wire:"password" doc:"d"`
	Level    level             `wire:"level" doc:"d"`
	Flag     bool              `wire:"flag" doc:"d"`
	Int      int               `wire:"int" doc:"d"`
	Small    int8              `wire:"small" doc:"d"`
	Uint     uint16            `wire:"uint" doc:"d"`
	Float    float64           `wire:"float" doc:"d"`
	Single   float32           `wire:"single" doc:"d"`
	Texts    []string          `wire:"texts" doc:"d"`
	Ints     []int             `wire:"ints" doc:"d"`
	Inner    inner             `wire:"inner" doc:"d"`
	Inners   []inner           `wire:"inners" doc:"d"`
	Matrix   [][]int           `wire:"matrix" doc:"d"`
	Pointer  *int              `wire:"pointer" doc:"d"`
	Struct   *inner            `wire:"struct" doc:"d"`
	Map      map[string]int    `wire:"map" doc:"d"`
	Maps     map[string]inner  `wire:"maps" doc:"d"`
	Object   wire.Object       `wire:"object" doc:"d"`
	List     wire.List         `wire:"list" doc:"d"`
	Any      any               `wire:"any" doc:"d"`
	Raw      wire.Raw          `wire:"raw" doc:"d"`
	Number   wire.Number       `wire:"num" doc:"d"`
	Token    wire.Token        `wire:"token" doc:"d"`
	Ignored  int               `wire:"-"`
	Levels   map[level][]level `wire:"levels" doc:"d"`
}

func bindJSON(t *testing.T, params string, dst any) error {
	t.Helper()
	m, err := wire.Decode(wire.JSON, []byte(`["m",`+params+`]`), wire.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return m.Unmarshal(dst)
}

func TestBind(t *testing.T) {
	seven := 7
	tests := []struct {
		name, params string
		want         wide
	}{
		{"nothing", `{}`, wide{}},
		{"names differ by case", `{"Password":"a","password":"b","PASSWORD":"c"}`, wide{Password: "a", Lower: "b"}},
		{"embedded struct", `{"kind":"x"}`, wide{base: base{"x"}}},
		{"unknown fields", `{"x":[1,{"y":"}]\""}],"int":1,"z":null,"Ignored":3,"-":4}`, wide{Int: 1}},
		{"escaped key", `{"\u0069nt":1}`, wide{Int: 1}},
		{"any order", `{"flag":true,"int":5,"Password":"x"}`, wide{Flag: true, Int: 5, Password: "x"}},
		{"the last of doubled keys", `{"int":1,"texts":["a","b"],"int":2,"texts":["c"]}`, wide{Int: 2, Texts: []string{"c"}}},
		{"doubled keys of structs", `{"inner":{"number":"1","line":5},"inner":{"number":"2"}}`, wide{Inner: inner{Number: "2"}}},
		{"text from text", `{"password":"\u0416\n\ud83d\ude00\ud800"}`, wide{Lower: "Ж\n😀\uFFFD"}},
		{"text from a number", `{"password":1.50}`, wide{Lower: "1.50"}},
		{"text from a flag", `{"password":true,"Password":false}`, wide{Lower: "1", Password: "0"}},
		{"text of a named type", `{"level":"x","levels":{"a":["b"],"c":"d"}}`, wide{Level: "x", Levels: map[level][]level{"a": {"b"}, "c": {"d"}}}},
		{"text from a list of one", `{"password":["x"]}`, wide{Lower: "x"}},
		{"flag from a number", `{"flag":1}`, wide{Flag: true}},
		{"flag from zero", `{"flag":0.0}`, wide{}},
		{"flag from text", `{"flag":"True"}`, wide{Flag: true}},
		{"flag from text of a number", `{"flag":" 2 "}`, wide{Flag: true}},
		{"flag from no text", `{"flag":""}`, wide{}},
		{"int from text", `{"int":" 42 "}`, wide{Int: 42}},
		{"int from escaped text", `{"int":"\u0034"}`, wide{Int: 4}},
		{"int from a flag", `{"int":true}`, wide{Int: 1}},
		{"int from a fraction that is whole", `{"int":70.0e-1}`, wide{Int: 7}},
		{"int from no text", `{"int":""}`, wide{}},
		{"int from null", `{"int":null}`, wide{}},
		{"ints at their borders", `{"int":-9223372036854775808,"small":-128,"uint":"65535"}`, wide{Int: -1 << 63, Small: -128, Uint: 65535}},
		{"floats", `{"float":"1.5","single":2.5}`, wide{Float: 1.5, Single: 2.5}},
		{"list", `{"texts":["a",1,true,null],"ints":["1",2]}`, wide{Texts: []string{"a", "1", "1", ""}, Ints: []int{1, 2}}},
		{"list from one", `{"texts":"a","ints":5}`, wide{Texts: []string{"a"}, Ints: []int{5}}},
		{"list from an object", `{"inners":{"number":"1"}}`, wide{Inners: []inner{{Number: "1"}}}},
		{"list from nothing", `{"texts":"","ints":null,"inners":[]}`, wide{}},
		{"list of lists", `{"matrix":[[1,2],3,[]]}`, wide{Matrix: [][]int{{1, 2}, {3}, nil}}},
		{"structs", `{"inner":{"line":2,"number":"1"},"inners":[{"number":"2"},{"line":"3","number":3}]}`,
			wide{Inner: inner{"1", 2}, Inners: []inner{{"2", 0}, {"3", 3}}}},
		{"struct from a list of one", `{"inner":[{"number":"1"}]}`, wide{Inner: inner{Number: "1"}}},
		{"pointers", `{"pointer":"7","struct":{"number":"1"}}`, wide{Pointer: &seven, Struct: &inner{Number: "1"}}},
		{"pointers to nothing", `{"pointer":null,"struct":null}`, wide{}},
		{"maps", `{"map":{"a":"1","":2,"a":3},"maps":{"x":{"number":"1"}}}`, wide{Map: map[string]int{"a": 3, "": 2}, Maps: map[string]inner{"x": {Number: "1"}}}},
		{"PHP's empty objects", `{"map":[],"object":[]}`, wide{Map: map[string]int{}}},
		{"trees", `{"object":{"b":[1],"a":"x"},"list":[1,{}],"any":{"k":false}}`,
			wide{Object: wire.Object{{"b", wire.List{wire.Number("1")}}, {"a", "x"}}, List: wire.List{wire.Number("1"), wire.Object{}}, Any: wire.Object{{"k", false}}}},
		{"trees from others", `{"object":null,"list":"x","any":null}`, wide{List: wire.List{"x"}}},
		{"verbatim", `{"raw": {"a" : [ 1 ]} ,"num":"1.50","token":0.10}`, wide{Raw: wire.Raw(`{"a" : [ 1 ]}`), Number: "1.50", Token: "0.10"}},
		{"token of text", `{"token":"0.12"}`, wide{Token: `"0.12"`}},
		{"token of null", `{"token":null}`, wide{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got wide
			if err := bindJSON(t, tt.params, &got); err != nil || !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %+v, %v, want %+v", got, err, tt.want)
			}
		})
	}
}

func TestBindRefuses(t *testing.T) {
	tests := []struct{ name, params, want string }{
		{"text from an object", `{"password":{}}`, `field "password" must be text`},
		{"text from a list", `{"password":["a","b"]}`, `field "password" must be text`},
		{"text from an empty list", `{"password":[]}`, `field "password" must be text`},
		{"flag from a word", `{"flag":"maybe"}`, `field "flag" must be true or false`},
		{"int from a word", `{"int":"seven"}`, `field "int" must be a whole number`},
		{"int from a fraction", `{"int":1.5}`, `field "int" must be a whole number`},
		{"int out of range", `{"small":128}`, `field "small" must be a whole number`},
		{"int beyond 64 bits", `{"int":9223372036854775808}`, `field "int" must be a whole number`},
		{"int of a huge exponent", `{"int":1e400}`, `field "int" must be a whole number`},
		{"uint below zero", `{"uint":-1}`, `field "uint" must be a whole number, not below zero`},
		{"float from hexadecimal", `{"float":"0x1p4"}`, `field "float" must be a number`},
		{"float from infinity", `{"float":"inf"}`, `field "float" must be a number`},
		{"single out of range", `{"single":1e300}`, `field "single" must be a number`},
		{"number from a word", `{"num":"x"}`, `field "num" must be a number`},
		{"struct from text", `{"inner":"x"}`, `field "inner" must be an object`},
		{"struct from a list of two", `{"inner":[{"number":"1"},{"number":"2"}]}`, `field "inner" must be an object`},
		{"map from text", `{"map":"x"}`, `field "map" must be an object`},
		{"map from a list", `{"map":[1]}`, `field "map" must be an object`},
		{"tree from a number", `{"object":1}`, `field "object" must be an object`},
		{"required field is not there", `{"inner":{"line":1}}`, `field "inner.number" is missing`},
		{"required field is null", `{"inner":{"number":null}}`, `field "inner.number" is missing`},
		{"required field is empty", `{"inner":{"number":""}}`, `field "inner.number" is missing`},
		{"required in PHP's empty object", `{"struct":[]}`, `field "struct.number" is missing`},
		{"deep inside", `{"inners":[{"number":"1"},{"number":"2","line":"x"}]}`, `field "inners[1].line" must be a whole number`},
		{"list of lists", `{"matrix":[[1],[2,"x"]]}`, `field "matrix[1][1]" must be a whole number`},
		{"inside a map", `{"maps":{"a b":{"number":[]}}}`, `field "maps.a b.number" must be text`},
		{"long path", `{"map":{"` + strings.Repeat("я", 500) + `":"x"}}`, ``},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var in wide
			err := bindJSON(t, tt.params, &in)
			var e *wire.Error
			if !errors.As(err, &e) || e.Code != 400 || tt.want != "" && e.Text != tt.want {
				t.Fatalf("got %v, want %s", err, tt.want)
			}
			if len(e.Text) > 300 {
				t.Errorf("the error has %d bytes", len(e.Text))
			}
		})
	}
}

// TestBindXML: everything is text there, and a list may be one element or the same one again.
func TestBindXML(t *testing.T) {
	tests := []struct {
		name, params string
		want         wide
	}{
		{"scalars without types", `<property_simple key="int" value="7"/><property_simple key="flag" value="1"/><property_simple key="float" value="1.5"/>`, wide{Int: 7, Flag: true, Float: 1.5}},
		{"one element for a list", `<property_simple key="texts" value="a"/>`, wide{Texts: []string{"a"}}},
		{"repeated elements for a list", `<property_simple key="texts" value="a"/><property_simple key="int" value="1"/><property_simple key="texts" value="b"/>`, wide{Texts: []string{"a", "b"}, Int: 1}},
		{"repeated sets", `<property_set name="inners"><property_simple key="number" value="1"/></property_set><property_set name="inners"><property_simple key="number" value="2"/></property_set>`, wide{Inners: []inner{{Number: "1"}, {Number: "2"}}}},
		{"repeated elements for a tree", `<property_simple key="list" value="a"/><property_simple key="list" value="b"/>`, wide{List: wire.List{"a", "b"}}},
		{"collection of one for a set", `<property_collection name="inner" count="1"><property_set><property_simple key="number" value="1"/></property_set></property_collection>`, wide{Inner: inner{Number: "1"}}},
		{"collection", `<property_collection name="ints" count="2"><property_simple key="" value="1"/><property_simple key="" value="2"/></property_collection>`, wide{Ints: []int{1, 2}}},
		{"empty text for a set", `<property_simple key="map" value=""/>`, wide{Map: map[string]int{}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m, err := wire.Decode(wire.XML, []byte(wrap(tt.params)), wire.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			var got wide
			if err := m.Unmarshal(&got); err != nil || !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %+v, %v, want %+v", got, err, tt.want)
			}
		})
	}
}

func TestBindKeepsDefaults(t *testing.T) {
	in := wide{Int: 5, Texts: []string{"a"}, Inner: inner{Line: 1}, Float: 2}
	if err := bindJSON(t, `{"inner":{"number":"1"},"float":null}`, &in); err != nil {
		t.Fatal(err)
	}
	want := wide{Int: 5, Texts: []string{"a"}, Inner: inner{"1", 1}}
	if !reflect.DeepEqual(in, want) {
		t.Errorf("got %+v, want %+v", in, want)
	}
}

func TestBindOthersThanStructs(t *testing.T) {
	var tree wire.Object
	if err := bindJSON(t, `{"b":1,"a":2}`, &tree); err != nil || len(tree) != 2 || tree[0].Key != "b" {
		t.Errorf("got %v, %v", tree, err)
	}
	var m map[string]string
	if err := bindJSON(t, `{"b":1}`, &m); err != nil || m["b"] != "1" {
		t.Errorf("got %v, %v", m, err)
	}
	var raw wire.Raw
	if err := bindJSON(t, `{"b": 1}`, &raw); err != nil || string(raw) != `{"b": 1}` {
		t.Errorf("got %s, %v", raw, err)
	}
}

// TestBindMisused: mistakes of our own are plain errors, no reply may come from them.
func TestBindMisused(t *testing.T) {
	type loop struct {
		Next []loop `wire:"next"`
	}
	for _, dst := range []any{nil, wide{}, (*wide)(nil), new(chan int), new(loop), new(struct{ Untagged int })} {
		err := bindJSON(t, `{}`, dst)
		var e *wire.Error
		if err == nil || errors.As(err, &e) {
			t.Errorf("%T: got %v, want a plain error", dst, err)
		}
	}
}
