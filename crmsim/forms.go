package crmsim

import (
	"fmt"
	"slices"
	"time"

	"github.com/octolink/octolink/protocol/wire"
)

// mostForms bounds the open forms; beyond it the oldest is gone.
const mostForms = 10_000

// An OpenForm is shown at a user's screen.
type OpenForm struct {
	Window string // by which octolink knows it
	Key    string // of the form
	User   string // login
	UserID string
	In     wire.Object
}

type openForm struct {
	OpenForm
	age  int           // how many were opened before
	gone chan struct{} // closed with the form
}

// show opens a form. A user who is scripted to answer does so after his time.
func (c *CRM) show(m wire.Message) {
	o := tree(m)
	f := &openForm{
		OpenForm: OpenForm{field(o, "windowid"), field(o, "formkey"), m.UserLogin, m.UserID, parameters(o, "inputparameters")},
		gone:     make(chan struct{}),
	}
	c.update(func() {
		c.unlist(f.Window)
		c.stats.Shown++
		f.age = c.stats.Shown
		if len(c.forms) >= mostForms {
			c.unlist(c.oldestForm())
		}
		c.forms[f.Window] = f
	})
	script := c.opts.Script.form(f.Key)
	if script == nil {
		c.log.Warn("a form that the script does not have", "form", f.Key, "user", f.User)
		return
	}
	if script.Answer != nil {
		c.fillIn(f, script.Answer)
	}
}

// fillIn lets a user answer, unless the form is closed before.
func (c *CRM) fillIn(f *openForm, a *FormAnswer) {
	c.mu.Lock()
	ending := c.ending
	c.mu.Unlock()
	s := scope{in: f.In, login: f.User, id: f.UserID}
	c.spawn(func() {
		select {
		case <-time.After(a.After):
		case <-f.gone:
			return
		case <-ending:
			return
		}
		if err := c.Submit(f.Window, a.Button, s.object(a.out)); err != nil {
			c.log.Warn("form not answered", "form", f.Key, "user", f.User, "err", err)
		}
	})
}

// Forms are the open forms, the oldest first.
func (c *CRM) Forms() []OpenForm {
	c.mu.Lock()
	defer c.mu.Unlock()
	var open []*openForm
	for _, f := range c.forms {
		open = append(open, f)
	}
	slices.SortFunc(open, func(a, b *openForm) int { return a.age - b.age })
	all := make([]OpenForm, len(open))
	for i, f := range open {
		all[i] = f.OpenForm
	}
	return all
}

// Submit answers an open form and closes it.
func (c *CRM) Submit(window, button string, out wire.Object) error {
	c.mu.Lock()
	f := c.forms[window]
	c.mu.Unlock()
	if f == nil {
		return fmt.Errorf("%w: window %s", ErrNoForm, window)
	}
	fields := wire.Object{
		{Key: "userlogin", Value: f.User}, {Key: "userid", Value: f.UserID},
		{Key: "windowid", Value: window}, {Key: "formkey", Value: f.Key},
	}
	if button != "" {
		fields = append(fields, wire.Member{Key: "button", Value: button})
	}
	fields = append(fields, wire.Member{Key: "outputparameters", Value: out})
	if err := c.Send("", "formresult", fields); err != nil {
		return err
	}
	c.unshow(window)
	return nil
}

// unshow closes a form.
func (c *CRM) unshow(window string) {
	c.update(func() { c.unlist(window) })
}

// unlist forgets a form. With mu held.
func (c *CRM) unlist(window string) {
	if f := c.forms[window]; f != nil {
		close(f.gone)
		delete(c.forms, window)
	}
}

func (c *CRM) oldestForm() string {
	window, age := "", -1
	for w, f := range c.forms {
		if age < 0 || f.age < age {
			window, age = w, f.age
		}
	}
	return window
}
