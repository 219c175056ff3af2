package peers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/octolink/octolink/cmd/octolink/bench"
	"github.com/octolink/octolink/cmd/octolink/bench/herd"
	"github.com/octolink/octolink/protocol/methods"
	"github.com/octolink/octolink/protocol/wire"
)

// subscriptions are those of a browser [P 5.1].
var subscriptions = strings.Fields("customevent userstatechanged pbxnumberstatechanged linestatechanged flashstatechanged " +
	"confcompositionchanged confcompetitorstatechanged phoneevent_acmcallstarted phoneevent_acmcallstopped " +
	"phoneevent_ringstarted phoneevent_ringstopped phoneevent_ivrstarted phoneevent_commstarted " +
	"phoneevent_commstopped httpresponsecopy")

func ping(l language) question { return l.question("ping", "pong", nil) }

func login(l language, u bench.User, session string) question {
	fields := wire.Object{{Key: "userlogin", Value: u.Login}}
	if session == "" {
		cased, lower := methods.PasswordMD5(u.Password)
		fields = append(fields, wire.Object{{Key: "Password", Value: cased}, {Key: "password", Value: lower}}...)
	} else {
		fields = append(fields, wire.Member{Key: "sessionid", Value: session})
	}
	return l.question("login", "loginresult", append(fields, wire.Object{
		{Key: "showid", Value: wire.Number("1")}, {Key: "usewebrtc", Value: false},
	}...))
}

func subscribe(l language, u bench.User, event string) question {
	return l.question("subscribeevent", "subscribeeventresult", wire.Object{
		{Key: "userlogin", Value: u.Login}, {Key: "eventmethod", Value: wire.List{event}},
	})
}

func userState(l language, u bench.User) question {
	return l.question("getuserstate", "getuserstateresult", wire.Object{{Key: "userlogin", Value: u.Login}})
}

// whole is the sequence of a tab that comes back: the first pong, the login by its session, its
// subscriptions one by one as browsers send them, and the state that it shows first.
func whole(l language, u bench.User, session string) []question {
	steps := []question{ping(l), login(l, u, session)}
	for _, event := range subscriptions {
		steps = append(steps, subscribe(l, u, event))
	}
	return append(steps, userState(l, u))
}

// Arrivals are tabs that connect and go through their steps, so many at once.
type arrivals struct {
	language
	herd   *herd.Herd
	tabs   int
	atOnce int
	steps  func(i int) []question // of the tab i of these
	heard  func(i int, m []byte)  // every answer and event; nil leaves it out

	began, done int
	took        bench.Latency
	scratch     [20]byte
}

type visitor struct {
	i     int
	steps []question
	step  int
	began time.Time
}

// run lets them all come.
func (a *arrivals) run(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, 5*time.Minute, errors.New("the tabs do not get ready"))
	defer cancel()
	a.herd.Use(a)
	err := a.herd.Run(ctx, func() bool { return a.done == a.tabs }, func(now time.Time) time.Time {
		for a.began < a.tabs && a.began-a.done < a.atOnce {
			t, err := a.herd.Connect()
			if err != nil {
				a.herd.Fail(err)
				break
			}
			t.Data = &visitor{i: a.began, steps: a.steps(a.began), began: now}
			a.began++
		}
		return now.Add(time.Second)
	})
	if err != nil {
		return fmt.Errorf("%d of %d tabs are ready: %w", a.done, a.tabs, errors.Join(err, context.Cause(ctx)))
	}
	return nil
}

// Opened implements [herd.Load].
func (a *arrivals) Opened(t *herd.Tab) { a.ask(t, t.Data.(*visitor)) }

func (a *arrivals) ask(t *herd.Tab, v *visitor) {
	if v.step < len(v.steps) {
		t.Send(v.steps[v.step].parts(uint64(v.step)+1, a.scratch[:])) //nolint:gosec // a few
		return
	}
	a.done++
	a.took.Add(a.herd.Now.Sub(v.began))
	t.Data = nil
}

// Message implements [herd.Load].
func (a *arrivals) Message(t *herd.Tab, m []byte) {
	v, ok := t.Data.(*visitor)
	if !ok {
		return // an event
	}
	if a.heard != nil {
		a.heard(v.i, m)
	}
	n, digits := a.number(m)
	if digits == 0 {
		return // an event
	}
	if err := a.check(v, n, m); err != nil {
		a.herd.Fail(err)
		return
	}
	v.step++
	a.ask(t, v)
}

func (a *arrivals) check(v *visitor, n uint64, m []byte) error {
	q := &v.steps[v.step]
	switch {
	case n != uint64(v.step)+1: //nolint:gosec // a few
		return fmt.Errorf("an answer to request %d, not %d: %.200s", n, v.step+1, m)
	case !bytes.HasPrefix(m, q.answer):
		return fmt.Errorf("not an answer to %.100s: %.200s", q.head, m)
	case !bytes.Contains(m, a.success) && !bytes.Contains(m, []byte("pong")):
		return fmt.Errorf("no success: %.300s", m)
	}
	return nil
}
