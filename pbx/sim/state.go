package sim

import (
	"cmp"
	"context"
	"slices"
)

// State is what the telephone system does at one moment, for people to look at.
type State struct {
	Phones      []PhoneState      `json:"phones"`
	Queues      []QueueState      `json:"queues"`
	Conferences []ConferenceState `json:"conferences"`
}

// PhoneState is one phone: every user's, and those outside ones that do something.
type PhoneState struct {
	Number string     `json:"number"`
	User   string     `json:"user,omitempty"` // login
	Busy   bool       `json:"busy,omitempty"` // made so by hand
	Legs   []LegState `json:"legs"`
}

// LegState is one call of a phone.
type LegState struct {
	ID         string `json:"id"`
	Call       string `json:"call"` // chain
	State      string `json:"state"`
	Peer       string `json:"peer,omitempty"` // number of the other side
	Queue      string `json:"queue,omitempty"`
	Flow       string `json:"flow,omitempty"` // that leads the call
	Conference string `json:"conference,omitempty"`

	Does  string   `json:"does,omitempty"`  // what the flow has the caller do: play, digits, record, ring, queue
	Heard []string `json:"heard,omitempty"` // the flow's last prompts, oldest first
	Keys  string   `json:"keys,omitempty"`  // pressed, and not asked for yet
	Music bool     `json:"music,omitempty"`
}

// QueueState is who waits in a queue.
type QueueState struct {
	Number  string   `json:"number"`
	Waiting []string `json:"waiting"` // numbers
}

// ConferenceState is who is in a conference.
type ConferenceState struct {
	ID      string   `json:"id"`
	Room    int      `json:"room"`
	Ghost   bool     `json:"ghost,omitempty"`
	Members []string `json:"members"` // numbers of those who are there or being called
}

// State tells what all phones do, in the order of the configuration, outside ones by number.
func (s *Sim) State(ctx context.Context) (State, error) {
	var st State
	err := s.do(ctx, func() error {
		st = s.state()
		return nil
	})
	return st, err
}

func (s *Sim) state() State {
	st := State{Phones: []PhoneState{}, Queues: []QueueState{}, Conferences: []ConferenceState{}}
	for _, u := range s.board.Directory().Users() {
		if p := s.phoneOf(u); p != nil {
			st.Phones = append(st.Phones, s.phoneState(p))
		}
	}
	users := len(st.Phones)
	for _, p := range s.outside {
		st.Phones = append(st.Phones, s.phoneState(p))
	}
	slices.SortFunc(st.Phones[users:], func(a, b PhoneState) int { return cmp.Compare(a.Number, b.Number) })
	for _, cfg := range s.board.Directory().Queues() {
		q := QueueState{Number: cfg.Number, Waiting: []string{}}
		if known := s.queues[cfg.Number]; known != nil {
			for _, p := range known.places {
				q.Waiting = append(q.Waiting, p.from.phone.number)
			}
		}
		st.Queues = append(st.Queues, q)
	}
	for _, c := range s.confs {
		k := ConferenceState{ID: c.id, Room: c.room, Ghost: c.target != nil, Members: []string{}}
		for _, m := range c.members {
			if m.state.Present() {
				k.Members = append(k.Members, m.party.Number)
			}
		}
		st.Conferences = append(st.Conferences, k)
	}
	slices.SortFunc(st.Conferences, func(a, b ConferenceState) int { return cmp.Compare(a.Room, b.Room) })
	return st
}

func (s *Sim) phoneState(p *phone) PhoneState {
	st := PhoneState{Number: p.number, User: p.login, Busy: p.busy, Legs: []LegState{}}
	for _, l := range p.legs {
		t := LegState{ID: l.name, Call: l.chain, State: l.state.String(), Peer: s.peer(l).Number, Queue: l.queue}
		if l.conf != nil {
			t.Conference = l.conf.id
		}
		if f := l.stay; f != nil {
			t.Flow, t.Heard, t.Keys, t.Music = f.number.Flow, slices.Clone(f.heard), f.keys, f.music
			if f.order != nil {
				t.Does = f.order.name
			}
		}
		st.Legs = append(st.Legs, t)
	}
	return st
}
