package sim_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/octolink/octolink/pbx"
	"github.com/octolink/octolink/pbx/sim"
)

// crowd is a configuration of n users, all in one queue of 20 members each.
func crowd(n int) pbx.Config {
	var c pbx.Config
	for i := range n {
		c.Users = append(c.Users, pbx.User{Login: fmt.Sprint("user", i), Numbers: []string{fmt.Sprint(1000 + i)}, Dial: []string{"*"}})
	}
	for i := 0; i < n; i += 20 {
		q := pbx.Queue{Number: fmt.Sprint(700 + i/20), Name: "queue"}
		for j := i; j < min(i+20, n); j++ {
			q.Members = append(q.Members, c.Users[j].Login)
		}
		c.Queues = append(c.Queues, q)
	}
	return c
}

// Five hundred agents work through three thousand waiting callers.
func TestManyCalls(t *testing.T) {
	const users, callers = 500, 3000
	inBubble(t, func(t *testing.T) {
		h := open(t, sim.Options{Answer: 3 * time.Second}, crowd(users))
		for _, u := range h.sw.Directory().Users() {
			h.must(h.sw.Connect(h.ctx, u.Login))
			h.wish(u.Login, pbx.StateChange{CallCenter: yes()})
		}
		for i := range callers {
			h.ring(fmt.Sprint(79000000000+i), fmt.Sprint(700+i%(users/20)))
		}
		served := 0
		for range 30 {
			h.pass(5 * time.Second)
			for _, u := range h.sw.Directory().Users() {
				if h.sw.Line(u.Login).State == pbx.LineCommutated {
					h.must(h.sw.Abort(h.ctx, u.Login))
					served++
				}
			}
		}
		if served != callers {
			t.Errorf("%d of %d callers were served", served, callers)
		}
		h.check()
	})
}

func BenchmarkIncomingCall(b *testing.B) {
	dir, err := pbx.NewDirectory(crowd(500))
	if err != nil {
		b.Fatal(err)
	}
	phones := sim.New(sim.Options{})
	sw := pbx.NewSwitch(pbx.Options{Driver: phones, Directory: dir})
	ctx, stop := context.WithCancel(b.Context())
	ended := make(chan error, 1)
	go func() { ended <- sw.Run(ctx) }()
	for i := 0; b.Loop(); i++ {
		n := i % 500
		if _, err := phones.Ring(ctx, "79161234567", fmt.Sprint(1000+n)); err != nil {
			b.Fatal(err)
		}
		if err := sw.Answer(ctx, fmt.Sprint("user", n)); err != nil {
			b.Fatal(err)
		}
		if err := sw.Abort(ctx, fmt.Sprint("user", n)); err != nil {
			b.Fatal(err)
		}
	}
	stop()
	<-ended
}

// A caller who joins a long queue and leaves it again, as when a campaign went out and nobody is there to answer.
func BenchmarkLongQueue(b *testing.B) {
	for _, others := range []int{10, 10_000} {
		b.Run(fmt.Sprint("behind ", others), func(b *testing.B) {
			dir, err := pbx.NewDirectory(crowd(20))
			if err != nil {
				b.Fatal(err)
			}
			phones := sim.New(sim.Options{})
			sw := pbx.NewSwitch(pbx.Options{Driver: phones, Directory: dir})
			ctx, stop := context.WithCancel(b.Context())
			ended := make(chan error, 1)
			go func() { ended <- sw.Run(ctx) }()
			for i := range others {
				if _, err := phones.Ring(ctx, fmt.Sprint(79000000000+i), "700"); err != nil {
					b.Fatal(err)
				}
			}
			for b.Loop() {
				if _, err := phones.Ring(ctx, client, "700"); err != nil {
					b.Fatal(err)
				}
				if err := phones.HangupPhone(ctx, client); err != nil {
					b.Fatal(err)
				}
			}
			stop()
			<-ended
		})
	}
}
