package pbx

import "slices"

// A batch is what one piece of work told. Its consequences are shown and told together at the end of
// the work, so a change of two legs (a toggle, a transfer) is one change for everybody.
type batch struct {
	legs    []*legChange // in the order in which they were first told
	confs   []*confChange
	people  []*person
	queues  []queueChange
	records []CallRecord // journal entries that were closed
	offers  []offer      // calls that came to flow numbers
	endings []ending     // of calls that flows led
	told    []func()     // what waits for all this to be known
}

type legChange struct {
	old, new *Leg // old is nil for a new leg
	person   *person
}

type confChange struct{ old, new *Conference }

type queueChange struct {
	number  string
	waiting []Waiter
}

func (b *batch) empty() bool {
	return len(b.legs)+len(b.confs)+len(b.people)+len(b.queues)+len(b.offers)+len(b.told) == 0
}

func (b *batch) touch(p *person) {
	if p != nil && !slices.Contains(b.people, p) {
		b.people = append(b.people, p)
	}
}
