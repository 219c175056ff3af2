package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/octolink/octolink/pbx"
	"github.com/octolink/octolink/protocol/methods"
	"github.com/octolink/octolink/store"
	"github.com/octolink/octolink/web"
)

var _ web.Operator = (*Main)(nil)

// Status implements [web.Operator].
func (m *Main) Status(context.Context) (web.Status, error) {
	channels, _ := m.engine.Pending()
	s := web.Status{
		Version: programVersion(), PID: os.Getpid(), Started: m.started, Config: m.opts.Path, Data: absolute(m.opts.Config.Data),
		Listeners: m.addresses(), Certificate: m.certificateLine(), Driver: m.opts.Config.PBX.Driver,
		Telephony: "ok", Store: healthOf(m.store.Health()), Channels: channels,
		UsersOnline: m.engine.Hub().Users(), Users: len(m.sw.Directory().Users()), Calls: m.calls(),
		Undelivered: m.api.Undelivered(), Unknown: m.api.UnknownResults(),
		Links: m.links.status(), Flows: m.flowStatus(), Plugins: m.ListPlugins(),
	}
	return s, nil
}

func healthOf(err error) string {
	if err != nil {
		return err.Error()
	}
	return "ok"
}

func (m *Main) addresses() []web.Listener {
	var all []web.Listener
	for _, l := range m.listeners {
		all = append(all, web.Listener{Kind: strings.TrimPrefix(l.key, "listen."), Address: l.Addr().String()})
	}
	return append(all, web.Listener{Kind: "admin", Address: m.admin.Addr().String()})
}

func (m *Main) certificateLine() string {
	if m.cert == nil {
		return ""
	}
	return fmt.Sprintf("SHA-256 %s, until %s", m.cert.Fingerprint(), m.cert.Leaf().NotAfter.Format(time.DateOnly))
}

// calls is how many different calls there are at users' phones.
func (m *Main) calls() int {
	chains := map[string]bool{}
	for _, u := range m.sw.Directory().Users() {
		line := m.sw.Line(u.Login)
		for _, leg := range []*pbx.Leg{line.Current, line.Held} {
			if leg != nil {
				chains[leg.Chain] = true
			}
		}
	}
	return len(chains)
}

// Backup implements [web.Operator].
func (m *Main) Backup(ctx context.Context, path string) error { return m.store.Backup(ctx, path) }

// Users implements [web.Operator].
func (m *Main) Users(ctx context.Context) ([]web.UserStatus, error) {
	rows, err := m.store.Users(ctx)
	if err != nil {
		return nil, err
	}
	added := make(map[string]bool, len(rows))
	for _, r := range rows {
		added[r.ID] = true
	}
	hub := m.engine.Hub()
	list := []web.UserStatus{}
	for _, u := range m.sw.Directory().Users() {
		list = append(list, web.UserStatus{
			Login: u.Login, Name: u.Name, Number: u.Main(), State: m.sw.User(u.Login).State.String(),
			Channels: len(hub.Of(u.Login)), Disabled: m.store.IsDisabled(u.Login), Added: added[u.ID],
		})
	}
	return list, nil
}

// known fails for a login that nobody has; else it gives the configured spelling.
func (m *Main) known(login string) (string, error) {
	u := m.sw.Directory().UserByLogin(login)
	if u == nil {
		return "", fmt.Errorf("%w: %s", pbx.ErrNoSuchUser, login)
	}
	return u.Login, nil
}

// AddUser implements [web.Operator].
func (m *Main) AddUser(ctx context.Context, n web.NewUser) error {
	m.reloading.Lock()
	defer m.reloading.Unlock()
	if n.Password == "" {
		return errors.New("a user needs a password")
	}
	row := store.UserRow{
		Login: n.Login, ID: uuid.NewString(), Name: n.Name, Department: n.Department,
		Supervisor: n.Supervisor, Operator: true,
	}
	if row.Name == "" {
		row.Name = n.Login
	}
	if n.Number != "" {
		row.Numbers = []string{n.Number}
	}
	all, err := m.everybody(ctx, m.config)
	if err != nil {
		return err
	}
	if err := all.admit(fromRow(row)); err != nil {
		return err
	}
	// The password first: a user must never be there without one.
	if err := m.setPassword(ctx, n.Login, n.Password, false); err != nil {
		return err
	}
	if err := m.store.SaveUser(ctx, row); err != nil {
		return err
	}
	m.log.Info("a user is added", "user", row.Login)
	return m.apply(ctx, m.config)
}

func (m *Main) setPassword(ctx context.Context, login, password string, ignoreCase bool) error {
	cased, lower := methods.PasswordMD5(password)
	if !ignoreCase {
		lower = ""
	}
	return m.store.SetPassword(ctx, login, cased, lower)
}

// SetPassword implements [web.Operator].
func (m *Main) SetPassword(ctx context.Context, login, password string) error {
	login, err := m.known(login)
	if err != nil {
		return err
	}
	if password == "" {
		return errors.New("an empty password lets nobody in")
	}
	if err := m.setPassword(ctx, login, password, m.accounts.ignoresCase(login)); err != nil {
		return err
	}
	m.log.Info("a password is set", "user", login)
	return m.expel(ctx, login, "the password was changed")
}

// ResetPassword implements [web.Operator].
func (m *Main) ResetPassword(ctx context.Context, login string) error {
	login, err := m.known(login)
	if err != nil {
		return err
	}
	if !m.accounts.configured(login) {
		return fmt.Errorf("%s has no password in the configuration to go back to", login)
	}
	if err := m.store.ResetPassword(ctx, login); err != nil {
		return err
	}
	m.log.Info("a password is reset", "user", login)
	return m.expel(ctx, login, "the password was changed")
}

// DisableUser implements [web.Operator].
func (m *Main) DisableUser(ctx context.Context, login string, disabled bool) error {
	login, err := m.known(login)
	if err != nil {
		return err
	}
	if err := m.store.DisableUser(ctx, login, disabled); err != nil {
		return err
	}
	m.log.Info("a user is shut out or let in", "user", login, "disabled", disabled)
	if !disabled {
		return nil
	}
	return m.expel(ctx, login, "this user is disabled")
}

// LogoutUser implements [web.Operator].
func (m *Main) LogoutUser(ctx context.Context, login string) (ended int, err error) {
	login, err = m.known(login)
	if err != nil {
		return 0, err
	}
	ended = len(m.engine.Hub().Of(login))
	m.log.Info("a user is logged out", "user", login, "channels", ended)
	return ended, m.expel(ctx, login, "logged out by an operator")
}

// maxNotice is how long a notice may be, in bytes.
const maxNotice = 16 << 10

// NotifyUser implements [web.Operator].
func (m *Main) NotifyUser(ctx context.Context, login, sender, text string) error {
	login, err := m.known(login)
	switch {
	case err != nil:
		return err
	case text == "":
		return errors.New("a notice needs a text")
	case len(text)+len(sender) > maxNotice:
		return fmt.Errorf("a notice has at most %d KiB", maxNotice>>10)
	}
	_, err = m.sw.Notify(ctx, login, sender, text)
	return err
}

// Events implements [web.Operator].
func (m *Main) Events(ctx context.Context, since int64, limit int) ([]web.StoredEvent, error) {
	list, err := m.store.Events(ctx, since, limit)
	if err != nil {
		return nil, err
	}
	out := make([]web.StoredEvent, 0, len(list))
	for _, e := range list {
		var what any = recordShown(e.Record)
		if e.Kind == store.KindNotification {
			what = noticeShown{e.Login, e.Notice.ID, e.Notice.Sender, e.Notice.Text}
		}
		body, err := json.Marshal(what)
		if err != nil {
			return nil, err
		}
		out = append(out, web.StoredEvent{Number: e.Number, At: e.At, Kind: e.Kind, Body: body})
	}
	return out, nil
}
