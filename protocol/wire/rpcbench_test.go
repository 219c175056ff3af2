package wire_test

import (
	"slices"
	"testing"
	"time"

	"github.com/octolink/octolink/protocol/wire"
)

// An rpc is a request and its reply as a server sees them: read, bound, answered.
type rpc struct {
	name  string
	frame string
	in    any // a pointer to the handler's struct
	reply string
	out   any
}

type stateIn struct {
	UserLogin string `wire:"userlogin"`
	UserID    string `wire:"userid"`
}

type stateOut struct {
	Result       int    `wire:"result"`
	UserID       string `wire:"userid"`
	UserLogin    string `wire:"userlogin"`
	UserStateID  int    `wire:"userstateid"`
	CallCenter   bool   `wire:"callcenter"`
	RedirectFlag bool   `wire:"redirect"`
}

type callOut struct {
	Result  int    `wire:"result"`
	ChainID string `wire:"chainid"`
}

func rpcs() []rpc {
	const id = "11111111-1111-4111-8111-111111111111"
	return []rpc{
		{"getuserstate", `["getuserstate",{"qid":"0.24683344566","userlogin":"operator1"}]`,
			&stateIn{}, "getuserstateresult", &stateOut{1, id, "operator1", 5, true, false}},
		{"pbxautocallstart", benchFrame, &benchIn{}, "pbxautocallstartresult", &callOut{1, id}},
	}
}

// serve does the whole of an RPC that is this package's part.
func (r rpc) serve(b *testing.B, f wire.Format, frame, buf []byte) []byte {
	m, err := wire.Decode(f, frame, wire.Limits{})
	if err != nil {
		b.Fatal(err)
	}
	if err := m.Unmarshal(r.in); err != nil {
		b.Fatal(err)
	}
	if buf, err = wire.Append(buf[:0], f, r.reply, m.QID, r.out); err != nil {
		b.Fatal(err)
	}
	return buf
}

// BenchmarkRPC: the same RPC in both formats. The last one of each runs them by turns and gives the
// ratio of the medians, which does not depend on how busy the machine is.
func BenchmarkRPC(b *testing.B) {
	for _, r := range rpcs() {
		frames := [2][]byte{wire.JSON: []byte(r.frame), wire.XML: inXML(b, r.frame)}
		for _, f := range []wire.Format{wire.JSON, wire.XML} {
			b.Run(r.name+"/"+f.String(), func(b *testing.B) {
				b.ReportAllocs()
				b.SetBytes(int64(len(frames[f])))
				var buf []byte
				for b.Loop() {
					buf = r.serve(b, f, frames[f], buf)
				}
			})
		}
		b.Run(r.name+"/by turns", func(b *testing.B) {
			var buf []byte
			var spent [2][]time.Duration
			for b.Loop() {
				for f := range frames {
					start := time.Now()
					for range 100 {
						buf = r.serve(b, wire.Format(f), frames[f], buf)
					}
					spent[f] = append(spent[f], time.Since(start))
				}
			}
			b.ReportMetric(float64(median(spent[wire.XML]))/float64(median(spent[wire.JSON])), "xml/json")
		})
	}
}

func median(all []time.Duration) time.Duration {
	slices.Sort(all)
	return all[len(all)/2]
}

// BenchmarkHostileXML: a frame of a MiB with nothing but empty elements, as anybody may send it.
func BenchmarkHostileXML(b *testing.B) {
	frame := []byte(`<oktellxmlmapper><data name="m"/>`)
	for len(frame) < 1<<20 {
		frame = append(frame, `<a/>`...)
	}
	frame = append(frame, `</oktellxmlmapper>`...)
	b.ReportAllocs()
	b.SetBytes(int64(len(frame)))
	for b.Loop() {
		if _, err := wire.Decode(wire.XML, frame, wire.Limits{}); err != nil {
			b.Fatal(err)
		}
	}
}

// inXML writes a frame of JSON as XML.
func inXML(b *testing.B, frame string) []byte {
	b.Helper()
	m, err := wire.Decode(wire.JSON, []byte(frame), wire.Limits{})
	if err != nil {
		b.Fatal(err)
	}
	x, err := m.AppendTo(nil, wire.XML)
	if err != nil {
		b.Fatal(err)
	}
	return x
}
