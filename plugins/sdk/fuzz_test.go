package sdk_test

import (
	"testing"

	"google.golang.org/protobuf/proto"

	basev1 "github.com/octolink/octolink/plugins/proto/base/v1"
	"github.com/octolink/octolink/plugins/sdk"
)

// Whatever a message holds, it is decoded or refused, and what was decoded can be encoded again.
func FuzzDecode(f *testing.F) {
	for _, v := range []any{inner{"x"}, everything{Inner: inner{"x"}, List: []string{"a"}, Any: 1.5}} {
		o, err := sdk.Encode(v)
		if err != nil {
			f.Fatal(err)
		}
		b, err := proto.Marshal(o)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var o basev1.Object
		if proto.Unmarshal(b, &o) != nil {
			return
		}
		var v everything
		if sdk.Decode(&o, &v) != nil {
			return
		}
		if _, err := sdk.Encode(&v); err != nil {
			t.Error(err)
		}
	})
}
