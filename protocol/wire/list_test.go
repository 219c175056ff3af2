package wire_test

import (
	"testing"

	"github.com/octolink/octolink/protocol/wire"
)

func TestDecodeAll(t *testing.T) {
	for _, tc := range []struct {
		name, body string
		want       []string // names; nil: refused
	}{
		{"one message", ` ["iam",{"qid":"1"}] `, []string{"iam"}},
		{"a list", `[["iam",{"qid":"1"}], ["ping"] ]`, []string{"iam", "ping"}},
		{"a list of one", `[["iam",{}]]`, []string{"iam"}},
		{"an empty list", `[]`, nil},
		{"a list that does not end", `[["iam",{}]`, nil},
		{"something behind it", `[["iam",{}]] x`, nil},
		{"a broken element", `[["iam",{}],[1]]`, nil},
		{"a number among them", `[["iam",{}],7]`, nil},
		{"markup", `<html>`, nil},
		{"nothing", ``, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := wire.DecodeAll(wire.JSON, []byte(tc.body), wire.Limits{})
			if (err == nil) != (tc.want != nil) || len(got) != len(tc.want) {
				t.Fatalf("got %d messages, %v, want %v", len(got), err, tc.want)
			}
			for i, m := range got {
				if m.Name != tc.want[i] {
					t.Errorf("got %s, want %s", m.Name, tc.want[i])
				}
			}
		})
	}
}
