package wire_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/octolink/octolink/protocol/wire"
)

// xmlSeeds are frames at the borders of the grammar; those of the JSON tests are written as XML.
func xmlSeeds(f *testing.F, add func(frame []byte)) {
	f.Helper()
	seeds(f, func(frame []byte) {
		if m, err := wire.Decode(wire.JSON, frame, wire.Limits{}); err == nil {
			if x, err := m.AppendTo(nil, wire.XML); err == nil {
				add(x)
			}
		}
	})
	for _, frame := range borderFrames {
		add([]byte(frame.frame))
	}
	for _, params := range borderParams {
		add([]byte(wrap(params)))
	}
}

// borderParams are parameters that a scanner of its own could read otherwise than etree.
var borderParams = []string{
	`<property_simple key='"' value='a"b\' type="str"/>`,
	`<property_simple key="a"value="1"type="int"></property_simple >`,
	`<property_simple key = "a" value = "1" / >`,
	`<property_simple key="a" key="b" x:value="1" value="2"/>`,
	`<x:property_simple x:key="a" value="1" x:value="2" value="3"/>`,
	`<x:property_set name="o"><y:property_simple key="a"/></x:property_set>`,
	`<x:property_set name="o"></property_set>`,
	`<x:property_cdata x:key="a" x:type="int" x:keytype="" x:name="n">1</x:property_cdata ><property_collectionx/><property_setx/>`,
	`<property_simple key="a" value="1" type="int"/><property_simple key="b" value="01" type="int" /><property_simple key="c" value="x" />`,
	`<property_simple key="a" value="1" /><property_simple key="b" value="1" type="int" name="one"/><property_simple key="c" value="1"x/>`,
	`<a:b:c/>`, `<:property_simple key="a"/>`, `<property_simple: key="a"/>`, `<-a/>`, `<1a/>`, `<a.b-c_1/>`, `<a :="1"/>`,
	`<я/>`, `<a я="1"/>`, "<\u00d7/>", "<\U00010000/>", "<a\u0300/>", "<\u0300/>", "<?я?>", "<x\u2070:property_simple key=\"a\"/>",
	`<property_simple key="a" value="&#10;&#x0a;&#13;&#x10FFFF;&#0000065;&#xD800;"/>`,
	`<property_simple key="&amp;&lt;&gt;&quot;&apos;" value="&"/>`,
	`&#x110000;`, `&#;`, `&#x;`, `&#xfffe;`, `&#0;`, `&#99999999999999999999;`, `&#x0000000000000000000000000000000000000041;`, `&amp`, `& amp;`, `&я;`, `&AMP;`, `&#X41;`,
	"<property_simple key=\"a\" value=\"1\r\n2\r3\n4\t5\r&#10;6&#13;\n7\"/>",
	"<property_cdata key=\"a\">1\r\n2\r3<!-- -->\n4<?pi?>&lt;</property_cdata>",
	"<property_cdata key=\"a\"><![CDATA[1\r\n2\r]]><![CDATA[\n&lt;]]]]>]<![CDATA[]]></property_cdata>",
	`<property_cdata key="a">x<![CDATA[y]]>z<property_simple key="b">w</property_simple><![CDATA[<v>"\]]></property_cdata>`,
	`<property_simple key="a"><![CDATA[<]]>x</property_simple>`, `<property_simple key="a" value="1">text</property_simple>`,
	`]]>`, `]]&gt;`, `]&#93;>`, `]]`, `<property_simple value="]]>" key="a"/>`, `<property_simple value="<" key="a"/>`, `<property_simple value=">" key="a"/>`,
	"\uFFFD\uFFFC", "\uFFFE", "\uFFFF", "ﾀ", "\x00", "\x7f\u0085\u2028",
	`<!---->`, `<!--->`, `<!-->`, `<!-- -- -->`, `<!-- --->`, "<!--\x01\uFFFF&<-->", `<!- -->`, `<!--`,
	`<?pi ??>`, `<?pi>?>`, `<? pi?>`, `<?1?>`, "<?pi\x01?>", `<?xml version="1.1"?>`, `<?xml version='1.0' encoding='x'?>`, `<?xml version=version="2"?>`, `<?xml version= version='2'?>`, `<?a:b:c?>`,
	`<![CDATA[`, `<![cdata[]]>`, `<![CDATA[]]`, "<![CDATA[\x01]]>", `<![CDATA[]]>`, `<!ELEMENT a>`, `<!DOCTYPE a [<!ENTITY b "c">]>`, `<!`, `<`, `</`, `<a`, `<a b`, `<a b=`, `<a b="`, `<a b="c"`,
	`<property_simple key="a" value=" 1 " type=" int"/><property_simple key="b" value=" 1 " type="INT"/><property_simple key="c" value="&#49;" type="&#105;nt"/>`,
	"<property_simple key=\"a\" value=\"\u00a01\u2003\" type=\"float\"/><property_simple key=\"b\" value=\"TRUE&#10;\" type=\"\u0130nt\"/>",
	`<property_simple key="a" value="" type="null">x</property_simple><property_cdata key="b" type="int"> <![CDATA[ 1 ]]></property_cdata>`,
	"<property_cdata key=\"0Y8=\" keytype=\"base64\" type=\"base64\">0Y8=\u2003&#10;<!-- -->\n</property_cdata>",
	`<property_simple key="a" value="0Y8" type="base64"/>`, `<property_simple key="a" value="AB==" type="base64"/>`, `<a key="?" keytype="base64"/>`, `<property_collection name="l"><property_simple key="?" keytype="base64"/></property_collection>`,
	`<property_simple key="qid" value="1" type="int"/><property_simple key="&#117;serlogin" value="u"/><property_set key="x"><property_simple key="qid" value="2"/></property_set><property_simple key="userid"/>`,
	`<property_collection key="l" count="x"><a><property_simple/></a>t<property_collection/><property_cdata/></property_collection>`,
	strings.Repeat(`<property_set>`, 29) + strings.Repeat(`</property_set>`, 29),
	strings.Repeat(`<property_set>`, 30) + `<property_simple/>` + strings.Repeat(`</property_set>`, 30),
	strings.Repeat(`<property_set>`, 31) + strings.Repeat(`</property_set>`, 31),
	strings.Repeat(`<a>`, 31) + strings.Repeat(`</a>`, 31), strings.Repeat(`<a>`, 32) + strings.Repeat(`</a>`, 32),
}

// borderFrames are whole frames of that kind.
var borderFrames = []struct{ name, frame string }{
	{"text before", `x<oktellxmlmapper><data name="m"/></oktellxmlmapper>`},
	{"section before", `<![CDATA[]]><oktellxmlmapper><data name="m"/></oktellxmlmapper>`},
	{"two marks", "\uFEFF\uFEFF<oktellxmlmapper><data name=\"m\"/></oktellxmlmapper>"},
	{"space of Unicode", "\u00a0<oktellxmlmapper><data name=\"m\"/></oktellxmlmapper>\u2003"},
	{"comment before", `<!-- c --> <?pi?><oktellxmlmapper><data name="m"/></oktellxmlmapper>`},
	{"comment behind", `<oktellxmlmapper><data name="m"/></oktellxmlmapper> <!-- c -->`},
	{"prefixes", `<o:oktellxmlmapper xmlns:o="x"><o:data o:name="m"/></o:oktellxmlmapper>`},
	{"name in base64", `<oktellxmlmapper><data name="AQ==" keytype="base64"/></oktellxmlmapper>`},
	{"name not in base64", `<oktellxmlmapper><data name="?" keytype="base64"/></oktellxmlmapper>`},
	{"two sets", `<oktellxmlmapper><data name="m"><property_set><property_simple key="qid"/></property_set><property_set/></data></oktellxmlmapper>`},
	{"wrong set dropped", `<oktellxmlmapper><data name="m"><property_set><property_simple key="?" keytype="base64"/></property_set><property_set name="&#112;arams"/></data></oktellxmlmapper>`},
	{"sets behind", `<oktellxmlmapper><data name="m"><property_set name="params"><property_simple key="qid" value="1"/></property_set><property_set name="params"/><property_set/></data></oktellxmlmapper>`},
	{"set dropped", `<oktellxmlmapper><data name="m"><property_set><property_simple key="qid" value="1"/></property_set><property_set/><property_set name="params"/></data></oktellxmlmapper>`},
	{"names with quotes", `<oktellxmlmapper><data name='"\Я&#10;'><property_set/>text</data><a/></oktellxmlmapper>`},
	{"set in the root", `<oktellxmlmapper><property_set name="params"/><data name="m"/></oktellxmlmapper>`},
	{"end cut", `<oktellxmlmapper><data name="m"/></oktellxmlmapper`},
	{"end longer", `<oktellxmlmapper><data name="m"/></oktellxmlmapperx>`},
}

// FuzzXMLOracle holds the scanner against etree: both must accept the same frames and read the same.
func FuzzXMLOracle(f *testing.F) {
	xmlSeeds(f, func(frame []byte) { f.Add(frame, byte(0)) })
	xmlSeeds(f, func(frame []byte) { f.Add(frame, byte(4)) })
	f.Fuzz(func(t *testing.T, frame []byte, depth byte) {
		lim := wire.Limits{Depth: int(depth)}
		if depth == 0 {
			depth = 32
		}
		kept := bytes.Clone(frame)
		m, err := wire.Decode(wire.XML, frame, lim)
		if !bytes.Equal(frame, kept) {
			t.Error("the frame was changed")
		}
		if err != nil {
			checkError(t, err)
		}
		name, params, want := etreeMessage(frame, int(depth))
		if errors.Is(want, errNames) {
			return
		}
		if (err == nil) != (want == nil) {
			t.Fatalf("got %v, etree got %v", err, want)
		}
		if err == nil {
			checkMessage(t, m, name, params)
		}
	})
}

// checkMessage compares a message with what it must hold. What it says about itself, the envelope, is
// compared with that of the same message in JSON.
func checkMessage(t *testing.T, m wire.Message, name string, params wire.Object) {
	t.Helper()
	if got := treeOf(t, m); !reflect.DeepEqual(got, params) {
		t.Errorf("got %v, want %v", got, params)
	}
	frame, err := wire.Append(nil, wire.JSON, name, "", params)
	if err != nil {
		t.Fatal(err)
	}
	want, err := wire.Decode(wire.JSON, frame, wire.Limits{Depth: 1000})
	if err != nil {
		t.Fatal(err)
	}
	if m.Name != want.Name || m.QID != want.QID || m.UserLogin != want.UserLogin || m.UserID != want.UserID {
		t.Errorf("got %+v, want %+v", m, want)
	}
}

// TestHostileXML: what a frame costs in allocations does not grow with what is in it.
func TestHostileXML(t *testing.T) {
	tests := []struct{ name, piece string }{
		{"empty elements", `<a/>`},
		{"elements", `<a></a>`},
		{"attributes of elements", `<a b="c" d='e' f:g="h"/>`},
		{"text", `text &lt; &#10; `},
		{"sections", `<![CDATA[x]]>`},
		{"comments", `<!-- -->`},
		{"instructions", `<?xml version="1.0"?>`},
		{"members", `<property_simple key="a" value="b"/>`},
		{"members with references", `<property_simple key="&lt;" value="&gt;" type="&amp;"/>`},
		{"members with sections", `<property_cdata key="a">x<![CDATA[y]]>z<![CDATA[y]]></property_cdata>`},
		{"sets", `<property_set/>`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			frame := []byte(wrap(strings.Repeat(tt.piece, 256<<10/len(tt.piece))))
			allocs := testing.AllocsPerRun(1, func() {
				if _, err := wire.Decode(wire.XML, frame, wire.Limits{}); err != nil {
					t.Fatal(err)
				}
			})
			if allocs > 50 { // a buffer that grows by a quarter each time
				t.Errorf("got %v allocations", allocs)
			}
		})
	}
}

// TestXMLNames: the scanner takes every name that encoding/xml takes, whose last characters are the
// syllables of Korean.
func TestXMLNames(t *testing.T) {
	for r := range rune(0xD800) {
		for _, name := range []string{string(r), "a" + string(r)} {
			frame := []byte(wrap("<" + name + "/>"))
			_, err := wire.Decode(wire.XML, frame, wire.Limits{})
			if err != nil && xml.Unmarshal([]byte("<"+name+"/>"), new(any)) == nil {
				t.Errorf("%U: %v", r, err)
			}
		}
	}
}

// TestXMLDeparts shows where the scanner departs from etree.
func TestXMLDeparts(t *testing.T) {
	tests := []struct {
		name, frame string
		ok          bool
	}{
		{"text before the root", "x" + wrap(``), false},
		{"section before the root", "<![CDATA[]]>" + wrap(``), false},
		{"document type in the root", wrap(`<!DOCTYPE x>`), false},
		{"name of the fifth edition", wrap("<\U00010000/>"), true},
		{"name of no edition", wrap("<\u00d7/>"), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := wire.Decode(wire.XML, []byte(tt.frame), wire.Limits{}); (err == nil) != tt.ok {
				t.Errorf("got %v, want it accepted: %v", err, tt.ok)
			}
		})
	}
}
