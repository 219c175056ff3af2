package wire_test

import (
	"errors"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/octolink/octolink/protocol/wire"
)

// wrap puts parameters into a frame.
func wrap(params string) string {
	return `<oktellxmlmapper><data name="m"><property_set name="params">` + params + `</property_set></data></oktellxmlmapper>`
}

func TestXMLFramesThatAreNotMessages(t *testing.T) {
	tests := []struct{ name, frame string }{
		{"nothing", ``},
		{"blanks", "  \n"},
		{"no XML", `["ping",{}]`},
		{"only a declaration", `<?xml version="1.0"?>`},
		{"other root", `<html><data name="m"/></html>`},
		{"two roots", wrap(``) + wrap(``)},
		{"junk behind", wrap(``) + `x`},
		{"unclosed", `<oktellxmlmapper><data name="m">`},
		{"crossed", `<oktellxmlmapper><data name="m"></oktellxmlmapper></data>`},
		{"no data", `<oktellxmlmapper/>`},
		{"two data", `<oktellxmlmapper><data name="a"/><data name="b"/></oktellxmlmapper>`},
		{"no name", `<oktellxmlmapper><data/></oktellxmlmapper>`},
		{"empty name", `<oktellxmlmapper><data name=""/></oktellxmlmapper>`},
		{"attribute without quotes", `<oktellxmlmapper><data name=m/></oktellxmlmapper>`},
		{"unknown entity", wrap(`<property_simple key="a" value="&boom;"/>`)},
		{"document type", `<!DOCTYPE x [<!ENTITY boom "x">]>` + wrap(``)},
		{"not UTF-8", wrap("<property_simple key=\"a\" value=\"\xff\"/>")},
		{"control character", wrap("<property_simple key=\"a\" value=\"\x01\"/>")},
		{"reference to a control character", wrap(`<property_simple key="a" value="&#1;"/>`)},
		{"not base64", wrap(`<property_cdata key="a" type="base64">?</property_cdata>`)},
		{"base64 of what is not UTF-8", wrap(`<property_cdata key="a" type="base64">/w==</property_cdata>`)},
		{"key is not base64", wrap(`<property_simple key="?" keytype="base64" value=""/>`)},
		{"too deep", wrap(strings.Repeat(`<property_set name="a">`, 31) + strings.Repeat(`</property_set>`, 31))},
		{"unknown elements too deep", wrap(strings.Repeat(`<a>`, 40) + strings.Repeat(`</a>`, 40))},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m, err := wire.Decode(wire.XML, []byte(tt.frame), wire.Limits{})
			var e *wire.Error
			if !errors.As(err, &e) || e.Code != 400 || e.Text == "" {
				t.Errorf("got %+v, %v, want an error with code 400", m, err)
			}
		})
	}
}

func TestXMLParameters(t *testing.T) {
	tests := []struct{ name, params, want string }{
		{"none", ``, `{}`},
		{"text", `<property_simple key="a" value="x y"/>`, `{"a":"x y"}`},
		{"symbolic name is for people", `<property_simple key="state" value="1" name="usReady"/>`, `{"state":"1"}`},
		{"entities", `<property_simple key="a" value="&lt;&amp;&gt;&quot;&apos;&#x44f;"/>`, `{"a":"<&>\"'я"}`},
		{"types", `<property_simple key="i" value="7" type="int"/><property_simple key="f" value="1.50" type="float"/><property_simple key="b" value="1" type="bool"/><property_simple key="n" value="" type="null"/><property_simple key="s" value="1" type="str"/>`,
			`{"i":7,"f":1.50,"b":true,"n":null,"s":"1"}`},
		{"words for flags", `<property_simple key="a" value="True" type="bool"/><property_simple key="b" value="false" type="BOOL"/>`, `{"a":true,"b":false}`},
		{"types that lie", `<property_simple key="i" value="007" type="int"/><property_simple key="b" value="maybe" type="bool"/>`, `{"i":"007","b":"maybe"}`},
		{"unknown type", `<property_simple key="a" value="1" type="guid"/>`, `{"a":"1"}`},
		{"value as text", `<property_simple key="a">x</property_simple>`, `{"a":"x"}`},
		{"section", `<property_cdata key="a"><![CDATA[<b>&amp;]]></property_cdata>`, `{"a":"<b>&amp;"}`},
		{"two sections", `<property_cdata key="a"><![CDATA[a]]]]><![CDATA[>b]]></property_cdata>`, `{"a":"a]]>b"}`},
		{"blanks around a section", "<property_cdata key=\"a\">\n  <![CDATA[ x ]]>\n</property_cdata>", `{"a":" x "}`},
		{"section of blanks", "<property_cdata key=\"a\">\n<![CDATA[\n]]>\n</property_cdata>", `{"a":"\n"}`},
		{"no section", `<property_cdata key="a"> x&lt; </property_cdata>`, `{"a":" x< "}`},
		{"base64", "<property_cdata key=\"a\" type=\"base64\">\n<![CDATA[AA\n0=]]></property_cdata>", `{"a":"\u0000\r"}`},
		{"base64 key", `<property_simple key="AQ==" keytype="base64" value="1"/>`, `{"\u0001":"1"}`},
		{"set", `<property_set name="o"><property_simple key="a" value="1"/></property_set>`, `{"o":{"a":"1"}}`},
		{"set with a key", `<property_set key="o"/>`, `{"o":{}}`},
		{"collection", `<property_collection name="l" count="9"><property_simple key="" value="1"/><property_set/><property_collection/></property_collection>`, `{"l":["1",{},[]]}`},
		{"unknown elements", `<a/>text<property_simple key="a" value="1"/><!-- c --><?pi?><b><property_simple key="b"/></b>`, `{"a":"1"}`},
		{"doubled", `<property_simple key="a" value="1"/><property_simple key="a" value="2"/>`, `{"a":"1","a":"2"}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m, err := wire.Decode(wire.XML, []byte(wrap(tt.params)), wire.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			got, err := m.AppendTo(nil, wire.JSON)
			if want := `["m",` + tt.want + `]`; err != nil || string(got) != want {
				t.Errorf("got %s, %v, want %s", got, err, want)
			}
		})
	}
}

func TestXMLFramesWithOddForms(t *testing.T) {
	inside := `<data name="Ping"><property_set name="params"><property_simple key="qid" value="7"/></property_set></data>`
	tests := []struct{ name, frame string }{
		{"declared as utf-16, in fact utf-8", `<?xml version="1.0" encoding="utf-16"?><oktellxmlmapper version="80710">` + inside + `</oktellxmlmapper>`},
		{"declared as windows-1251", `<?xml version="1.0" encoding="windows-1251"?><oktellxmlmapper>` + inside + `</oktellxmlmapper>`},
		{"byte order mark", "\uFEFF<oktellxmlmapper>" + inside + `</oktellxmlmapper>`},
		{"line ends around", "\r\n<oktellxmlmapper>\r\n" + inside + "\r\n</oktellxmlmapper>\r\n"},
		{"only one set, without a name", `<oktellxmlmapper><data name="ping"><property_set><property_simple key="qid" value="7"/></property_set></data></oktellxmlmapper>`},
		{"other sets before", `<oktellxmlmapper><data name="ping"><property_set name="x"/><property_set name="params"><property_simple key="qid" value="7"/></property_set></data></oktellxmlmapper>`},
		{"comment at the end", `<oktellxmlmapper>` + inside + `<!-- end --></oktellxmlmapper>`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m, err := wire.Decode(wire.XML, []byte(tt.frame), wire.Limits{})
			if err != nil || m.Name != "ping" || m.QID != `"7"` {
				t.Errorf("got %+v, %v, want ping with the qid 7", m, err)
			}
		})
	}
}

// TestTextsThroughXML puts texts at the borders of what XML carries on the way, at every place in the
// reader's buffers.
func TestTextsThroughXML(t *testing.T) {
	texts := []string{
		"", " ", "  x  ", "\n", " \n ", "\t", "\r", "\r\n", "a\rb", "<", ">", "&", "'", `"`, `\`, "]]>", "]]>]]>", "a]]", "]", "<![CDATA[x]]>",
		"&amp;", "&#10;", "\x00", "\x1f", "\x7f", "\u0085", "\u2028", "\uFEFF", "\uFFFD", "\uFFFE", "\uFFFF", "\uD7FF\uE000", "😀", "😀\n]]>\x01",
		"ﾟ", "\uF000\n", strings.Repeat("абв\n", 3000),
	}
	for _, pad := range []int{0, 1, 4095, 4096} {
		for _, text := range texts {
			want := wire.Object{{"pad", strings.Repeat("p", pad)}, {text, text}, {"o" + text, wire.Object{{text, wire.List{text}}}}, {"l" + text, wire.List{text, text}}}
			frame, err := wire.Append(nil, wire.XML, "name"+text, "", want)
			if err != nil {
				t.Fatal(err)
			}
			m, err := wire.Decode(wire.XML, frame, wire.Limits{})
			if err != nil {
				t.Fatalf("%q: %v in %s", text, err, frame)
			}
			if got, err := m.Tree(); err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("got %q, %v, want %q", got, err, want)
			}
			if name := strings.ToLower("name" + text); m.Name != name {
				t.Errorf("got the name %q, want %q", m.Name, name)
			}
		}
	}
}

// TestSectionsAtBufferBorders: etree finds CDATA sections by a look back into its reader's buffer.
func TestSectionsAtBufferBorders(t *testing.T) {
	want := wire.Object{{"pad", ""}}
	for i := range 40 {
		want = append(want, wire.Member{Key: strconv.Itoa(i), Value: " \n "})
	}
	for pad := range 4200 {
		if pad > 150 && pad < 3950 {
			continue
		}
		want[0].Value = strings.Repeat("p", pad)
		frame, err := wire.Append(nil, wire.XML, "m", "", want)
		if err != nil {
			t.Fatal(err)
		}
		frame = []byte(strings.ReplaceAll(string(frame), "]]></property_cdata>", "]]>\n</property_cdata>"))
		m, err := wire.Decode(wire.XML, frame, wire.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := m.Tree(); err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("pad %d: got %q, %v", pad, got, err)
		}
	}
}
