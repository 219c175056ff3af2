package sim

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/octolink/octolink/pbx"
)

// Bounds of a call in flows.
const (
	maxFlows  = 8   // through how many flows one caller's leg may go: fallbacks may lead in a circle
	keepKeys  = 32  // pressed before anybody asked; later ones are lost
	keepHeard = 8   // prompts, for people to look at
	heardSize = 160 // bytes of one of them
)

// A stay is a leg's time in a flow, also while the flow has others rung for it or lets it talk.
type stay struct {
	number    pbx.FlowNumber
	party     pbx.Party // the flow on the phone's display
	connected bool      // answered, by the flow or by somebody whom it rang
	recorded  bool      // the flow has recorded the caller
	music     bool
	order     *order   // the command that takes time; nil: none does
	keys      string   // pressed and not used yet
	heard     []string // the last prompts
}

// An order is a command of a flow that takes time.
type order struct {
	leg       *leg
	name      string
	done      chan struct{} // closed when err and the results are there and the picture shows them
	over      bool
	abandoned bool // by its flow, before it was over
	err       error
	timers    []func()
	key       func(k rune) // takes a key that is pressed meanwhile; nil: keys are kept
	begun     time.Time
	answer    string // of Play and Digits
	record    pbx.RecordResult
	seek      *seek // of RingFor and Enqueue
}

// lead gives a leg to whoever leads calls.
func (s *Sim) lead(from *leg, t target) error {
	if from.state == pbx.LegReserved {
		return fmt.Errorf("sim: the flow %s cannot be called before the phone: %w", t.flow.Flow, pbx.ErrBusy)
	}
	if from.flows >= maxFlows {
		return fmt.Errorf("sim: %s: the call went through %d flows: %w", t.number, from.flows, pbx.ErrBusy)
	}
	if !s.board.Offer(from.name, *t.flow, t.number) {
		return fmt.Errorf("sim: nobody leads calls to %s: %w", t.number, pbx.ErrBusy)
	}
	from.flows++
	from.stay = &stay{number: *t.flow, party: s.partyOf(t)}
	from.dialled = from.stay.party
	s.tell(from)
	s.log.Info("a flow gets a call", "flow", t.flow.Flow, "from", from.phone.number, "to", t.number)
	return nil
}

// accept answers the call of a leg.
func (s *Sim) accept(l *leg) {
	if l.stay.connected {
		return
	}
	l.stay.connected = true
	s.listen(l)
}

// listen connects a leg to its flow.
func (s *Sim) listen(l *leg) {
	l.calm()
	l.state, l.talk, l.since, l.callback = pbx.LegTalking, s.board.NewID(), s.board.Now(), nil
	l.other, l.dialled, l.queue = nil, l.stay.party, ""
	s.tell(l)
}

// seekFrom makes the leg one for which others are rung.
func (s *Sim) seekFrom(l *leg) {
	l.calm()
	l.state, l.talk, l.since = pbx.LegDialling, "", time.Time{}
}

// back takes a leg into its flow again, after a talk or when nobody took it.
func (s *Sim) back(l *leg) {
	if l.stay.connected {
		s.listen(l)
		return
	}
	l.calm()
	l.state, l.other, l.dialled, l.queue = pbx.LegDialling, nil, l.stay.party, ""
	s.tell(l)
}

// quiet stops what goes on to find somebody for a leg.
func (s *Sim) quiet(l *leg) {
	rings := l.rings
	l.rings = nil
	for _, r := range rings {
		s.end(r, pbx.CauseCancelled)
	}
	s.leaveQueue(l)
}

// giveAway lets a leg leave its flow, if it is in one. Who calls it tells the leg.
func (s *Sim) giveAway(l *leg) { s.leaveFlow(l, pbx.ErrGivenAway) }

func (s *Sim) leaveFlow(l *leg, why error) {
	st := l.stay
	if st == nil {
		return
	}
	l.stay = nil
	if l.other == nil && !st.recorded {
		l.talk = "" // of the connection with the flow there is no recording
	}
	if st.order != nil {
		s.finish(st.order, why)
	}
}

// finish ends an order. Its command returns when everybody knows what happened.
func (s *Sim) finish(o *order, err error) {
	if o.over {
		return
	}
	o.over, o.err = true, err
	for _, cancel := range o.timers {
		cancel()
	}
	if st := o.leg.stay; st != nil && st.order == o {
		st.order = nil
	}
	s.board.Told(func() { close(o.done) })
}

// later runs fn after d, if the order is not over then.
func (s *Sim) later(o *order, d time.Duration, fn func()) {
	o.timers = append(o.timers, s.board.After(d, func() {
		if !o.over {
			fn()
		}
	}))
}

// hushed cancels the order's timers: something has happened in time.
func (o *order) hushed() {
	for _, cancel := range o.timers {
		cancel()
	}
	o.timers = nil
}

// press gives a key to who waits for it, or keeps it.
func (st *stay) press(k rune) {
	if st.order != nil && st.order.key != nil {
		st.order.key(k)
		return
	}
	st.keep(k)
}

func (st *stay) keep(k rune) {
	if len(st.keys) < keepKeys {
		st.keys += string(k)
	}
}

// use takes the first key that was pressed before and is one of those; "" when none was.
func (st *stay) use(keys string) string {
	i := strings.IndexAny(st.keys, keys)
	if keys == "" || i < 0 {
		return ""
	}
	k := st.keys[i : i+1]
	st.keys = st.keys[:i] + st.keys[i+1:]
	return k
}

// hear notes a prompt for people to look at.
func (st *stay) hear(p pbx.Prompt) {
	if len(st.heard) == keepHeard {
		st.heard = append(st.heard[:0], st.heard[1:]...)
	}
	st.heard = append(st.heard, spoken(p))
}

// spoken is a prompt in words, shortened.
func spoken(p pbx.Prompt) string {
	text := p.Text
	if p.File != "" {
		text = strings.TrimSpace("[" + p.File + "] " + text)
	}
	if len(text) <= heardSize {
		return text
	}
	cut := heardSize
	for cut > 0 && !utf8.RuneStart(text[cut]) {
		cut--
	}
	return strings.Clone(text[:cut]) + "…"
}
