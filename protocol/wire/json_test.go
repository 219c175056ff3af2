package wire_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/octolink/octolink/protocol/wire"
)

func nested(n int) string {
	return `["x",{"a":` + strings.Repeat("[", n) + strings.Repeat("]", n) + `}]`
}

// refusedFrames are not messages.
var refusedFrames = []struct{ name, frame string }{
	{"nothing", ``},
	{"blanks", "  \n"},
	{"object", `{"a":1}`},
	{"text", `"ping"`},
	{"empty list", `[]`},
	{"name is a number", `[1,{}]`},
	{"empty name", `["",{}]`},
	{"params are text", `["ping","x"]`},
	{"params are null", `["ping",null]`},
	{"params are a list", `["ping",[1]]`},
	{"third element", `["ping",{},1]`},
	{"trailing comma", `["ping",{},]`},
	{"trailing junk", `["ping",{}] x`},
	{"two messages", `["ping",{}]["ping",{}]`},
	{"unclosed", `["ping",{}`},
	{"unclosed object", `["ping",{"a":1`},
	{"unclosed text", `["ping",{"a":"1`},
	{"comma in object", `["ping",{"a":1,}]`},
	{"comma in list", `["ping",{"a":[1,]}]`},
	{"comma first", `["ping",{,"a":1}]`},
	{"key without quotes", `["ping",{a:1}]`},
	{"no colon", `["ping",{"a" 1}]`},
	{"no value", `["ping",{"a":}]`},
	{"wrong bracket", `["ping",{"a":[1}}]`},
	{"single quotes", `['ping',{}]`},
	{"leading zero", `["ping",{"a":01}]`},
	{"plus", `["ping",{"a":+1}]`},
	{"bare minus", `["ping",{"a":-}]`},
	{"bare point", `["ping",{"a":1.}]`},
	{"no digit before the point", `["ping",{"a":.5}]`},
	{"bare exponent", `["ping",{"a":1e}]`},
	{"hexadecimal", `["ping",{"a":0x10}]`},
	{"infinity", `["ping",{"a":Infinity}]`},
	{"not a number", `["ping",{"a":NaN}]`},
	{"cut word", `["ping",{"a":tru}]`},
	{"longer word", `["ping",{"a":trueish}]`},
	{"unknown escape", `["ping",{"a":"\x"}]`},
	{"short escape", `["ping",{"a":"\u12"}]`},
	{"escape at the end", `["ping",{"a":"\`},
	{"line end in text", "[\"ping\",{\"a\":\"\n\"}]"},
	{"zero byte", "[\"ping\",{\"a\":\"\x00\"}]"},
	{"zero byte behind", "[\"ping\",{}]\x00"},
	{"not UTF-8", "[\"ping\",{\"a\":\"\xff\"}]"},
	{"overlong UTF-8", "[\"ping\",{\"a\":\"\xc0\xaf\"}]"},
	{"surrogate in UTF-8", "[\"ping\",{\"a\":\"\xed\xa0\x80\"}]"},
	{"not UTF-8 in a key", "[\"ping\",{\"\xff\":1}]"},
	{"byte order mark", "\uFEFF[\"ping\",{}]"},
	{"comment", `["ping",{}/**/]`},
	{"too deep", nested(31)},
	{"very deep", nested(100000)},
}

func TestFramesThatAreNotMessages(t *testing.T) {
	for _, tt := range refusedFrames {
		t.Run(tt.name, func(t *testing.T) {
			m, err := wire.Decode(wire.JSON, []byte(tt.frame), wire.Limits{})
			var e *wire.Error
			if !errors.As(err, &e) || e.Code != 400 || e.Text == "" {
				t.Errorf("got %+v, %v, want an error with code 400", m, err)
			}
			if len(e.Error()) > 300 {
				t.Errorf("the error has %d bytes", len(e.Error()))
			}
		})
	}
}

func TestFramesWithOddForms(t *testing.T) {
	tests := []struct {
		name, frame string
		want        wire.Message
	}{
		{"no params", `["ping"]`, wire.Message{Name: "ping"}},
		{"PHP's empty object", `["ping",[]]`, wire.Message{Name: "ping"}},
		{"PHP's empty object with blanks", ` [ "ping" , [ ] ] `, wire.Message{Name: "ping"}},
		{"capital letters", `["GetVersion",{}]`, wire.Message{Name: "getversion"}},
		{"letters of other alphabets", `["ПИНГ",{}]`, wire.Message{Name: "пинг"}},
		{"escaped name", `["p\u0069ng",{}]`, wire.Message{Name: "ping"}},
		{"escaped keys", `["a",{"q\u0069d":"1","user\u006cogin":"x"}]`, wire.Message{Name: "a", QID: `"1"`, UserLogin: "x"}},
		{"qid in other capitals is another key", `["a",{"QID":"1","Qid":2}]`, wire.Message{Name: "a"}},
		{"qid deeper down", `["a",{"b":{"qid":"1"}}]`, wire.Message{Name: "a"}},
		{"qid keeps its escapes", `["a",{"qid":"\u0031\/"}]`, wire.Message{Name: "a", QID: `"\u0031\/"`}},
		{"qid keeps its digits", `["a",{"qid":1.50e1}]`, wire.Message{Name: "a", QID: `1.50e1`}},
		{"qid is null", `["a",{"qid":null}]`, wire.Message{Name: "a"}},
		{"qid is an object", `["a",{"qid":{}}]`, wire.Message{Name: "a"}},
		{"the last of doubled keys", `["a",{"qid":1,"qid":2,"userlogin":"x","userlogin":"y"}]`, wire.Message{Name: "a", QID: "2", UserLogin: "y"}},
		{"login is a number", `["a",{"userlogin":101}]`, wire.Message{Name: "a", UserLogin: "101"}},
		{"login is null", `["a",{"userlogin":null,"userid":{}}]`, wire.Message{Name: "a"}},
		{"escaped login", `["a",{"userlogin":"\u0438\ud83d\ude00"}]`, wire.Message{Name: "a", UserLogin: "и😀"}},
		{"half a surrogate pair", `["a",{"userlogin":"x\ud83d!","userid":"\ude00\ud83d"}]`, wire.Message{Name: "a", UserLogin: "x\uFFFD!", UserID: "\uFFFD\uFFFD"}},
		{"blanks everywhere", " [\t\"a\"\r\n, { \"qid\" : \"1\" , \"b\" : [ 1 , { } ] } ]\n", wire.Message{Name: "a", QID: `"1"`}},
		{"as deep as allowed", nested(30), wire.Message{Name: "x"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m, err := wire.Decode(wire.JSON, []byte(tt.frame), wire.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			got := wire.Message{Name: m.Name, QID: m.QID, UserLogin: m.UserLogin, UserID: m.UserID}
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
			if _, err := m.Tree(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestDepthLimit(t *testing.T) {
	for _, f := range []wire.Format{wire.JSON, wire.XML} {
		for _, limit := range []int{3, 5, 40, 1000} {
			m, err := wire.Decode(wire.JSON, []byte(nested(limit-2)), wire.Limits{Depth: 1000})
			if err != nil {
				t.Fatal(err)
			}
			frame, err := m.AppendTo(nil, f)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := wire.Decode(f, frame, wire.Limits{Depth: limit}); err != nil {
				t.Errorf("%v: depth %d is refused: %v", f, limit, err)
			}
			if _, err := wire.Decode(f, frame, wire.Limits{Depth: limit - 1}); err == nil {
				t.Errorf("%v: depth %d is accepted by the limit %d", f, limit, limit-1)
			}
		}
	}
}

func TestTreeKeepsEverything(t *testing.T) {
	frame := `["a",{"z":1,"a":-0.0e+5,"z":"\u0000\ud800\"\\\/\b\f\n\r\t","":null,"l":[true,false,[],{}],"o":{"b":{}}}]`
	m, err := wire.Decode(wire.JSON, []byte(frame), wire.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	want := wire.Object{
		{"z", wire.Number("1")}, {"a", wire.Number("-0.0e+5")}, {"z", "\x00\uFFFD\"\\/\b\f\n\r\t"}, {"", nil},
		{"l", wire.List{true, false, wire.List{}, wire.Object{}}}, {"o", wire.Object{{"b", wire.Object{}}}},
	}
	got, err := m.Tree()
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %#v, %v, want %#v", got, err, want)
	}
	if v, ok := got.Get("z"); !ok || v != want[2].Value {
		t.Errorf("got %v, %v, want the last of doubled keys", v, ok)
	}
	if v, ok := got.Get("zz"); ok {
		t.Errorf("got %v for a key that is not there", v)
	}
}

func TestCloneOwnsItsBytes(t *testing.T) {
	frame := []byte(`["setuserstate",{"qid":"0.5","userlogin":"anna","userid":"u-1","note":"abc"}]`)
	m, err := wire.Decode(wire.JSON, frame, wire.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	kept := m.Clone()
	clear(frame)
	var in struct {
		Note string `wire:"note"`
	}
	if err := kept.Unmarshal(&in); err != nil || in.Note != "abc" {
		t.Errorf("got %q, %v, want abc", in.Note, err)
	}
	if m.Name != "setuserstate" || m.QID != `"0.5"` || m.UserLogin != "anna" || m.UserID != "u-1" {
		t.Errorf("the envelope changed with the frame: %+v", m)
	}
	if kept.Size() < len(`"anna"`) {
		t.Errorf("got size %d", kept.Size())
	}
}

func TestFormatOf(t *testing.T) {
	tests := []struct {
		subprotocol string
		want        wire.Format
		ok          bool
	}{
		{"json", wire.JSON, true}, {"oktell-JSON.v1", wire.JSON, true}, {"XML", wire.XML, true}, {"", 0, false}, {"mqtt", 0, false},
	}
	for _, tt := range tests {
		if got, ok := wire.FormatOf(tt.subprotocol); got != tt.want || ok != tt.ok {
			t.Errorf("%q: got %v, %v, want %v, %v", tt.subprotocol, got, ok, tt.want, tt.ok)
		}
	}
	if wire.JSON.String() != "json" || wire.XML.String() != "xml" {
		t.Error("the formats have other names")
	}
}
