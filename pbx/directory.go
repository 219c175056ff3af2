package pbx

import (
	"slices"
	"strings"
)

// Config says who exists. NewDirectory checks it.
type Config struct {
	Users       []User
	Departments []Department
	Queues      []Queue
	Breaks      []Break
	Flows       []FlowNumber
}

// A Directory is who exists: users, numbers, queues. It never changes, so what it returns is shared
// and must not be changed either; a new configuration brings a new Directory.
type Directory struct {
	users    []*User
	queues   []*Queue
	breaks   []Break
	numbers  []*Number
	byLogin  map[string]*User // folded
	byID     map[string]*User
	byNumber map[string]*Number // number and GUID of the number
	queue    map[string]*Queue  // number
	memberOf map[string][]*Queue
	flows    []FlowNumber
	flow     map[string]*FlowNumber // plain matches, by number
	patterns []*FlowNumber          // the others, longest first
}

// fold makes logins comparable: they compare without regard to case.
func fold(login string) string { return strings.ToLower(login) }

// Users are all users in the order of the configuration.
func (d *Directory) Users() []*User { return d.users }

// Queues are all queues in the order of the configuration.
func (d *Directory) Queues() []*Queue { return d.queues }

// Breaks are the reasons for a break.
func (d *Directory) Breaks() []Break { return d.breaks }

// Numbers are all internal numbers: those of the users, those of the queues, then those of the flows
// that are nobody else's and no patterns.
func (d *Directory) Numbers() []*Number { return d.numbers }

// UserByLogin finds a user without regard to case; nil: there is none.
func (d *Directory) UserByLogin(login string) *User { return d.byLogin[fold(login)] }

// UserByID finds a user by his GUID without regard to case; nil: there is none.
func (d *Directory) UserByID(id string) *User { return d.byID[strings.ToLower(id)] }

// UserByNumber finds the user of any of his numbers; nil: it is nobody's.
func (d *Directory) UserByNumber(number string) *User {
	if n := d.byNumber[number]; n != nil && n.Number == number {
		return n.User
	}
	return nil
}

// QueueByNumber finds a queue; nil: there is none.
func (d *Directory) QueueByNumber(number string) *Queue { return d.queue[number] }

// QueuesOf are the queues in which a user works.
func (d *Directory) QueuesOf(login string) []*Queue { return d.memberOf[fold(login)] }

// NumberBy finds an internal number by itself or by its GUID; nil: there is none.
func (d *Directory) NumberBy(numberOrID string) *Number {
	if n := d.byNumber[numberOrID]; n != nil {
		return n
	}
	return d.byNumber[strings.ToLower(numberOrID)]
}

func (d *Directory) everyNumber() []string {
	all := make([]string, 0, len(d.numbers))
	for _, n := range d.numbers {
		all = append(all, n.Number)
	}
	return all
}

// Supervises reports whether boss may listen to login's calls, help in them and join them.
func (d *Directory) Supervises(boss, login string) bool {
	u := d.UserByLogin(boss)
	return u != nil && slices.ContainsFunc(u.Subordinates, func(s string) bool { return strings.EqualFold(s, login) })
}
