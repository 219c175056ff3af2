package main

import (
	"errors"
	"fmt"
	"testing"

	"github.com/octolink/octolink/protocol/methods"
	"github.com/octolink/octolink/protocol/wire"
	"github.com/octolink/octolink/store"
)

// Who wants to keep something while the disk is full is told so, and not that the program is wrong.
func TestStorageAway(t *testing.T) {
	s := start(t, t.TempDir(), people)
	alice := s.tab(wire.JSON)
	alice.logIn("alice", "demo")
	if err := s.m.store.Close(); err != nil {
		t.Fatal(err)
	}
	rule := wire.Object{{Key: "id", Value: "3be2855bb866a036ea41cd4b5263a0e0"}, {Key: "destinationnumber", Value: "301"}}
	for _, tt := range []struct {
		method string
		fields wire.Object
	}{
		{"saveredirectrules", wire.Object{{Key: "redirectrule", Value: rule}}},
		{"changepassword", wire.Object{{Key: "oldpwdmd5", Value: md5Cased("demo")}, {Key: "newpwdmd5", Value: md5Cased("new")}}},
		{"setuserstate", wire.Object{{Key: "userstateid", Value: wire.Number("3")}}},
	} {
		if answer := alice.ask(tt.method, tt.fields); text(answer, "error") != "503" {
			t.Errorf("%s: got %v, want error 503", tt.method, answer)
		}
	}
	alice.must("getextendedlineinfo", nil)
}

func TestStoring(t *testing.T) {
	for _, tt := range []struct {
		name string
		err  error
		want bool
	}{
		{"nothing", nil, false},
		{"full", fmt.Errorf("store: save: %w", store.ErrFull), true},
		{"not there", store.ErrNotFound, false},
	} {
		got := storing(tt.err)
		if errors.Is(got, methods.ErrStorage) != tt.want || !errors.Is(got, tt.err) {
			t.Errorf("%s: got %v", tt.name, got)
		}
	}
}
