package pbx_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/octolink/octolink/pbx"
)

func TestDirectoryTellsAllMistakesAtOnce(t *testing.T) {
	_, err := pbx.NewDirectory(pbx.Config{
		Departments: []pbx.Department{{Name: "Sales"}, {Name: "Sales"}},
		Users: []pbx.User{
			{Login: "alice", Numbers: []string{"300"}, ID: "not-a-guid"},
			{Login: "ALICE"},
			{Login: "boris", Numbers: []string{"300", "30 1", "abc"}, Subordinates: []string{"nobody"}, ID: "11111111-1111-4111-8111-111111111111"},
			{Login: "vera", ID: "11111111-1111-4111-8111-111111111111"},
			{Login: " "},
		},
		Queues: []pbx.Queue{
			{Number: "300", Members: []string{"nobody", "boris", "Boris"}},
			{Number: "701", Strategy: "loudest", Ring: -time.Second},
		},
		Breaks: []pbx.Break{{ID: 0, Name: "none"}, {ID: 1, Name: "a"}, {ID: 1, Name: "b"}},
	})
	if err == nil {
		t.Fatal("no mistake was found")
	}
	for _, want := range []string{
		`department "Sales" is there twice`, `user alice: "not-a-guid" is not a GUID`, "user ALICE is there twice",
		"user boris: number 300 is there twice", `user boris: "30 1" is not a number`, `user boris: "abc" is not a number`,
		"user boris and user vera have the same id", "a user without a login", "queue 300: number 300 is there twice",
		"queue 300: member nobody is not a user", "queue 300: member Boris is there twice", `queue 701: unknown strategy "loudest"`,
		"queue 701: a time below zero", "user boris: subordinate nobody is not a user", `break "none"`, `break "b"`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is missing in\n%v", want, err)
		}
	}
}

func office(t *testing.T) *pbx.Directory {
	t.Helper()
	d, err := pbx.NewDirectory(pbx.Config{
		Departments: []pbx.Department{{Name: "Sales", ID: "22222222-2222-4222-8222-222222222222"}},
		Users: []pbx.User{
			{Login: "Alice", Name: "Alice Ivanova", Numbers: []string{"300", "78005550300"}, Department: pbx.Department{Name: "Sales"}, Subordinates: []string{"BORIS"}},
			{Login: "boris", Name: "Boris Petrov", Numbers: []string{"301"}, Department: pbx.Department{Name: "Depot"}},
			{Login: "vera", Name: "Vera Orlova"},
		},
		Queues: []pbx.Queue{{Number: "700", Name: "sales", Members: []string{"alice"}}},
		Breaks: []pbx.Break{{ID: 4, Name: "Lunch"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestDirectoryFinds(t *testing.T) {
	d := office(t)
	alice := d.UserByLogin("aLiCe")
	if alice == nil || alice.Login != "Alice" || alice.Main() != "300" || d.UserByNumber("78005550300") != alice || d.UserByID(strings.ToUpper(alice.ID)) != alice {
		t.Fatalf("got %+v", alice)
	}
	if again := office(t).UserByLogin("alice"); again.ID != alice.ID {
		t.Errorf("ids are not stable: %s and %s", alice.ID, again.ID)
	}
	if alice.Department.ID != "22222222-2222-4222-8222-222222222222" || d.UserByLogin("boris").Department.ID == "" {
		t.Errorf("departments: %+v, %+v", alice.Department, d.UserByLogin("boris").Department)
	}
	n := d.NumberBy("300")
	if n == nil || n.Caption != "Alice Ivanova" || n.Kind != pbx.KindUser || n.Group || d.NumberBy(strings.ToUpper(n.ID)) != n {
		t.Errorf("got number %+v", n)
	}
	if d.UserByNumber(n.ID) != nil {
		t.Error("the GUID of a number is no number")
	}
	if q := d.QueueByNumber("700"); q.Ring != 20*time.Second || q.Retry != 5*time.Second || q.Strategy != pbx.LongestIdle || q.Members[0] != "Alice" {
		t.Errorf("got queue %+v", q)
	}
	if of := d.QueuesOf("ALICE"); len(of) != 1 || of[0].Number != "700" {
		t.Errorf("got %+v", of)
	}
	if n := d.NumberBy("700"); n == nil || n.Kind != pbx.KindIVR || !n.Group || n.User != nil {
		t.Errorf("got %+v", n)
	}
	if len(d.Numbers()) != 4 || len(d.Users()) != 3 || len(d.Queues()) != 1 || len(d.Breaks()) != 1 {
		t.Error("something is missing in the lists")
	}
	if !d.Supervises("alice", "Boris") || d.Supervises("boris", "alice") || d.Supervises("alice", "vera") || d.Supervises("nobody", "vera") {
		t.Error("wrong supervision")
	}
}

func TestMayDial(t *testing.T) {
	for _, c := range []struct {
		pattern, number string
		want            bool
	}{
		{"*", "79161234567", true}, {"*", "1", true}, {"8*", "88005550300", true}, {"8*", "8", true}, {"8*", "79161234567", false},
		{"3xx", "300", true}, {"3xx", "3000", false}, {"3xx", "30*", false}, {"3XX", "399", true}, {"8xxx*", "8123", true},
		{"8xxx*", "812", false}, {"112", "112", true}, {"112", "1122", false}, {"", "", true}, {"", "1", false}, {"*97", "*97", true},
	} {
		u := pbx.User{Dial: []string{"none", c.pattern}}
		if got := u.MayDial(c.number); got != c.want {
			t.Errorf("pattern %q, number %q: got %v, want %v", c.pattern, c.number, got, c.want)
		}
	}
	d := office(t)
	if boris := d.UserByLogin("boris"); !d.MayDial(boris, "300") || d.MayDial(boris, "79161234567") {
		t.Error("a user without patterns dials internal numbers, and no others")
	}
}

func TestResolve(t *testing.T) {
	d := office(t)
	for to, want := range map[string]string{
		"300": "300", "+7 (916) 123-45-67": "+79161234567", "8 800": "8800", "*97#": "*97#",
		d.UserByLogin("alice").ID: "300", strings.ToUpper(d.NumberBy("78005550300").ID): "78005550300",
	} {
		if got, err := d.Resolve(to); got != want || err != nil {
			t.Errorf("%q: got %q, %v, want %q", to, got, err, want)
		}
	}
	for _, to := range []string{"", "+", "alice", "7+9", "300;301", d.UserByLogin("vera").ID, strings.Repeat("7", 33), "３００"} {
		if got, err := d.Resolve(to); !errors.Is(err, pbx.ErrNoSuchNumber) {
			t.Errorf("%q: got %q, %v", to, got, err)
		}
	}
}

func FuzzResolve(f *testing.F) {
	for _, seed := range []string{"300", "+7 (916) 123-45-67", "sip:300@host", "11111111-1111-4111-8111-111111111111", "\x00"} {
		f.Add(seed)
	}
	d, err := pbx.NewDirectory(pbx.Config{Users: []pbx.User{{Login: "alice", Numbers: []string{"300"}}}})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, to string) {
		number, err := d.Resolve(to)
		if (err == nil) != (number != "") {
			t.Errorf("%q: got %q, %v", to, number, err)
		}
		if len(number) > 32 || strings.Trim(number, "0123456789*#+") != "" {
			t.Errorf("%q became %q", to, number)
		}
		if again, err := d.Resolve(number); number != "" && (err != nil || again != number) {
			t.Errorf("%q became %q, and that %q, %v", to, number, again, err)
		}
	})
}
