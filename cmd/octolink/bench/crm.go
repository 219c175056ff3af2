package bench

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/octolink/octolink/protocol/wire"
)

// A crm is a CRM server's channel: many users work through it.
type crm struct {
	*tab
	users []User
	next  int // whose request comes next
}

// dialCRM opens a link and introduces the CRM on it.
func dialCRM(ctx context.Context, o Options, url string) (*crm, error) {
	o.URL = url
	t, err := connect(ctx, o, User{})
	if err != nil {
		return nil, err
	}
	c := &crm{tab: t, users: o.Users}
	t.events = c.question
	_, err = t.call("whoareyou", wire.Object{{Key: "type", Value: "ws-server"}, {Key: "name", Value: "bench"}})
	if err != nil {
		t.close()
		return nil, err
	}
	return c, nil
}

// question answers what the server asks at the start.
func (c *crm) question(msg wire.Message) {
	name, fields := "", wire.Object(nil)
	switch msg.Name {
	case "whoareyou":
		name, fields = "iam", wire.Object{{Key: "type", Value: "ws-server"}, {Key: "name", Value: "bench"}}
	case "getavailablemethods":
		name, fields = "availablemethods", wire.Object{{Key: "methods", Value: wire.List{wire.Object{{Key: "key", Value: echoMethod}}}}}
	case "getavailableforms":
		name, fields = "availableforms", wire.Object{{Key: "forms", Value: wire.List{}}}
	case "getactiveusers":
		name, fields = "activeusers", wire.Object{{Key: "users", Value: wire.List{}}}
	default:
		return
	}
	frame, err := wire.Append(nil, c.format, name, msg.QID, fields)
	if err == nil {
		_ = c.stream.Send(frame) // a channel that is broken shows at the next answer
	}
}

// request is one of a user.
func (c *crm) request(name string, u User) (frame []byte, qid string) {
	c.qid++
	qid = "0." + strconv.Itoa(c.qid)
	frame, err := wire.Append(nil, c.format, name, wire.Text(qid), wire.Object{{Key: "userlogin", Value: u.Login}})
	if err != nil {
		panic(fmt.Sprintf("bench: %s: %v", name, err)) // our own fields
	}
	return frame, qid
}

// userState asks for one user after the other.
func (c *crm) userState() (frame []byte, qid string) {
	u := c.users[c.next]
	c.next = (c.next + 1) % len(c.users)
	return c.request("getuserstate", u)
}

// login logs all users in, so many at once.
func (c *crm) login(ctx context.Context, o Options) error {
	bar := o.Progress("logging in behind the CRM", len(c.users))
	defer func() { _ = bar.Finish() }()
	for at := 0; at < len(c.users); {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		open := make(map[string]bool)
		var out [][]byte
		for ; at < len(c.users) && len(open) < max(o.Concurrency, 1); at++ {
			frame, qid := c.request("login", c.users[at])
			open[strconv.Quote(qid)] = true
			out = append(out, frame)
		}
		if err := c.flush(&out); err != nil {
			return err
		}
		for len(open) > 0 {
			msg, err := c.receive()
			if err != nil {
				return fmt.Errorf("login: %w", err)
			}
			if !open[string(msg.QID)] {
				c.question(msg)
				continue
			}
			if _, err := answer("login through the CRM", msg); err != nil {
				return err
			}
			delete(open, string(msg.QID))
			_ = bar.Add(1)
		}
	}
	return nil
}

// check asks once for each user, so that what is measured are good answers.
func (c *crm) check() error {
	for _, u := range c.users {
		frame, qid := c.request("getuserstate", u)
		if err := c.stream.SetDeadline(time.Now().Add(answerTimeout)); err != nil {
			return err
		}
		if err := c.stream.Send(frame); err != nil {
			return err
		}
		for {
			msg, err := c.receive()
			if err != nil {
				return err
			}
			if string(msg.QID) != strconv.Quote(qid) {
				c.question(msg)
				continue
			}
			if _, err := answer("getuserstate through the CRM", msg); err != nil {
				return err
			}
			break
		}
	}
	return nil
}
