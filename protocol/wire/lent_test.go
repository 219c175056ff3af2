package wire_test

import (
	"reflect"
	"testing"

	"github.com/octolink/octolink/protocol/wire"
)

// A Decoder gives the messages that Decode gives, and a copy of one outlives the next.
func TestDecoder(t *testing.T) {
	frames := []string{
		`["m"]`,
		`["Getuserstate",{"qid":"0.12","userlogin":"alice","userid":"7","a":[1,2]}]`,
		`["\u004d\u00dc",{"qid":12}]`,
		`["x",{"userlogin":"boris"}]`,
		`["a much longer name than all before it",{"qid":"and a longer number than there was before it too"}]`,
		`no message`,
	}
	for _, f := range []wire.Format{wire.JSON, wire.XML} {
		var d wire.Decoder
		var want, kept []wire.Message
		for _, frame := range frames {
			in := []byte(frame)
			if m, err := wire.Decode(wire.JSON, in, wire.Limits{}); f == wire.XML && err == nil {
				if in, err = m.AppendTo(nil, wire.XML); err != nil {
					t.Fatal(err)
				}
			}
			plain, err := wire.Decode(f, append([]byte(nil), in...), wire.Limits{})
			var lent wire.Message
			lentErr := d.Decode(&lent, f, in, wire.Limits{})
			if !reflect.DeepEqual(plain, lent) || !reflect.DeepEqual(err, lentErr) {
				t.Errorf("%v: got %+v, %v, want %+v, %v", f, lent, lentErr, plain, err)
			}
			want, kept = append(want, plain), append(kept, lent.Clone())
			clear(in)
		}
		for i := range want {
			if want[i].Name != "" && !reflect.DeepEqual(kept[i], want[i]) {
				t.Errorf("%v: the copy is %+v by now, want %+v", f, kept[i], want[i])
			}
		}
	}
}

// An Encoder writes what AppendFields writes.
func TestEncoder(t *testing.T) {
	e, ok := wire.NewEncoder[stateOut]()
	if !ok {
		t.Fatal("a struct has an encoder")
	}
	for _, f := range []wire.Format{wire.JSON, wire.XML} {
		v := stateOut{1, "id", "operator\n1", 5, true, false}
		want, err := wire.AppendFields(nil, f, v)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := e.AppendFields(nil, f, &v); err != nil || string(got) != string(want) {
			t.Errorf("got %s, %v, want %s", got, err, want)
		}
	}
	if _, ok := wire.NewEncoder[[]int](); ok {
		t.Error("a list has fields")
	}
}
