package pbx

// A view is one user before and after a batch.
type view struct {
	person             *person
	oldLine, newLine   *Line
	oldState, newState *UserState
	legs               []*legChange // of his phone
}

// flush makes known what the last piece of work has told. First all pictures change, then the
// events are told: who reads on an event must see what it is about [P 5.6]. Attendants may tell
// more, which is then a batch of its own.
func (s *Switch) flush() {
	for !s.batch.empty() {
		b := s.batch
		s.batch = batch{}
		views := s.show(&b)
		for _, v := range views {
			s.announce(v)
		}
		for _, c := range b.confs {
			s.announceConference(c)
		}
		for _, r := range b.records {
			s.tell(r.Login, CallRecorded{Record: r})
		}
		s.attend(views)
		s.handOver(&b)
	}
}

// show brings the pictures up to date.
func (s *Switch) show(b *batch) []*view {
	for _, c := range b.legs {
		s.follow(b, c)
	}
	for _, c := range b.confs {
		s.followConference(b, c)
	}
	for _, q := range b.queues {
		if w := s.pic.Load().queues[q.number]; w != nil {
			waiting := q.waiting
			w.Store(&waiting)
		}
	}
	views := make([]*view, 0, len(b.people))
	for _, p := range b.people {
		views = append(views, s.view(b, p))
	}
	return views
}

// follow takes over one leg.
func (s *Switch) follow(b *batch, c *legChange) {
	if c.new.State == LegEnded {
		delete(s.legs, c.new.ID)
	} else {
		s.legs[c.new.ID] = c.new
	}
	if c.person != nil {
		c.person.follow(c.new)
		b.touch(c.person)
	}
	s.followLed(b, c.new)
	s.chains.follow(c)
	if r, closed := s.ledger.follow(c, s.opts.NewID); closed {
		b.records = append(b.records, r)
	}
}

// followConference takes over one conference. The lines of its members point at it.
func (s *Switch) followConference(b *batch, c *confChange) {
	members := c.new.Members
	if c.old != nil {
		members = append(members[:len(members):len(members)], c.old.Members...)
	}
	for _, m := range members {
		if m.Party.User != nil {
			b.touch(s.people[fold(m.Party.User.Login)])
		}
	}
	if len(c.new.Members) == 0 {
		s.confs.Delete(c.new.ID)
	} else {
		s.confs.Store(c.new.ID, c.new)
	}
}

// view publishes a user's snapshots.
func (s *Switch) view(b *batch, p *person) *view {
	v := &view{person: p}
	v.oldLine, v.oldState = p.publish(s)
	v.newLine, v.newState = p.cell.line.Load(), p.cell.state.Load()
	for _, c := range b.legs {
		if c.person == p {
			v.legs = append(v.legs, c)
		}
	}
	if v.oldState.State != v.newState.State && !p.gone {
		s.numbersChanged(p.user.Numbers)
	}
	if p.gone && len(p.legs) == 0 {
		delete(s.people, fold(p.login()))
	}
	return v
}

// announce tells what happened to one user: the phone first, then the line, then the person.
func (s *Switch) announce(v *view) {
	login := v.person.login()
	told := phoneEvents(v)
	for _, what := range told {
		s.tell(login, what)
	}
	// A client reads the line again only on an event. So a picture that has changed without one,
	// like a number that is being dialled at the dial tone, needs one too [P 10.4].
	if v.oldLine.State != v.newLine.State || len(told) == 0 && !sameLine(v.oldLine, v.newLine) {
		s.tell(login, LineChanged{State: v.newLine.State})
	}
	if *v.oldState != *v.newState {
		s.tell(login, StateChanged{State: *v.newState})
	}
}

// announceConference tells the composition first: clients cannot take a member whom they do not
// know yet [P 5.7].
func (s *Switch) announceConference(c *confChange) {
	old := Conference{}
	if c.old != nil {
		old = *c.old
	}
	if sameConference(old, *c.new) {
		return
	}
	s.tell("", ConferenceChanged{Conference: *c.new})
	for _, m := range c.new.Members {
		if before, known := old.member(m.ID); !known || before != m {
			s.tell("", MemberChanged{Conference: *c.new, Member: m})
		}
	}
	for _, m := range old.Members {
		if _, still := c.new.member(m.ID); !still && m.State.Present() {
			m.State = MemberExited
			s.tell("", MemberChanged{Conference: *c.new, Member: m})
		}
	}
}

// attend tells the driver what users do now.
func (s *Switch) attend(views []*view) {
	a, ok := s.driver.(Attendant)
	if !ok {
		return
	}
	for _, v := range views {
		if *v.oldState != *v.newState {
			a.UserChanged(v.person.login(), *v.newState)
		}
	}
}
