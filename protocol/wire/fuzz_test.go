package wire_test

import (
	"bytes"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/octolink/octolink/protocol/wire"
)

// seeds gives every frame of the other tests to a fuzz target.
func seeds(f *testing.F, add func(frame []byte)) {
	f.Helper()
	for _, c := range captured {
		add([]byte(c.frame))
	}
	for _, c := range refusedFrames {
		if len(c.frame) < 1000 {
			add([]byte(c.frame))
		}
	}
	for _, frame := range []string{
		`["a",{"s":"\ud83d\ude00\ud800\udc00\ud800x\u0000\r\n\t]]>&<","\u0001":{"\ud800":[[],{},"",null,true,-0.0e+5,1E9]},"l":["\n",["a"]]}]`,
		"[\"a\",{\"\u2028\":\"\uFFFE\uFFFF\uFFFD\",\"\":\"\",\"a\":1,\"a\":2}]",
		nested(30), nested(31), ` [ "A" , [ ] ] `, `["a"]`,
	} {
		add([]byte(frame))
	}
}

func treeOf(t *testing.T, m wire.Message) wire.Object {
	t.Helper()
	tree, err := m.Tree()
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

// FuzzJSON holds the decoder against encoding/json: both must accept the same frames and read the same.
func FuzzJSON(f *testing.F) {
	seeds(f, func(frame []byte) { f.Add(frame) })
	f.Fuzz(func(t *testing.T, frame []byte) {
		kept := bytes.Clone(frame)
		m, err := wire.Decode(wire.JSON, frame, wire.Limits{})
		want := standard(frame)
		if (err == nil) != (want != nil) {
			t.Fatalf("got %v, encoding/json got %v", err, want)
		}
		if err != nil {
			checkError(t, err)
			return
		}
		tree := treeOf(t, m)
		if got := loose(tree); !reflect.DeepEqual(got, want[1]) {
			t.Errorf("got %v, want %v", got, want[1])
		}
		if name := strings.ToLower(want[0].(string)); m.Name != name {
			t.Errorf("got the name %q, want %q", m.Name, name)
		}
		checkEnvelope(t, m, want[1].(map[string]any))
		again, err := wire.Append(nil, wire.JSON, m.Name, "", tree)
		if err != nil {
			t.Fatal(err)
		}
		if got := treeOf(t, decode(t, wire.JSON, again)); !reflect.DeepEqual(got, tree) {
			t.Errorf("encoded and decoded: got %v, want %v", got, tree)
		}
		if !bytes.Equal(frame, kept) {
			t.Error("the frame was changed")
		}
	})
}

// FuzzXML: what is read from XML is the same when it is written in either format and read again.
func FuzzXML(f *testing.F) {
	seeds(f, func(frame []byte) {
		if m, err := wire.Decode(wire.JSON, frame, wire.Limits{}); err == nil {
			if x, err := m.AppendTo(nil, wire.XML); err == nil {
				f.Add(x)
			}
		}
	})
	for _, params := range []string{
		`<property_simple key="a" value="&lt;&#10;" type="float"/><property_cdata key="b" type="base64">AA==</property_cdata>`,
		"<property_cdata key=\"a\">\n <![CDATA[ x ]]> <![CDATA[]]>\n</property_cdata><!-- c --><?pi?>",
		`<property_set key="o" keytype="base64"/><property_collection name="l"><property_set/><property_simple/></property_collection>`,
	} {
		f.Add([]byte("<?xml version=\"1.0\" encoding=\"utf-16\"?>\r\n" + wrap(params) + "\n"))
	}
	f.Fuzz(func(t *testing.T, frame []byte) {
		m, err := wire.Decode(wire.XML, frame, wire.Limits{})
		if err != nil {
			checkError(t, err)
			return
		}
		tree := treeOf(t, m)
		for _, format := range []wire.Format{wire.JSON, wire.XML} {
			again, err := m.AppendTo(nil, format)
			if err != nil {
				t.Fatal(err)
			}
			back := decode(t, format, again)
			if got := treeOf(t, back); !reflect.DeepEqual(got, tree) {
				t.Errorf("%v: got %v, want %v", format, got, tree)
			}
			if back.Name != m.Name || back.QID != m.QID || back.UserLogin != m.UserLogin || back.UserID != m.UserID {
				t.Errorf("%v: got %+v, want %+v", format, back, m)
			}
		}
	})
}

// FuzzRoundTrip: JSON → XML → JSON keeps the tree of every message; only halves of surrogate pairs are
// replaced, by the first decoder.
func FuzzRoundTrip(f *testing.F) {
	seeds(f, func(frame []byte) { f.Add(frame) })
	f.Fuzz(func(t *testing.T, frame []byte) {
		m, err := wire.Decode(wire.JSON, frame, wire.Limits{})
		if err != nil {
			return
		}
		tree := treeOf(t, m)
		x, err := wire.Append(nil, wire.XML, m.Name, "", tree)
		if err != nil {
			t.Fatal(err)
		}
		fromXML := decode(t, wire.XML, x)
		j, err := wire.Append(nil, wire.JSON, fromXML.Name, "", treeOf(t, fromXML))
		if err != nil {
			t.Fatal(err)
		}
		back := decode(t, wire.JSON, j)
		if got := treeOf(t, back); !reflect.DeepEqual(got, tree) {
			t.Errorf("got %v, want %v, by %s", got, tree, x)
		}
		if back.Name != m.Name || back.UserLogin != m.UserLogin || back.UserID != m.UserID || (back.QID == "") != (m.QID == "") {
			t.Errorf("got %+v, want %+v", back, m)
		}
		replyWith(t, m)
	})
}

// replyWith checks that a reply in either format is well formed whatever the name and the qid are.
func replyWith(t *testing.T, m wire.Message) {
	t.Helper()
	for _, format := range []wire.Format{wire.JSON, wire.XML} {
		frame, err := wire.Append(nil, format, m.Name, m.QID, wire.Object{{"result", 1}})
		if err != nil {
			t.Fatal(err)
		}
		back := decode(t, format, frame)
		if back.Name != m.Name || format == wire.JSON && back.QID != m.QID || (back.QID == "") != (m.QID == "") {
			t.Errorf("%v: got %+v, want %+v", format, back, m)
		}
	}
}

// FuzzBind binds whatever there is to a struct with fields of every kind. What was bound must come
// back the same after it was encoded.
func FuzzBind(f *testing.F) {
	for _, params := range []string{
		`{"Password":"a","password":1.5,"flag":"1","int":"7","small":true,"uint":7.0,"float":"1e3","single":"","kind":"x","level":null}`,
		`{"texts":["a",1,"",null],"ints":"5","inner":[{"number":"1"}],"inners":[{"number":1,"line":"2"}],"matrix":[[1],2,[]]}`,
		`{"pointer":0,"struct":{"number":"1"},"map":{"a":1,"":"2"},"maps":{"x":{"number":"1"}},"levels":{"a":["b"]}}`,
		`{"object":{"a":[1.0,{"b":null}]},"list":"x","any":{"x":[]},"raw":[ 1 , "\u0041"],"num":-0.0,"token":"\u0031"}`,
		`{"object":[],"list":null,"any":"","raw":null,"num":"","token":{},"map":[]}`,
		`{"\u0069nt":1,"int":2,"texts":["a"],"texts":["b"],"unknown":{"a":["]}\""]}}`,
	} {
		f.Add([]byte(params), false)
		f.Add([]byte(params), true)
	}
	f.Fuzz(func(t *testing.T, params []byte, throughXML bool) {
		m, err := wire.Decode(wire.JSON, slicesOf(`["m",`, string(params), `]`), wire.Limits{})
		if err != nil {
			return
		}
		if throughXML {
			x, err := m.AppendTo(nil, wire.XML)
			if err != nil {
				t.Fatal(err)
			}
			m = decode(t, wire.XML, x)
		}
		var first wide
		if err := m.Unmarshal(&first); err != nil {
			checkError(t, err)
			return
		}
		for _, format := range []wire.Format{wire.JSON, wire.XML} {
			frame, err := wire.Append(nil, format, "m", "", &first)
			if err != nil {
				t.Fatal(err)
			}
			var second wide
			if err := decode(t, format, frame).Unmarshal(&second); err != nil {
				if first.Inner.Number == "" {
					continue // absent was all right, empty is not
				}
				t.Fatalf("%v in %s", err, frame)
			}
			if got, want := canonical(t, &second), canonical(t, &first); got != want {
				t.Errorf("%v: got %s, want %s", format, got, want)
			}
		}
	})
}

func slicesOf(parts ...string) []byte { return []byte(strings.Join(parts, "")) }

// canonical is a value as JSON, blanks and escapes of raw values made equal.
func canonical(t *testing.T, v *wide) string {
	t.Helper()
	frame, err := wire.Append(nil, wire.JSON, "m", "", v)
	if err != nil {
		t.Fatal(err)
	}
	again, err := wire.Append(nil, wire.JSON, "m", "", treeOf(t, decode(t, wire.JSON, frame)))
	if err != nil {
		t.Fatal(err)
	}
	return string(again)
}

// FuzzJoiner splits a message and sends the parts in the order that the bytes of order choose, some
// twice, some never, with parts of other messages between. A message comes whole or not at all, and
// what is held stays within the bounds.
func FuzzJoiner(f *testing.F) {
	f.Add([]byte(`["a",{"b":"яяя😀"}]`), 8, []byte{0, 1, 2, 3, 4, 5})
	f.Add([]byte(`["a",{"b":"aaaaaaaaaaaaaaaaaaaaaaaaa"}]`), 12, []byte{5, 3, 3, 1, 0xF0, 0xF1, 0, 2, 4, 0xF2, 6, 7})
	f.Add(bytes.Repeat([]byte("\xff\x80"), 40), 1, []byte{1, 0})
	f.Fuzz(func(t *testing.T, message []byte, limit int, order []byte) {
		if len(message) > 1<<12 || len(order) > 1<<10 {
			return
		}
		frames := wire.Split(wire.JSON, message, limit, "id")
		if len(frames) == 1 {
			return
		}
		j := wire.Joiner{MaxBytes: 2048, MaxMessages: 3}
		for _, at := range order {
			m := decode(t, wire.JSON, frames[int(at)%len(frames)])
			if at >= 0xF0 { // a part of another message
				m = partOf(t, strconv.Itoa(int(at)), 2+int(at&1), int(at>>1&1))
			}
			whole, done, err := j.Add(m)
			if err != nil {
				checkError(t, err)
			}
			if messages, held := j.Unfinished(); messages > 3 || held > 2048 {
				t.Fatalf("%d messages and %d bytes are held", messages, held)
			}
			if done && at < 0xF0 && !bytes.Equal(whole, message) {
				t.Fatalf("got %q, want %q", whole, message)
			}
		}
		joinAll(t, frames, message)
	})
}

// joinAll sends every part once.
func joinAll(t *testing.T, frames [][]byte, message []byte) {
	t.Helper()
	var j wire.Joiner
	for i, frame := range frames {
		whole, done, err := j.Add(decode(t, wire.JSON, frame))
		if err != nil || done != (i == len(frames)-1) {
			t.Fatalf("part %d: got done %v, %v", i, done, err)
		}
		if done && !bytes.Equal(whole, message) {
			t.Fatalf("got %q, want %q", whole, message)
		}
	}
}

// FuzzPart gives the joiner parts that no splitter made.
func FuzzPart(f *testing.F) {
	f.Add([]byte(`{"message-id":1,"packetcount":2,"packetnumber":0,"content-length":4,"content":"YWJj"}`))
	f.Add([]byte(`{"message-id":"x","packetcount":"1","packetnumber":"0","content-transfer-encoding":"base64","content":"YQ=="}`))
	f.Add([]byte(`{"message-id":"x","packetcount":1e15,"packetnumber":-1,"content":"===="}`))
	f.Fuzz(func(t *testing.T, params []byte) {
		m, err := wire.Decode(wire.JSON, slicesOf(`["multipart",`, string(params), `]`), wire.Limits{})
		if err != nil {
			return
		}
		j := wire.Joiner{MaxBytes: 256}
		for range 2 {
			whole, done, err := j.Add(m)
			if err != nil {
				checkError(t, err)
			}
			if _, held := j.Unfinished(); held > 256 || len(whole) > 256 || done != (whole != nil) {
				t.Fatalf("got %q, done %v, %d bytes are held", whole, done, held)
			}
		}
	})
}
