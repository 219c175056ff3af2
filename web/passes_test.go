package web_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/octolink/octolink/web"
)

func issue(t *testing.T, p *web.Passes, login string) string {
	t.Helper()
	password, err := p.Issue(login, nil)
	if err != nil {
		t.Fatal(err)
	}
	return password
}

func TestPassOpensOnce(t *testing.T) {
	p := web.NewPasses()
	var copied []string
	password, err := p.Issue("alice", func(password, status, body string) { copied = append(copied, password, status, body) })
	if err != nil {
		t.Fatal(err)
	}
	if len(password) != 32 {
		t.Errorf("password %q, want 128 bits as 32 hex digits", password)
	}
	login, answered, ok := p.Take(password)
	if !ok || login != "alice" {
		t.Fatalf("got %q, %v, want alice", login, ok)
	}
	answered(password, "200 OK", "body")
	if len(copied) != 3 || copied[1] != "200 OK" {
		t.Errorf("the copy went to %v", copied)
	}
	if _, _, ok := p.Take(password); ok {
		t.Error("a used password opened again")
	}
	for _, wrong := range []string{"", "x", password[:31], password + "0"} {
		if _, _, ok := p.Take(wrong); ok {
			t.Errorf("%q opened", wrong)
		}
	}
}

func TestPassEndsAfterAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := web.NewPasses()
		early, late := issue(t, p, "alice"), issue(t, p, "alice")
		<-time.After(time.Minute)
		if _, _, ok := p.Take(early); !ok {
			t.Error("a password ended before its minute was over")
		}
		<-time.After(time.Nanosecond)
		if _, _, ok := p.Take(late); ok {
			t.Error("a password opened after its minute")
		}
		issue(t, p, "boris")
		<-time.After(time.Hour)
		issue(t, p, "vera")
		if got := p.Len(); got != 1 {
			t.Errorf("%d passwords are kept, want only the newest", got)
		}
	})
}

func TestPassesOfOneUserAreBounded(t *testing.T) {
	p := web.NewPasses()
	first := issue(t, p, "alice")
	others := issue(t, p, "boris")
	var last string
	for range 1000 {
		last = issue(t, p, "alice")
	}
	if got := p.Len(); got != 33 {
		t.Errorf("%d passwords are kept, want 32 of alice and one of boris", got)
	}
	if _, _, ok := p.Take(first); ok {
		t.Error("the oldest password outlived a thousand newer ones")
	}
	for _, password := range []string{last, others} {
		if _, _, ok := p.Take(password); !ok {
			t.Error("a new password does not open")
		}
	}
	issue(t, p, "alice")
	p.Revoke("alice")
	if got := p.Len(); got != 0 {
		t.Errorf("%d passwords are left, want none", got)
	}
}

func TestPassIsTakenByOne(t *testing.T) {
	p := web.NewPasses()
	for range 100 {
		password := issue(t, p, "alice")
		var taken atomic.Int32
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				if _, _, ok := p.Take(password); ok {
					taken.Add(1)
				}
			})
		}
		all.Wait()
		if got := taken.Load(); got != 1 {
			t.Fatalf("%d requests got in with one password", got)
		}
	}
}
