package pbx

import "sync/atomic"

// A picture is what readers see of users and queues. The maps never change; the cells do.
type picture struct {
	dir    *Directory
	cells  map[string]*cell // folded login
	queues map[string]*atomic.Pointer[[]Waiter]
}

// A cell holds the latest snapshots of one user.
type cell struct {
	state atomic.Pointer[UserState]
	line  atomic.Pointer[Line]
}

// Directory is who exists now.
func (s *Switch) Directory() *Directory { return s.pic.Load().dir }

// User is what a user does now. Unknown logins are offline.
func (s *Switch) User(login string) UserState {
	if c := s.pic.Load().cells[fold(login)]; c != nil {
		return *c.state.Load()
	}
	return UserState{}
}

// Line is the present picture of a user's phone. Users without one are disconnected.
func (s *Switch) Line(login string) Line {
	if c := s.pic.Load().cells[fold(login)]; c != nil {
		return *c.line.Load()
	}
	return Line{State: LineDisconnected}
}

// NumberState is the state of an internal number: its user's, or ready for a queue. Unknown numbers
// are offline.
func (s *Switch) NumberState(number string) StateID {
	p := s.pic.Load()
	n := p.dir.NumberBy(number)
	switch {
	case n == nil:
		return Offline
	case n.User == nil:
		return Ready
	}
	return p.cells[fold(n.User.Login)].state.Load().State
}

// NumbersVersion grows whenever the state of a number, or the directory, changes.
func (s *Switch) NumbersVersion() uint64 { return s.numbersVersion.Load() }

// Waiting is who waits in a queue, first in line first. The slice is shared: do not change it.
func (s *Switch) Waiting(queue string) []Waiter {
	if w := s.pic.Load().queues[queue]; w != nil {
		return *w.Load()
	}
	return nil
}

// WaitingFor is who waits in the queues in which the user works.
func (s *Switch) WaitingFor(login string) []Waiter {
	p := s.pic.Load()
	var all []Waiter
	for _, q := range p.dir.QueuesOf(login) {
		all = append(all, *p.queues[q.Number].Load()...)
	}
	return all
}

// Conference is the latest truth about a conference; false: there is none, or it is over.
func (s *Switch) Conference(id string) (Conference, bool) {
	if c := s.conference(id); c != nil {
		return *c, true
	}
	return Conference{}, false
}

func (s *Switch) conference(id string) *Conference {
	if c, ok := s.confs.Load(id); ok {
		return c.(*Conference)
	}
	return nil
}

// settle makes the picture of a directory. Who was there before keeps his state and his calls.
func (s *Switch) settle(d *Directory) {
	old := s.pic.Load()
	p := &picture{dir: d, cells: map[string]*cell{}, queues: map[string]*atomic.Pointer[[]Waiter]{}}
	for _, q := range d.Queues() {
		w := &atomic.Pointer[[]Waiter]{}
		if old != nil && old.queues[q.Number] != nil {
			w = old.queues[q.Number]
		} else {
			w.Store(new([]Waiter))
		}
		p.queues[q.Number] = w
	}
	for _, person := range s.people {
		person.gone = true
	}
	for _, u := range d.Users() {
		person := s.people[fold(u.Login)]
		if person == nil {
			person = newPerson(u)
			s.people[fold(u.Login)] = person
		}
		person.user, person.gone = u, false
		person.publish(s)
		p.cells[fold(u.Login)] = &person.cell
	}
	s.pic.Store(p)
	for _, n := range d.Numbers() {
		if _, told := s.window.told[n.Number]; !told {
			s.window.told[n.Number] = s.NumberState(n.Number)
		}
	}
}
