package main

import (
	"context"
	"crypto/hmac"
	"errors"
	"fmt"

	"github.com/octolink/octolink/pbx"
	"github.com/octolink/octolink/store"
)

// everybody joins the users of a configuration with those that were added beside it. An added user
// whose login or number the file has meanwhile is left out: the file counts.
func (m *Main) everybody(ctx context.Context, c *Config) (*Config, error) {
	rows, err := m.store.Users(ctx)
	if err != nil {
		return nil, err
	}
	added := make([]User, len(rows))
	for i, r := range rows {
		added[i] = fromRow(r)
	}
	all := *c
	if all.admit(added...) == nil {
		return &all, nil
	}
	for _, u := range added {
		if err := all.admit(u); err != nil {
			m.log.Warn("an added user is left out", "user", u.Login, "err", err)
		}
	}
	return &all, nil
}

// admit adds users unless something is wrong with one of them beside the others; then it adds none.
func (c *Config) admit(users ...User) error {
	with := *c
	with.Users = append(append([]User(nil), c.Users...), users...)
	k := &checker{c: &with}
	k.checkUsers()
	var errs []error
	for _, f := range k.faults {
		errs = append(errs, errors.New(f.text))
	}
	if len(errs) == 0 {
		c.Users = with.Users
	}
	return errors.Join(errs...)
}

func fromRow(r store.UserRow) User {
	return User{
		Login: r.Login, ID: r.ID, Name: r.Name, Numbers: r.Numbers, Department: r.Department, Subordinates: r.Subordinates,
		Supervisor: r.Supervisor, Operator: r.Operator, IgnoreCase: r.IgnoreCase, Dial: r.Dial,
	}
}

// Reload reads the configuration again and tells what changed, a line each. Nobody who is
// unaffected notices. A file with mistakes changes nothing; the error has a line for each.
func (m *Main) Reload(ctx context.Context) (lines []string, err error) {
	m.reloading.Lock()
	defer m.reloading.Unlock()
	next, err := m.readAgain()
	if err != nil {
		return nil, err
	}
	exchanged, err := m.reloadCertificate(next)
	if err != nil {
		return nil, err
	}
	exchange, err := m.links.prepare(next.Links)
	if err != nil {
		return nil, err
	}
	all := append(changes(m.config, next), fixed(m.opts.Config, next)...)
	if exchanged {
		all = append(all, change{"changed", "certificate", m.cert.Fingerprint()})
	}
	again, err := m.links.reloadCertificates()
	if err != nil {
		return nil, err
	}
	all = append(all, again...)
	if err := errors.Join(m.apply(ctx, next), m.links.apply(ctx, exchange)); err != nil {
		return nil, err
	}
	for _, c := range all {
		m.log.Info("reloaded", "change", c.what, "kind", c.kind, "name", c.name)
		lines = append(lines, c.String())
	}
	return append(lines, m.reloadFlows(next)...), nil
}

// reloadFlows reads the scripts again, and tells what is wrong with them. Without a flow in the
// configuration there need not be any.
func (m *Main) reloadFlows(c *Config) (lines []string) {
	problems := m.flows.engine.Reload()
	if c.Flows.count() == 0 {
		return nil
	}
	for _, p := range problems {
		lines = append(lines, "a flow does not compile: "+p.String())
	}
	return lines
}

func (m *Main) readAgain() (*Config, error) {
	if m.isDemo() {
		return m.config, nil
	}
	next, warnings, err := loadConfig(m.opts.Path)
	if err != nil {
		return nil, err
	}
	for _, w := range warnings {
		m.log.Warn("configuration", "warning", w)
	}
	if m.opts.Data != "" {
		next.Data = m.opts.Data
	}
	m.accounts.seal(next)
	return next, nil
}

// apply puts a checked configuration to work.
func (m *Main) apply(ctx context.Context, next *Config) error {
	all, err := m.everybody(ctx, next)
	if err != nil {
		return fmt.Errorf("reload: %w", err)
	}
	directory, err := all.directory()
	if err != nil {
		return fmt.Errorf("reload: %w", err)
	}
	if err := m.sw.SetDirectory(ctx, directory); err != nil {
		return fmt.Errorf("reload: %w", err)
	}
	before := m.config
	m.config = next
	m.learn(all)
	errs := []error{m.store.SetDirectory(ctx, directory)}
	for _, l := range m.affected(before, next, directory) {
		errs = append(errs, m.expel(ctx, l.login, l.reason))
	}
	return errors.Join(errs...)
}

// A leaver is a user whose channels end, and why.
type leaver struct{ login, reason string }

// affected are the users who are there no more, and those whose password is another one now.
func (m *Main) affected(before, next *Config, directory *pbx.Directory) []leaver {
	var out []leaver
	now := make(map[string]*User, len(next.Users))
	for i := range next.Users {
		now[fold(next.Users[i].Login)] = &next.Users[i]
	}
	for i := range before.Users {
		old := &before.Users[i]
		switch u := now[fold(old.Login)]; {
		case directory.UserByLogin(old.Login) == nil:
			out = append(out, leaver{old.Login, "this user exists no more"})
		case u != nil && !m.store.HasPassword(u.Login) && !hmac.Equal(u.sealed.cased, old.sealed.cased):
			out = append(out, leaver{u.Login, "the password was changed"})
		}
	}
	return out
}

// expel ends a user's sessions, channels and one-time passwords.
func (m *Main) expel(ctx context.Context, login, reason string) error {
	m.passes.Revoke(login)
	if err := m.api.Expel(ctx, login, reason); err != nil {
		return fmt.Errorf("log %s out: %w", login, err)
	}
	return nil
}

// reloadCertificate takes the files' certificate when they changed. Other files need a restart.
func (m *Main) reloadCertificate(next *Config) (exchanged bool, err error) {
	if m.cert == nil || next.Listen.TLS != m.config.Listen.TLS {
		return false, nil
	}
	return m.cert.Reload()
}
