package store_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"reflect"
	"strconv"
	"strings"
	gosync "sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/octolink/octolink/pbx"
	"github.com/octolink/octolink/store"
)

// The variable that makes the test binary a server to be killed; its value is the data directory.
const victimVar = "OCTOLINK_STORE_VICTIM"

func TestMain(m *testing.M) {
	if dir := os.Getenv(victimVar); dir != "" {
		if err := victim(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// victim writes until it is killed. It prints one line per write, after the write was confirmed;
// numbers of events are printed when they are used.
func victim(dir string) error {
	ctx := context.Background()
	s, err := store.Open(ctx, store.Options{Dir: dir})
	if err != nil {
		return err
	}
	first, err := s.NextEvent(ctx)
	if err != nil {
		return err
	}
	var number atomic.Int64
	number.Store(first)
	failed := make(chan error)
	for w := range 16 {
		go func() {
			for i := 0; ; i++ {
				if err := writeOne(ctx, s, &number, w, fmt.Sprintf("%d-%d-%d", first, w, i)); err != nil {
					failed <- err
				}
			}
		}()
	}
	return <-failed
}

func writeOne(ctx context.Context, s *store.Store, number *atomic.Int64, kind int, id string) error {
	switch kind % 8 {
	case 0:
		s.OpenCall(begun(call(id, "alice", begin)))
		return confirm(s.Sync(ctx), "open", id)
	case 1, 2, 3:
		s.OpenCall(begun(call(id, "boris", begin)))
		r := call(id, "boris", begin)
		s.CloseCall(r)
		n := number.Add(1) - 1
		fmt.Println("number", n)
		s.SaveEvent(pbx.Event{Number: n, At: begin, What: pbx.CallRecorded{Record: r}})
		return confirm(s.Sync(ctx), "closed", id, n)
	case 4:
		session, err := s.NewSession(ctx, id, time.Hour, 0)
		return confirm(err, "session", session, id)
	case 5:
		return confirm(s.SetPassword(ctx, id, secretCased, ""), "password", id)
	case 6:
		return confirm(s.SaveRule(ctx, pbx.RedirectRule{ID: id, Login: "alice"}), "rule", id)
	}
	s.SaveState(id, pbx.SavedState{DND: true})
	return confirm(s.Sync(ctx), "state", id)
}

// confirm prints a line in one write, so that lines of goroutines do not mix.
func confirm(err error, words ...any) error {
	if err != nil {
		return err
	}
	fmt.Print(fmt.Sprintln(words...))
	return nil
}

// promises is what victims confirmed.
type promises struct {
	open, closed, passwords, rules, states []string
	sessions                               map[string]string
	events                                 map[int64]string
	numbers                                map[int64]bool
	count                                  int
}

func newPromises() *promises {
	return &promises{sessions: map[string]string{}, events: map[int64]string{}, numbers: map[int64]bool{}}
}

func (p *promises) hear(t *testing.T, line string) {
	word, rest, _ := strings.Cut(line, " ")
	p.count++
	switch word {
	case "open":
		p.open = append(p.open, rest)
	case "closed":
		id, digits, _ := strings.Cut(rest, " ")
		n := parseNumber(t, digits)
		p.closed = append(p.closed, id)
		p.events[n] = id
	case "number":
		n := parseNumber(t, rest)
		if p.numbers[n] {
			t.Errorf("event number %d was used twice", n)
		}
		p.numbers[n] = true
	case "session":
		id, login, _ := strings.Cut(rest, " ")
		p.sessions[id] = login
	case "password":
		p.passwords = append(p.passwords, rest)
	case "rule":
		p.rules = append(p.rules, rest)
	case "state":
		p.states = append(p.states, rest)
	default:
		t.Errorf("victim says %q", line)
	}
}

func parseNumber(t *testing.T, digits string) int64 {
	t.Helper()
	n, err := strconv.ParseInt(digits, 10, 64)
	must(t, err)
	return n
}

// run starts a victim, kills it after some confirmed writes, and hears all that it said.
func (p *promises) run(t *testing.T, dir string, writes int) {
	t.Helper()
	exe, err := os.Executable()
	must(t, err)
	cmd := exec.Command(exe, "-test.run=^$")
	cmd.Env = append(os.Environ(), victimVar+"="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	var once gosync.Once
	kill := func() { once.Do(func() { _ = cmd.Process.Kill() }) }
	defer kill()
	lines := bufio.NewReader(out)
	for n := 0; ; n++ {
		line, err := lines.ReadString('\n')
		if err == io.EOF { // the rest of a line was not confirmed
			break
		}
		must(t, err)
		p.hear(t, strings.TrimSuffix(line, "\n"))
		if n >= writes {
			kill()
		}
	}
	if err := cmd.Wait(); err == nil || !strings.Contains(err.Error(), "killed") {
		t.Fatalf("victim ended by itself: %v", err)
	}
}

func TestNothingConfirmedIsLostByKill(t *testing.T) {
	dir := t.TempDir()
	p := newPromises()
	rounds := 6
	if testing.Short() {
		rounds = 2
	}
	for range rounds {
		p.run(t, dir, 1+rand.IntN(1500))
	}
	s := open(t, dir)
	if n := next(t, s); p.numbers[n] {
		t.Errorf("event number %d would be used twice", n)
	}
	p.checkJournal(t, s)
	p.checkOthers(t, s)
	t.Logf("%d writes confirmed by %d victims", p.count, rounds)
}

func (p *promises) checkJournal(t *testing.T, s *store.Store) {
	for _, id := range p.closed {
		if got, err := s.RecordByID(t.Context(), id); err != nil || !reflect.DeepEqual(got, call(id, "boris", begin)) {
			t.Errorf("closed entry %s: %+v, %v", id, got, err)
		}
	}
	told := make(map[string]bool)
	for since := int64(0); ; {
		events, err := s.Events(t.Context(), since, 1000)
		must(t, err)
		if len(events) == 0 {
			break
		}
		for _, e := range events {
			since = e.Number
			told[e.Record.ID] = true
			if want, ok := p.events[e.Number]; ok && want != e.Record.ID {
				t.Errorf("event %d: got %s, want %s", e.Number, e.Record.ID, want)
			}
			delete(p.events, e.Number)
		}
	}
	if len(p.events) > 0 {
		t.Errorf("%d confirmed events are lost", len(p.events))
	}
	for _, id := range p.open {
		got, err := s.RecordByID(t.Context(), id)
		if err != nil || got.Outcome != pbx.Interrupted || got.Ended.IsZero() || got.Ended.After(begin.Add(2*time.Minute)) {
			t.Errorf("open entry %s: got %+v, %v, want it interrupted at the last sign of life", id, got, err)
		}
		if !told[id] {
			t.Errorf("interrupted entry %s is not among the events", id)
		}
	}
}

func (p *promises) checkOthers(t *testing.T, s *store.Store) {
	for id, login := range p.sessions {
		wantSession(t, s, id, login)
	}
	for _, login := range p.passwords {
		if got := s.CheckPassword(login, secretCased, ""); got != store.RightPassword {
			t.Errorf("password of %s: got %v", login, got)
		}
	}
	rules, err := s.Rules(t.Context())
	must(t, err)
	kept := make(map[string]bool)
	for _, r := range rules["alice"] {
		kept[r.ID] = true
	}
	for _, id := range p.rules {
		if !kept[id] {
			t.Errorf("rule %s is lost", id)
		}
	}
	states, err := s.LoadStates(t.Context())
	must(t, err)
	for _, login := range p.states {
		if !states[login].DND {
			t.Errorf("state of %s is lost", login)
		}
	}
}
