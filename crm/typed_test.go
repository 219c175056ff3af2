package crm_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/octolink/octolink/crm"
)

// What is a text where a catalogue declares something else becomes that, and the other way round.
func TestTyped(t *testing.T) {
	for _, tc := range []struct {
		as       crm.Type
		in, want any
	}{
		{crm.Int, "12", crm.Number("12")},
		{crm.Float, "-1.5e3", crm.Number("-1.5e3")},
		{crm.Int, "007", "007"}, // a number of a phone, and none of JSON's
		{crm.Int, "+5", "+5"},
		{crm.Float, ".5", ".5"},
		{crm.Float, "NaN", "NaN"},
		{crm.Int, "twelve", "twelve"},
		{crm.Int, true, true},
		{crm.Bool, "Yes", true},
		{crm.Bool, "0", false},
		{crm.Bool, "", false},
		{crm.Bool, "perhaps", "perhaps"},
		{crm.Bool, crm.Number("1"), true},
		{crm.Bool, crm.Number("0"), false},
		{crm.String, crm.Number("12"), "12"},
		{crm.String, "12", "12"},
		{crm.GUID, crm.Number("7"), "7"},
		{crm.String, nil, nil},
		{crm.String, crm.List{"12"}, crm.List{"12"}},
		{"money", "12", "12"},
	} {
		in := crm.Values{{Key: "other", Value: "12"}, {Key: "v", Value: tc.in}}
		got := crm.Typed(in, []crm.Param{{Key: "v", Type: tc.as}})
		if want := (crm.Values{{Key: "other", Value: "12"}, {Key: "v", Value: tc.want}}); !reflect.DeepEqual(got, want) {
			t.Errorf("%v as %s: got %v, want %v", tc.in, tc.as, got, want)
		}
		if !reflect.DeepEqual(in[1].Value, tc.in) {
			t.Errorf("%v as %s: the caller's values were changed", tc.in, tc.as)
		}
	}
}

// FuzzIsNumber: what is taken for a number is one to encoding/json, and the other way round.
func FuzzIsNumber(f *testing.F) {
	for _, s := range []string{"0", "-0", "12", "1.5", "1e9", "1E+9", "007", "+5", ".5", "5.", "1e", "-", "", " 1", "1 ", "0x1", "1_0", "Infinity"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		want := s != "" && strings.ContainsRune("-0123456789", rune(s[0])) && strings.TrimSpace(s) == s && json.Valid([]byte(s))
		if got := crm.IsNumber(s); got != want {
			t.Errorf("%q: got %t, encoding/json says %t", s, got, want)
		}
	})
}
