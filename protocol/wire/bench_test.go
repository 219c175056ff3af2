package wire_test

import (
	"encoding/json"
	"encoding/xml"
	"testing"

	"github.com/octolink/octolink/protocol/wire"
)

// benchFrame is a usual request of a client.
const benchFrame = `["pbxautocallstart",{"qid":"0.24683344566","userlogin":"operator1","number":"79160000000","params":{"line":1,"caption":"Ivanov"},"note":"call back"}]`

type benchIn struct {
	QID       string `wire:"-" json:"qid"`
	UserLogin string `wire:"userlogin" json:"userlogin"`
	Number    string `wire:"number,required" json:"number"`
	Params    struct {
		Line    int    `wire:"line" json:"line"`
		Caption string `wire:"caption" json:"caption"`
	} `wire:"params" json:"params"`
	Note string `wire:"note" json:"note"`
}

// BenchmarkRead: from a frame to a handler's struct.
func BenchmarkRead(b *testing.B) {
	frame := []byte(benchFrame)
	b.Run("envelope", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := wire.Decode(wire.JSON, frame, wire.Limits{}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("envelope encoding-json", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var all []json.RawMessage
			var name string
			var in struct{ QID, UserLogin, UserID string }
			if json.Unmarshal(frame, &all) != nil || json.Unmarshal(all[0], &name) != nil || json.Unmarshal(all[1], &in) != nil {
				b.Fatal("not a message")
			}
		}
	})
	b.Run("struct", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			m, err := wire.Decode(wire.JSON, frame, wire.Limits{})
			if err != nil {
				b.Fatal(err)
			}
			var in benchIn
			if err := m.Unmarshal(&in); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("struct encoding-json", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var all []json.RawMessage
			var name string
			var in benchIn
			if json.Unmarshal(frame, &all) != nil || json.Unmarshal(all[0], &name) != nil || json.Unmarshal(all[1], &in) != nil {
				b.Fatal("not a message")
			}
		}
	})
	b.Run("tree", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			m, err := wire.Decode(wire.JSON, frame, wire.Limits{})
			if err != nil {
				b.Fatal(err)
			}
			if _, err := m.Tree(); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("tree encoding-json", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var all []any
			if err := json.Unmarshal(frame, &all); err != nil {
				b.Fatal(err)
			}
		}
	})
}

type benchOut struct {
	Result  int           `wire:"result" json:"result"`
	Mode    string        `wire:"mode" json:"mode"`
	Numbers []benchNumber `wire:"numbers" json:"numbers"`
}

type benchNumber struct {
	ID      string `wire:"id" json:"id"`
	Number  string `wire:"number" json:"number"`
	Caption string `wire:"caption" json:"caption"`
	State   int    `wire:"state" json:"state"`
	Group   bool   `wire:"isgroup" json:"isgroup"`
}

// BenchmarkWrite: from a struct to the bytes of a reply with ten numbers.
func BenchmarkWrite(b *testing.B) {
	out := &benchOut{Result: 1, Mode: "full"}
	for range 10 {
		out.Numbers = append(out.Numbers, benchNumber{"11111111-1111-4111-8111-111111111111", "101", "Ivanov Ivan", 5, false})
	}
	for _, f := range []wire.Format{wire.JSON, wire.XML} {
		b.Run(f.String(), func(b *testing.B) {
			b.ReportAllocs()
			var buf []byte
			for b.Loop() {
				var err error
				if buf, err = wire.Append(buf[:0], f, "getpbxnumbersresult", `"0.12"`, out); err != nil {
					b.Fatal(err)
				}
			}
			b.SetBytes(int64(len(buf)))
		})
	}
	b.Run("encoding-json", func(b *testing.B) {
		b.ReportAllocs()
		n := 0
		for b.Loop() {
			frame, err := json.Marshal([]any{"getpbxnumbersresult", out})
			if err != nil {
				b.Fatal(err)
			}
			n = len(frame)
		}
		b.SetBytes(int64(n))
	})
}

// BenchmarkReadXML: the XML form of the same request.
func BenchmarkReadXML(b *testing.B) {
	m, err := wire.Decode(wire.JSON, []byte(benchFrame), wire.Limits{})
	if err != nil {
		b.Fatal(err)
	}
	frame, err := m.AppendTo(nil, wire.XML)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("struct", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			m, err := wire.Decode(wire.XML, frame, wire.Limits{})
			if err != nil {
				b.Fatal(err)
			}
			var in benchIn
			if err := m.Unmarshal(&in); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("struct encoding-xml", func(b *testing.B) {
		type set struct {
			Simple []struct {
				Key   string `xml:"key,attr"`
				Value string `xml:"value,attr"`
				Type  string `xml:"type,attr"`
			} `xml:"property_simple"`
		}
		b.ReportAllocs()
		for b.Loop() {
			var in struct {
				Data struct {
					Name string `xml:"name,attr"`
					Set  struct {
						set
						Sets []set `xml:"property_set"`
					} `xml:"property_set"`
				} `xml:"data"`
			}
			if err := xml.Unmarshal(frame, &in); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkMultipart: 64 KiB, split and joined.
func BenchmarkMultipart(b *testing.B) {
	whole := long(wire.JSON, 64<<10)
	b.ReportAllocs()
	b.SetBytes(int64(len(whole)))
	for b.Loop() {
		var j wire.Joiner
		for _, frame := range wire.Split(wire.JSON, whole, 2048, "id") {
			m, err := wire.Decode(wire.JSON, frame, wire.Limits{})
			if err != nil {
				b.Fatal(err)
			}
			if _, _, err := j.Add(m); err != nil {
				b.Fatal(err)
			}
		}
	}
}
