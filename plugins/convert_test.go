package plugins

import (
	"math"
	"reflect"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/octolink/octolink/crm"
	basev1 "github.com/octolink/octolink/plugins/proto/base/v1"
)

// Values come back as they went, numbers to the last digit.
func TestValuesComeBack(t *testing.T) {
	in := crm.Values{
		{Key: "null"}, {Key: "yes", Value: true}, {Key: "text", Value: "Grüße"}, {Key: "list", Value: crm.List{nil, "a", crm.List{}}},
		{Key: "object", Value: crm.Values{{Key: "a", Value: crm.Number("1")}}},
	}
	for _, n := range []crm.Number{
		"0", "-1", "9223372036854775807", "9223372036854775808", "1.5", "1.50", "1e3", "1E3", "0.1", "-0", "1.0",
		"123456789012345678901234567890.123456789", "1e400", "-0.0", "1e+21",
	} {
		in = append(in, crm.Value{Key: string(n), Value: n})
	}
	o, err := toObject(in)
	if err != nil {
		t.Fatal(err)
	}
	b, err := proto.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	var back basev1.Object
	if err := proto.Unmarshal(b, &back); err != nil {
		t.Fatal(err)
	}
	if out, err := fromObject(&back); err != nil || !reflect.DeepEqual(out, in) {
		t.Errorf("got  %v %v\nwant %v", out, err, in)
	}
}

func TestWhatHasNoJSON(t *testing.T) {
	for _, tt := range []struct {
		name string
		in   *basev1.Value
		want any
	}{
		{"not a number", &basev1.Value{Kind: &basev1.Value_Real{Real: math.NaN()}}, nil},
		{"endless", &basev1.Value{Kind: &basev1.Value_Real{Real: math.Inf(1)}}, nil},
		{"no literal", &basev1.Value{Kind: &basev1.Value_Number{Number: "1e"}}, "1e"},
		{"nothing", nil, nil},
		{"no list", &basev1.Value{Kind: &basev1.Value_List{}}, crm.List{}},
		{"whole real", &basev1.Value{Kind: &basev1.Value_Real{Real: 2}}, crm.Number("2.0")},
	} {
		if got, err := fromValue(tt.in, maxDepth); err != nil || !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: got %v %v, want %v", tt.name, got, err, tt.want)
		}
	}
	deep := &basev1.Value{}
	for range maxDepth + 1 {
		deep = &basev1.Value{Kind: &basev1.Value_List{List: &basev1.List{Items: []*basev1.Value{deep}}}}
	}
	if _, err := fromValue(deep, maxDepth); err == nil {
		t.Error("too deep: no error")
	}
	var list any = crm.List{}
	for range maxDepth {
		list = crm.List{list}
	}
	if _, err := toObject(crm.Values{{Key: "a", Value: list}}); err == nil {
		t.Error("too deep on the way out: no error")
	}
	if o, err := toObject(crm.Values{{Key: "a\xff", Value: "b\xff"}}); err != nil || o.Fields[0].GetValue().GetText() != "b\uFFFD" {
		t.Errorf("got %v %v", o, err)
	}
}

// Whatever a plugin sends is taken or refused.
func FuzzFromObject(f *testing.F) {
	o, err := toObject(crm.Values{{Key: "a", Value: crm.List{crm.Number("1e9"), crm.Values{{Key: "b", Value: true}}}}})
	if err != nil {
		f.Fatal(err)
	}
	b, err := proto.Marshal(o)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		var o basev1.Object
		if proto.Unmarshal(b, &o) != nil {
			return
		}
		values, err := fromObject(&o)
		if err != nil {
			return
		}
		again, err := toObject(values)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := fromObject(again); err != nil || !reflect.DeepEqual(back, values) {
			t.Errorf("got %v %v, want %v", back, err, values)
		}
	})
}

func FuzzManifest(f *testing.F) {
	f.Add([]byte("binary: x\nsha256: ab\nsettings: {a: [1, {b: 2}]}\nallow: {http: true, paths: [/x]}"))
	f.Add([]byte("args: [a]\ntimeout: 3s\nrestarts_per_hour: 0\nmtls: false"))
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := parseManifest("/plugins/a", text)
		if err == nil && (m.Binary == "" || m.Timeout <= 0) {
			t.Errorf("taken: %+v", m)
		}
		_, _ = settingsObject(m.Settings)
	})
}
