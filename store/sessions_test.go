package store_test

import (
	"errors"
	"fmt"
	"strings"
	gosync "sync"
	"testing"
	"time"

	"github.com/octolink/octolink/store"
)

// A clock that tests turn by hand.
type clock struct {
	mu  gosync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func newSession(t testing.TB, s *store.Store, login string) string {
	t.Helper()
	id, err := s.NewSession(t.Context(), login, 24*time.Hour, 168*time.Hour)
	must(t, err)
	return id
}

func wantSession(t testing.TB, s *store.Store, id, want string) {
	t.Helper()
	got, err := s.Session(t.Context(), id)
	must(t, err)
	if got != want {
		t.Errorf("got a session of %q, want %q", got, want)
	}
}

func wantNone(t testing.TB, s *store.Store, id string) {
	t.Helper()
	if login, err := s.Session(t.Context(), id); !errors.Is(err, store.ErrNoSession) {
		t.Errorf("session %q: got %q, %v, want ErrNoSession", id, login, err)
	}
}

func TestSessionSurvivesRestart(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	id := newSession(t, s, "Alice")
	if len(id) != 32 || strings.Trim(id, "0123456789abcdef") != "" {
		t.Errorf("id %q is not 32 hex digits", id)
	}
	wantSession(t, s, id, "Alice")
	must(t, s.Close())
	wantSession(t, open(t, dir), id, "Alice")
}

func TestSessionsThatAreNone(t *testing.T) {
	s := open(t, t.TempDir())
	id := newSession(t, s, "alice")
	for _, wrong := range []string{"", "x", strings.Repeat("0", 32), strings.ToUpper(id), id + "0", id[:31], strings.Repeat("x", 1<<20)} {
		if wrong != id {
			wantNone(t, s, wrong)
		}
	}
}

func TestEndedSessions(t *testing.T) {
	for _, cached := range []bool{true, false} {
		t.Run(fmt.Sprintf("cached=%v", cached), func(t *testing.T) {
			s := open(t, t.TempDir())
			a, b, c, other := newSession(t, s, "alice"), newSession(t, s, "Alice"), newSession(t, s, "alice"), newSession(t, s, "boris")
			if !cached {
				s.ForgetSessions()
			}
			must(t, s.EndSession(t.Context(), a))
			must(t, s.EndSession(t.Context(), a))
			wantNone(t, s, a)
			wantSession(t, s, b, "Alice")
			must(t, s.EndSessions(t.Context(), "ALICE", c))
			wantNone(t, s, b)
			wantSession(t, s, c, "alice")
			wantSession(t, s, other, "boris")
			must(t, s.EndSessions(t.Context(), "alice", ""))
			wantNone(t, s, c)
			wantSession(t, s, other, "boris")
		})
	}
}

func TestSessionLivesWhileItIsUsed(t *testing.T) {
	for _, restart := range []bool{false, true} {
		t.Run(fmt.Sprintf("restart=%v", restart), func(t *testing.T) {
			c := &clock{now: begin}
			s := openWith(t, store.Options{Dir: t.TempDir(), Now: c.Now})
			id := newSession(t, s, "alice")
			forget := func() {
				if restart {
					sync(t, s)
					s.ForgetSessions()
				}
			}
			for range 8 { // 160 hours
				c.add(20 * time.Hour)
				wantSession(t, s, id, "alice")
				forget()
			}
			c.add(8 * time.Hour) // 168 hours altogether are the most
			wantNone(t, s, id)
			forget()
			wantNone(t, s, id)
		})
	}
}

func TestUnusedSessionEnds(t *testing.T) {
	c := &clock{now: begin}
	s := openWith(t, store.Options{Dir: t.TempDir(), Now: c.Now})
	id, unbounded := newSession(t, s, "alice"), ""
	unbounded, err := s.NewSession(t.Context(), "alice", 1000*time.Hour, 0)
	must(t, err)
	c.add(24 * time.Hour)
	wantNone(t, s, id)
	wantSession(t, s, unbounded, "alice")
	must(t, s.Prune(t.Context(), begin, begin))
	wantNone(t, s, id)
	wantSession(t, s, unbounded, "alice")
}

// A session that is read from the disk while it is ended must not come back to the cache.
func TestEndedSessionDoesNotComeBack(t *testing.T) {
	s := open(t, t.TempDir())
	for range 50 {
		id := newSession(t, s, "alice")
		s.ForgetSessions()
		var wg gosync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for range 20 {
					if _, err := s.Session(t.Context(), id); err != nil && !errors.Is(err, store.ErrNoSession) {
						t.Error(err)
					}
				}
			})
		}
		must(t, s.EndSessions(t.Context(), "alice", ""))
		wg.Wait()
		wantNone(t, s, id)
	}
}

func TestLoginStorm(t *testing.T) {
	const logins, atOnce = 2000, 512
	dir := t.TempDir()
	s := open(t, dir)
	ids := storm(t, s, logins, atOnce)
	must(t, s.Close())
	s = open(t, dir)
	for i, id := range ids {
		wantSession(t, s, id, fmt.Sprintf("user%d", i%500))
	}
}

// storm begins n sessions, so many at once.
func storm(t testing.TB, s *store.Store, n, atOnce int) []string {
	ids := make([]string, n)
	var wg gosync.WaitGroup
	jobs := make(chan int)
	for range atOnce {
		wg.Go(func() {
			for i := range jobs {
				id, err := s.NewSession(t.Context(), fmt.Sprintf("user%d", i%500), time.Hour, 0)
				if err != nil {
					t.Error(err)
				}
				ids[i] = id
			}
		})
	}
	for i := range n {
		jobs <- i
	}
	close(jobs)
	wg.Wait()
	return ids
}
