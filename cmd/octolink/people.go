package main

import (
	"fmt"
	"strings"

	"github.com/octolink/octolink/pbx"
)

// directory makes the telephone side's picture of who exists.
func (c *Config) directory() (*pbx.Directory, error) {
	departments := make(map[string]pbx.Department, len(c.Departments))
	var p pbx.Config
	for _, d := range c.Departments {
		department := pbx.Department{ID: d.ID, Name: d.Name}
		departments[d.Name] = department
		p.Departments = append(p.Departments, department)
	}
	for _, u := range c.Users {
		p.Users = append(p.Users, u.person(departments[u.Department], c.PBX.Driver))
	}
	for _, q := range c.Queues {
		p.Queues = append(p.Queues, pbx.Queue{
			ID: q.ID, Number: q.Number, Name: q.title(), Members: q.Members,
			Ring: q.Ring.std(), Retry: q.Retry.std(), Strategy: pbx.Strategy(q.Strategy),
		})
	}
	for _, b := range c.Breaks {
		p.Breaks = append(p.Breaks, pbx.Break{ID: b.ID, Name: b.Name})
	}
	for _, n := range c.Flows.Numbers {
		p.Flows = append(p.Flows, pbx.FlowNumber{Match: n.Match, Flow: n.Flow, Fallback: n.Fallback})
	}
	d, err := pbx.NewDirectory(p)
	if err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	return d, nil
}

// person is the user as the telephone side knows him.
func (u *User) person(d pbx.Department, driver string) pbx.User {
	p := pbx.User{
		ID: u.ID, Login: u.Login, Name: u.Name, Numbers: u.allNumbers(), Department: d,
		Subordinates: u.Subordinates, Supervisor: u.Supervisor, Operator: u.Operator, Dial: u.Dial,
	}
	if p.Name == "" {
		p.Name = u.Login
	}
	// A simulated call costs nothing, a real one may: there only internal numbers are open to
	// those of whom nothing is said.
	if len(p.Dial) == 0 && driver == "sim" {
		p.Dial = []string{"*"}
	}
	return p
}

// fold makes logins comparable: they compare without regard to case.
func fold(login string) string { return strings.ToLower(login) }
