package sim_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/octolink/octolink/pbx"
	"github.com/octolink/octolink/pbx/sim"
)

// A player does something at random; what makes no sense at the moment is refused.
type player struct {
	*house
	flows []string // numbers of flows, which may be called too
	rnd   *rand.Rand
	did   map[string]int // how often each move was accepted; nil: nobody counts
}

var (
	logins   = []string{"alice", "boris", "vera", "dmitry", "elena"}
	insides  = []string{"300", "301", "302", "303", "304", "700", "701", "702"}
	outsides = []string{"79000000001", "79000000002", "79000000003", "79000000004", "79000000005"}
)

func pick[T any](r *rand.Rand, of []T) T { return of[r.IntN(len(of))] }

func (p *player) number() string {
	if len(p.flows) > 0 && p.rnd.IntN(3) == 0 {
		return pick(p.rnd, p.flows)
	}
	if p.rnd.IntN(3) == 0 {
		return pick(p.rnd, outsides)
	}
	return pick(p.rnd, insides)
}

// move is one command of one user, or one hand at a phone.
func (p *player) move() (what string, err error) {
	me, to := pick(p.rnd, logins), p.number()
	conf := "none"
	if c := p.sw.Line(me).Conf; c != nil {
		conf = c.ID
	}
	moves := []struct {
		name string
		do   func() error
	}{
		{"ring", func() error {
			_, err := p.sim.Ring(p.ctx, pick(p.rnd, outsides), pick(p.rnd, append(p.flows, insides...)))
			return err
		}},
		{"dial by hand", func() error { _, err := p.sim.Ring(p.ctx, pick(p.rnd, insides), to); return err }},
		{"answer", p.answerSomebody},
		{"answer", p.answerSomebody},
		{"answer", p.answerSomebody},
		{"answer", p.answerSomebody},
		{"answer mine", func() error { return p.sw.Answer(p.ctx, me) }},
		{"autocall in talk", func() error { _, err := p.sw.AutoCall(p.ctx, me, pick(p.rnd, insides), false, false); return err }},
		{"answer by hand", func() error { return p.sim.AnswerPhone(p.ctx, to) }},
		{"answer outside", func() error { return p.sim.AnswerPhone(p.ctx, pick(p.rnd, outsides)) }},
		{"reject", func() error { return p.sim.Reject(p.ctx, to) }},
		{"hang up", func() error { return p.sim.HangupPhone(p.ctx, to) }},
		{"autocall", func() error {
			_, err := p.sw.AutoCall(p.ctx, me, to, p.rnd.IntN(2) == 0, p.rnd.IntN(4) == 0)
			return err
		}},
		{"abort autocall", func() error { return p.sw.AbortAutoCall(p.ctx, me) }},
		{"decline", func() error { return p.sw.Decline(p.ctx, me) }},
		{"abort", func() error { return p.sw.Abort(p.ctx, me) }},
		{"flash", func() error { return p.sw.Flash(p.ctx, me, pick(p.rnd, []string{"", "switch", "abort", "next"}), "") }},
		{"flash switch", func() error { return p.sw.Flash(p.ctx, me, "switch", "") }},
		{"flash next", func() error { return p.sw.Flash(p.ctx, me, "next", to) }},
		{"transfer", func() error { return p.sw.Transfer(p.ctx, me, to) }},
		{"connect", func() error { return p.sw.Transfer(p.ctx, me, "") }},
		{"conference", func() error { return p.sw.CreateConference(p.ctx, me, pbx.Conference{}, []string{to, p.number()}) }},
		{"build", func() error { _, err := p.sw.BuildConference(p.ctx, me); return err }},
		{"invite", func() error { return p.sw.Invite(p.ctx, me, conf, []string{to, p.number()}) }},
		{"kick", func() error {
			k, _ := p.sw.Conference(conf)
			if len(k.Members) == 0 {
				return pbx.ErrNoSuchMember
			}
			return p.sw.Kick(p.ctx, me, conf, pick(p.rnd, k.Members).ID)
		}},
		{"exit", func() error { return p.sw.ExitConference(p.ctx, me, conf) }},
		{"join", func() error { return p.sw.JoinHeld(p.ctx, me) }},
		{"ghost", func() error { _, err := p.sw.Ghost(p.ctx, "alice", "boris"); return err }},
		{"ghost mode", func() error { return p.sw.SetGhostMode(p.ctx, "alice", conf, pbx.GhostHelp) }},
		{"state", func() error {
			_, err := p.sw.SetState(p.ctx, me, pbx.StateChange{State: is(pick(p.rnd, []pbx.StateID{1, 1, 1, 2, 3})), CallCenter: yes()})
			return err
		}},
		{"presence", func() error {
			if p.rnd.IntN(4) == 0 {
				return p.sw.Disconnect(p.ctx, me)
			}
			return p.sw.Connect(p.ctx, me)
		}},
		{"busy", func() error { return p.sim.SetBusy(p.ctx, to, p.rnd.IntN(12) == 0) }},
		{"rules", func() error {
			return p.sw.SetRules(p.ctx, me, []pbx.RedirectRule{{Destination: to, Enabled: p.rnd.IntN(8) == 0}})
		}},
	}
	m := pick(p.rnd, moves)
	if err = m.do(); err == nil && p.did != nil {
		p.did[m.name]++
	} else if p.did != nil {
		p.did[m.name] += 0
	}
	return fmt.Sprint(me, " ", m.name, " ", to), err
}

// answerSomebody lifts the first hand-set that rings, so that there are talks to do something with.
func (p *player) answerSomebody() error {
	for _, login := range logins {
		if p.sw.Line(login).State == pbx.LineRinging {
			return p.sw.Answer(p.ctx, login)
		}
	}
	return pbx.ErrState
}

// goHome puts all hand-sets down, until no call is left.
func (p *player) goHome() {
	p.t.Helper()
	for _, login := range logins {
		p.must(p.sw.Disconnect(p.ctx, login))
	}
	for _, number := range append(outsides, insides[:5]...) {
		p.must(p.sim.SetBusy(p.ctx, number, false))
		_ = p.sim.HangupPhone(p.ctx, number)
	}
	p.pass(time.Hour)
	for _, login := range logins {
		p.line(login, "lsReady")
	}
	if open := p.journal.unfinished(); len(open) > 0 {
		p.t.Errorf("journal entries are open without a call: %+v", open)
	}
	st, err := p.sim.State(p.ctx)
	p.must(err)
	for _, ph := range st.Phones {
		if len(ph.Legs) > 0 || ph.User == "" {
			p.t.Errorf("left over: %+v", ph)
		}
	}
	if len(st.Conferences) > 0 {
		p.t.Errorf("left over: %+v", st.Conferences)
	}
	for _, q := range []string{"700", "701", "702"} {
		if w := p.sw.Waiting(q); len(w) > 0 {
			p.t.Errorf("left over in queue %s: %+v", q, w)
		}
	}
}

func TestRandomDays(t *testing.T) {
	did := map[string]int{}
	for seed := range uint64(8) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			inHouse(t, sim.Options{Outside: 7 * time.Second, NoAnswer: 30 * time.Second}, func(h *house) {
				p := &player{house: h, rnd: rand.New(rand.NewPCG(seed, 1)), did: did}
				var done []string
				for step := 0; step < 1500 && !h.t.Failed(); step++ {
					what, err := p.move()
					done = append(done, fmt.Sprint(what, ": ", err))
					if p.rnd.IntN(3) == 0 {
						h.pass(time.Duration(p.rnd.IntN(5000)) * time.Millisecond)
					}
					synctest.Wait()
					checkLegs(h)
				}
				checkPairs(h)
				if h.t.Failed() {
					h.t.Logf("the last moves: %q", done[max(0, len(done)-25):])
				}
				p.goHome()
			})
		})
	}
	for name, times := range did {
		if times == 0 {
			t.Errorf("in no day was %q possible", name)
		}
	}
	t.Log(did)
}

// Commands of several users at the same moment may come in any order, but must leave no ruins.
func TestRandomDaysAtOnce(t *testing.T) {
	inHouse(t, sim.Options{Outside: 2 * time.Second, NoAnswer: 30 * time.Second}, func(h *house) {
		var wg sync.WaitGroup
		for seed := range uint64(6) {
			wg.Go(func() {
				p := &player{house: h, rnd: rand.New(rand.NewPCG(seed, 2))}
				for range 300 {
					if _, err := p.move(); err == nil {
						<-time.After(time.Duration(p.rnd.IntN(300)) * time.Millisecond)
					}
				}
			})
		}
		wg.Wait()
		h.check()
		(&player{house: h}).goHome()
	})
}
