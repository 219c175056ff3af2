package pbx_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/octolink/octolink/pbx"
)

func TestParseRoute(t *testing.T) {
	tests := []struct {
		text, want string
		ok         bool
	}{
		{"queue:700", "queue:700", true}, {"number: 200", "number:200", true}, {" user:alice ", "user:alice", true},
		{"hangup", "hangup", true}, {"", "hangup", true},
		{"queue:", "", false}, {"queue", "", false}, {"hangup:now", "", false}, {":700", "", false}, {"700", "", false}, {"Queue:700", "", false},
	}
	for _, tt := range tests {
		r, err := pbx.ParseRoute(tt.text)
		if (err == nil) != tt.ok || err != nil && !errors.Is(err, pbx.ErrInvalid) || err == nil && r.String() != tt.want {
			t.Errorf("%q: got %v, %v", tt.text, r, err)
		}
	}
}

func TestFlowNumbers(t *testing.T) {
	d, err := pbx.NewDirectory(pbx.Config{
		Users:  []pbx.User{{Login: "alice", Numbers: []string{"300"}}},
		Queues: []pbx.Queue{{Number: "700", Name: "sales"}},
		Flows: []pbx.FlowNumber{
			{Match: "*", Flow: "any"}, {Match: "7495*", Flow: "moscow"}, {Match: "749512345xx", Flow: "desk"},
			{Match: "700", Flow: "incoming", Fallback: "queue:700"}, {Match: "900", Flow: "menu", Fallback: "user:Alice"},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct{ number, outside, inside string }{
		{"700", "incoming", "incoming"}, {"900", "menu", "menu"}, {"300", "any", ""}, {"74951112233", "moscow", ""},
		{"74951234567", "desk", ""}, {"749512345678", "moscow", ""}, {"79161234567", "any", ""},
	}
	for _, tt := range tests {
		out, _ := d.Flow(tt.number, true)
		in, _ := d.Flow(tt.number, false)
		if out.Flow != tt.outside || in.Flow != tt.inside {
			t.Errorf("%s: got %q from outside and %q from inside, want %q and %q", tt.number, out.Flow, in.Flow, tt.outside, tt.inside)
		}
	}
	var listed []string
	for _, n := range d.Numbers() {
		if n.User == nil {
			listed = append(listed, n.Number+" "+n.Caption)
		}
	}
	if got := strings.Join(listed, ", "); got != "700 sales, 900 menu" {
		t.Errorf("numbers: %s", got)
	}
	if len(d.Flows()) != 5 {
		t.Errorf("flows: %v", d.Flows())
	}
}

func TestMistakesOfFlowNumbers(t *testing.T) {
	_, err := pbx.NewDirectory(pbx.Config{
		Users: []pbx.User{{Login: "alice"}},
		Flows: []pbx.FlowNumber{
			{Match: "900", Flow: "menu", Fallback: "queue:700"}, {Match: "900", Flow: "menu"}, {Match: "901"},
			{Match: "9*1", Flow: "menu", Fallback: "user:alice"}, {Match: "menu", Flow: "menu"},
			{Match: "902", Flow: "menu", Fallback: "user:alice"}, {Match: "903", Flow: "menu", Fallback: "user:zoe"},
			{Match: "904", Flow: "menu", Fallback: "number:abc"}, {Match: "905", Flow: "menu", Fallback: "voicemail"},
		},
	})
	if err == nil {
		t.Fatal("no mistake was found")
	}
	for _, want := range []string{
		"900: fallback queue:700: there is no such queue", "flow number 900 is there twice", "901: no flow is named",
		`"menu" is neither a number nor a pattern`, "902: fallback user:alice: there is no such user with a phone",
		"903: fallback user:zoe", "904: fallback number:abc", `905: fallback "voicemail" is none of`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is missing in\n%v", want, err)
		}
	}
}
