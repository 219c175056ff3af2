package crmsim

import (
	"context"
	"errors"
	"fmt"

	"github.com/octolink/octolink/protocol/wire"
)

// Request sends a request of a user, or with "" of the CRM itself, and waits for its reply. A
// reply that tells an error is returned together with a *[wire.Error]. fields is what
// [wire.AppendFields] takes; the user's login and id are added.
func (c *CRM) Request(ctx context.Context, user, name string, fields any) (wire.Message, error) {
	ctx, cancel := context.WithTimeout(ctx, c.opts.Timeout)
	defer cancel()
	qid := wire.Text(newGUID())
	answer := make(chan wire.Message, 1)
	l, err := c.ask(qid, answer)
	if err != nil {
		return wire.Message{}, err
	}
	all, err := c.addressed(user, fields)
	if err == nil {
		err = l.write(true, outgoing{name, qid, all})
	}
	if err != nil {
		l.unask(qid)
		return wire.Message{}, fmt.Errorf("crmsim: %s: %w", name, err)
	}
	select {
	case m, ok := <-answer:
		if !ok {
			return m, fmt.Errorf("%w to %s", ErrLinkLost, name)
		}
		return m, refusal(m)
	case <-ctx.Done():
		l.unask(qid)
		if errors.Is(ctx.Err(), context.Canceled) {
			return wire.Message{}, ctx.Err()
		}
		return wire.Message{}, fmt.Errorf("%w to %s", ErrNoReply, name)
	}
}

// ask notes a request on the live link.
func (c *CRM) ask(qid wire.Token, answer chan wire.Message) (*link, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.opts.Mode.posted():
		return nil, ErrHTTP
	case c.link == nil:
		return nil, ErrNoLink
	}
	c.link.asked[qid] = answer
	return c.link, nil
}

func (l *link) unask(qid wire.Token) {
	l.crm.mu.Lock()
	defer l.crm.mu.Unlock()
	delete(l.asked, qid)
}

// addressed adds the user to the parameters of a message.
func (c *CRM) addressed(user string, fields any) (wire.Object, error) {
	frame, err := wire.Append(nil, wire.JSON, "fields", "", fields)
	if err != nil {
		return nil, err
	}
	m, err := wire.Decode(wire.JSON, frame, wire.Limits{})
	if err != nil || user == "" {
		return tree(m), err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	var id string
	if a := c.users[user]; a != nil {
		id = a.ID
	}
	return append(wire.Object{{Key: "userlogin", Value: user}, {Key: "userid", Value: id}}, tree(m)...), nil
}

// refusal is the error that a reply tells; nil for a good one.
func refusal(m wire.Message) error {
	var r struct {
		Result *bool  `wire:"result" doc:"whether it worked"`
		Code   int    `wire:"error" doc:"why not"`
		Text   string `wire:"errormsg" doc:"the same in words"`
	}
	if err := m.Unmarshal(&r); err != nil {
		return err
	}
	if r.Code == 0 && r.Text == "" && (r.Result == nil || *r.Result) {
		return nil
	}
	return &wire.Error{Code: r.Code, Text: r.Text}
}

// Send sends a message that wants no reply. Over HTTP it goes with the next answer, in JSON.
func (c *CRM) Send(user, name string, fields any) error {
	all, err := c.addressed(user, fields)
	if err != nil {
		return err
	}
	o := outgoing{name, wire.Text(newGUID()), all}
	c.mu.Lock()
	l := c.link
	if c.opts.Mode.posted() {
		defer c.mu.Unlock()
		c.pushes = append(c.pushes, o)
		return nil
	}
	c.mu.Unlock()
	if l == nil {
		return ErrNoLink
	}
	return l.write(true, o)
}

// SendRaw sends a frame as it is, on the newest link, introduced or not.
func (c *CRM) SendRaw(frame []byte) error {
	c.mu.Lock()
	var newest *link
	for l := range c.links {
		if newest == nil || l.number > newest.number {
			newest = l
		}
	}
	c.mu.Unlock()
	if newest == nil {
		return ErrNoLink
	}
	return newest.send(true, frame)
}

// Login logs a user in through the CRM [P 4.2]. From then on he is one of its active users. Who is
// not among Options.Users is asked for all the same.
func (c *CRM) Login(ctx context.Context, user string) (wire.Message, error) {
	c.mu.Lock()
	var fields wire.Object
	if a := c.users[user]; a != nil && a.PasswordMD5 != "" {
		fields = wire.Object{{Key: "Password", Value: a.PasswordMD5}}
	}
	c.mu.Unlock()
	m, err := c.Request(ctx, user, "login", fields)
	if err == nil {
		c.setActive(user, true)
	}
	return m, err
}

// Logout logs a user out.
func (c *CRM) Logout(ctx context.Context, user string) (wire.Message, error) {
	m, err := c.Request(ctx, user, "logout", nil)
	if err == nil {
		c.setActive(user, false)
	}
	return m, err
}

// SetActive says who works in the CRM now, when octolink asks, whoever logged in.
func (c *CRM) SetActive(users ...string) {
	c.update(func() {
		for _, a := range c.users {
			a.active = false
		}
		for _, u := range users {
			c.activate(u, true)
		}
	})
}

func (c *CRM) setActive(user string, active bool) {
	c.update(func() { c.activate(user, active) })
}

// activate makes a user active or not. With mu held.
func (c *CRM) activate(user string, active bool) {
	if c.users[user] == nil {
		if !active {
			return
		}
		c.addUser(User{Login: user})
	}
	c.users[user].active = active
}

// An activeUser is told to octolink [P 4.3].
type activeUser struct {
	Login string `wire:"userlogin" doc:"login"`
	ID    string `wire:"userid" doc:"id"`
	Type  string `wire:"type" doc:"what the user works with"`
}

func (c *CRM) active() []activeUser {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := []activeUser{}
	for _, login := range c.order {
		if a := c.users[login]; a.active {
			all = append(all, activeUser{a.Login, a.ID, a.Type})
		}
	}
	return all
}

// Active are the logins of the active users.
func (c *CRM) Active() []string {
	var logins []string
	for _, u := range c.active() {
		logins = append(logins, u.Login)
	}
	return logins
}

// begin is what a CRM does on a new link: it asks for what it missed and lets its users in.
func (c *CRM) begin(ctx context.Context) {
	if kinds := c.opts.Deliver; len(kinds) > 0 {
		if err := c.Subscribe(ctx, kinds...); err != nil {
			c.log.Warn("no confirmed delivery", "err", err)
		}
	}
	c.mu.Lock()
	var enter []string
	for _, login := range c.order {
		if a := c.users[login]; a.Enters && (!a.active || a.PasswordMD5 != "") {
			enter = append(enter, login)
		}
	}
	c.mu.Unlock()
	for _, login := range enter {
		if _, err := c.Login(ctx, login); err != nil {
			c.log.Warn("not logged in", "user", login, "err", err)
			continue
		}
		c.log.Info("logged in", "user", login)
	}
}
