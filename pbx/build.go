package pbx

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// The waits of a queue that says nothing about them.
const (
	defaultRing  = 20 * time.Second
	defaultRetry = 5 * time.Second
)

// A builder gathers a directory and everything that is wrong with its configuration.
type builder struct {
	*Directory
	departments map[string]Department // by name
	faults      []error
	ids         map[string]string // GUID → whose it is
}

// NewDirectory checks the configuration and tells all mistakes at once: doubled logins, numbers and
// GUIDs, unknown members and subordinates. Missing GUIDs are made from login, number or name, so
// they are the same after each start.
func NewDirectory(c Config) (*Directory, error) {
	b := &builder{
		Directory: &Directory{
			byLogin: map[string]*User{}, byID: map[string]*User{}, byNumber: map[string]*Number{},
			queue: map[string]*Queue{}, memberOf: map[string][]*Queue{}, breaks: slices.Clone(c.Breaks),
			flow: map[string]*FlowNumber{},
		},
		departments: map[string]Department{}, ids: map[string]string{},
	}
	for _, d := range c.Departments {
		b.addDepartment(d)
	}
	for _, u := range c.Users {
		b.addUser(u)
	}
	for _, q := range c.Queues {
		b.addQueue(q)
	}
	b.addFlows(c.Flows)
	for _, u := range b.users {
		b.checkSubordinates(u)
	}
	b.checkBreaks()
	if len(b.faults) > 0 {
		return nil, fmt.Errorf("pbx: directory: %w", errors.Join(b.faults...))
	}
	return b.Directory, nil
}

func (b *builder) fault(format string, args ...any) {
	b.faults = append(b.faults, fmt.Errorf(format, args...))
}

// id is a GUID in lower case, made from the kind and the name when there is none yet.
func (b *builder) id(given, kind, name string) string {
	id := strings.ToLower(given)
	if id == "" {
		id = uuid.NewSHA1(uuid.NameSpaceOID, []byte("octolink:"+kind+":"+name)).String()
	} else if parsed, err := uuid.Parse(id); err != nil || parsed.String() != id {
		b.fault("%s %s: %q is not a GUID", kind, name, given)
		return id
	}
	whose := kind + " " + name
	if other, taken := b.ids[id]; taken && other != whose {
		b.fault("%s and %s have the same id %s", other, whose, id)
	}
	b.ids[id] = whose
	return id
}

func (b *builder) addDepartment(d Department) {
	if _, doubled := b.departments[d.Name]; doubled {
		b.fault("department %q is there twice", d.Name)
	}
	d.ID = b.id(d.ID, "department", d.Name)
	b.departments[d.Name] = d
}

// department fills in what the list of departments knows about the one with this name.
func (b *builder) department(d Department) Department {
	if d.Name == "" && d.ID == "" {
		return d
	}
	if known, ok := b.departments[d.Name]; ok && (d.ID == "" || strings.EqualFold(d.ID, known.ID)) {
		return known
	}
	d.ID = b.id(d.ID, "department", d.Name)
	b.departments[d.Name] = d
	return d
}

func (b *builder) addUser(u User) {
	if strings.TrimSpace(u.Login) == "" {
		b.fault("a user without a login")
		return
	}
	if b.UserByLogin(u.Login) != nil {
		b.fault("user %s is there twice", u.Login)
		return
	}
	u.ID = b.id(u.ID, "user", fold(u.Login))
	u.Department = b.department(u.Department)
	u.Numbers, u.Subordinates, u.Dial = slices.Clone(u.Numbers), slices.Clone(u.Subordinates), slices.Clone(u.Dial)
	b.users = append(b.users, &u)
	b.byLogin[fold(u.Login)], b.byID[u.ID] = &u, &u
	for _, n := range u.Numbers {
		b.addNumber(&Number{Number: n, Caption: u.Name, Kind: KindUser, User: &u, Department: u.Department}, "user "+u.Login)
	}
}

func (b *builder) addNumber(n *Number, whose string) {
	if clean, ok := cleanNumber(n.Number); !ok || clean != n.Number {
		b.fault("%s: %q is not a number", whose, n.Number)
		return
	}
	if b.byNumber[n.Number] != nil {
		b.fault("%s: number %s is there twice", whose, n.Number)
		return
	}
	n.ID = b.id(n.ID, "number", n.Number)
	b.numbers = append(b.numbers, n)
	b.byNumber[n.Number], b.byNumber[n.ID] = n, n
}

func (b *builder) addQueue(q Queue) {
	q.ID = b.id(q.ID, "queue", q.Number)
	q.Department = b.department(q.Department)
	q.Members = slices.Clone(q.Members)
	if q.Ring == 0 {
		q.Ring = defaultRing
	}
	if q.Retry == 0 {
		q.Retry = defaultRetry
	}
	if q.Strategy == "" {
		q.Strategy = LongestIdle
	}
	if !slices.Contains([]Strategy{LongestIdle, RingAll, InOrder}, q.Strategy) {
		b.fault("queue %s: unknown strategy %q", q.Number, q.Strategy)
	}
	if q.Ring < 0 || q.Retry < 0 {
		b.fault("queue %s: a time below zero", q.Number)
	}
	b.queues = append(b.queues, &q)
	b.queue[q.Number] = &q
	b.addNumber(&Number{Number: q.Number, Caption: q.Name, Kind: KindIVR, Group: true, Department: q.Department}, "queue "+q.Number)
	for i, m := range q.Members {
		u := b.UserByLogin(m)
		if u == nil {
			b.fault("queue %s: member %s is not a user", q.Number, m)
			continue
		}
		q.Members[i] = u.Login
		if of := b.memberOf[fold(m)]; len(of) > 0 && of[len(of)-1] == &q {
			b.fault("queue %s: member %s is there twice", q.Number, m)
			continue
		}
		b.memberOf[fold(m)] = append(b.memberOf[fold(m)], &q)
	}
}

func (b *builder) checkSubordinates(u *User) {
	for _, s := range u.Subordinates {
		if b.UserByLogin(s) == nil {
			b.fault("user %s: subordinate %s is not a user", u.Login, s)
		}
	}
}

func (b *builder) checkBreaks() {
	seen := map[int]bool{}
	for _, br := range b.breaks {
		if br.ID <= 0 || seen[br.ID] {
			b.fault("break %q: id %d is taken or not above zero", br.Name, br.ID)
		}
		seen[br.ID] = true
	}
}
