package methods

import (
	"context"
	"sync"
	"time"

	"github.com/octolink/octolink/pbx"
	"github.com/octolink/octolink/protocol"
	"github.com/octolink/octolink/protocol/wire"
)

const (
	maxCustomBytes   = 16 << 10 // of an event's parameters or a text
	maxToEverybody   = 10       // custom events of one user to everybody, in a second
	maxRecipients    = 1000
	customRateWindow = time.Second
)

type customIn struct {
	UserID     string `wire:"userid" doc:"the sender; his own id or absent"`
	Name       string `wire:"eventname,required" doc:"name of the event"`
	Param      any    `wire:"eventparam" doc:"anything, up to 16 KiB"`
	Recipients any    `wire:"recipients" doc:"list of user ids; absent or false: everybody"`
	SendBack   bool   `wire:"sendback" doc:"the sender gets it too when recipients are given"`
}

func (a *API) triggerCustomEvent(_ context.Context, c *protocol.Client, in customIn) (struct{}, error) {
	body := customBody{Name: in.Name, Param: in.Param, Sender: c.Login()}
	if size, err := wire.AppendFields(nil, wire.JSON, body); err != nil || len(size) > maxCustomBytes {
		return struct{}{}, badField("eventparam", "more than 16 KiB")
	}
	names := textsOf(in.Recipients)
	if names == nil {
		if !a.custom.allow(c.Login(), time.Now()) {
			return struct{}{}, errTooOften
		}
		a.hub.Publish(customEvent.For(protocol.Everybody(), body))
		a.heard(c, in)
		return struct{}{}, nil
	}
	users, _ := a.usersOf(names)
	for _, u := range users {
		if u.Login != c.Login() {
			a.hub.Publish(customEvent.For(protocol.User(u.Login, u.ID), body))
		}
	}
	if me := c.Identity(); in.SendBack && me != nil {
		a.hub.Publish(customEvent.For(protocol.User(me.Login, me.UserID), body))
	}
	a.heard(c, in)
	return struct{}{}, nil
}

// textsOf reads a list of names that may also be one text, or false or absent for none: nil then.
func textsOf(v any) []string {
	switch v := v.(type) {
	case string:
		if v == "" || v == "0" || v == "false" {
			return nil
		}
		return []string{v}
	case wire.List:
		names := make([]string, 0, len(v))
		for _, item := range v {
			names = append(names, textsOf(item)...)
		}
		return names
	}
	return nil
}

// usersOf finds users by id, login or number, and names those whom it did not find.
func (a *API) usersOf(names []string) (found []*pbx.User, unknown []string) {
	dir := a.sw.Directory()
	seen := make(map[*pbx.User]bool)
	for _, name := range names[:min(len(names), maxRecipients)] {
		u := dir.UserByID(name)
		if u == nil {
			u = dir.UserByLogin(name)
		}
		if u == nil {
			u = dir.UserByNumber(name)
		}
		switch {
		case u == nil:
			unknown = append(unknown, name)
		case !seen[u]:
			seen[u] = true
			found = append(found, u)
		}
	}
	return found, unknown
}

// customRate counts events to everybody, per user and second.
type customRate struct {
	mu    sync.Mutex
	since time.Time
	sent  map[string]int
}

func (r *customRate) allow(login string, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if now.Sub(r.since) >= customRateWindow {
		r.since, r.sent = now, make(map[string]int)
	}
	r.sent[login]++
	return r.sent[login] <= maxToEverybody
}

type textIn struct {
	Recipients any    `wire:"recipients" doc:"ids, logins or numbers of users"`
	Recipient  any    `wire:"recipientlogin" doc:"other name of recipients"`
	Text       string `wire:"text" doc:"the text, up to 16 KiB"`
	Message    string `wire:"message" doc:"other name of text"`
}

type textOut struct {
	Sent   []string `wire:"sent" doc:"logins of those who are logged in"`
	Absent []string `wire:"absent" doc:"recipients who are not, as they were named"`
}

func (a *API) sendText(_ context.Context, c *protocol.Client, in textIn) (textOut, error) {
	text, names := in.Text, append(textsOf(in.Recipients), textsOf(in.Recipient)...)
	if text == "" {
		text = in.Message
	}
	if text == "" {
		return textOut{}, badField("text", "missing")
	}
	if len(text) > maxCustomBytes {
		return textOut{}, badField("text", "more than 16 KiB")
	}
	if len(names) == 0 {
		return textOut{}, badField("recipients", "missing")
	}
	me, err := a.asker(c)
	if err != nil {
		return textOut{}, err
	}
	body := textBody{
		SenderLogin: me.Login, SenderID: me.ID, SenderName: me.Name, Text: text, Time: a.stamp(time.Now()),
	}
	users, absent := a.usersOf(names)
	out := textOut{Sent: []string{}, Absent: append([]string{}, absent...)}
	for _, u := range users {
		if !a.presence.has(u.Login) {
			out.Absent = append(out.Absent, u.Login)
			continue
		}
		out.Sent = append(out.Sent, u.Login)
		a.hub.Publish(textReceived.For(protocol.User(u.Login, u.ID), body))
	}
	return out, nil
}
