package main

import (
	"context"
	"crypto/hmac"
	"errors"
	"sync/atomic"
	"time"

	"github.com/octolink/octolink/protocol/methods"
	"github.com/octolink/octolink/store"
)

// accounts decide who may log in: the configuration says who exists and with which password, the
// database has passwords that were changed since, sessions, and who is shut out.
type accounts struct {
	store *store.Store
	max   time.Duration // longest life of a session
	book  atomic.Pointer[credentials]
}

var _ methods.Accounts = (*accounts)(nil)

// credentials are the passwords of the configuration by folded login. The memory holds no md5 of
// them either: that would be as good as the password.
type credentials map[string]credential

type credential struct {
	cased []byte // MAC of the md5; nil: no password in the configuration
	lower []byte // nil: case matters
	// ignoreCase says that lower counts for a password set by an operator too.
	ignoreCase bool
}

// nobody is compared with when there is no such user, so that an unknown login takes as long as a
// wrong password.
var nobody = credential{cased: make([]byte, 32), lower: make([]byte, 32)}

// seal takes the passwords out of a configuration and leaves what they can be checked with.
func (a *accounts) seal(c *Config) {
	for i := range c.Users {
		u := &c.Users[i]
		u.sealed = a.credential(u)
		u.Password, u.PasswordMD5 = "", ""
	}
}

// learn takes the passwords of a sealed configuration.
func (a *accounts) learn(users []User) {
	book := make(credentials, len(users))
	for i := range users {
		book[fold(users[i].Login)] = users[i].sealed
	}
	a.book.Store(&book)
}

func (a *accounts) credential(u *User) credential {
	c := credential{ignoreCase: u.IgnoreCase}
	cased, lower := u.PasswordMD5, ""
	if u.Password != "" {
		cased, lower = methods.PasswordMD5(u.Password)
	}
	if cased != "" {
		c.cased = a.mac(u.Login, "cased", cased)
	}
	if lower != "" && u.IgnoreCase {
		c.lower = a.mac(u.Login, "lower", lower)
	}
	return c
}

// mac binds a form of a password to its user, so that equal passwords do not show.
func (a *accounts) mac(login, form, md5 string) []byte {
	return a.store.MAC("configuration\x00" + form + "\x00" + fold(login) + "\x00" + md5)
}

// configured reports whether the configuration has a password for a user.
func (a *accounts) configured(login string) bool { return (*a.book.Load())[fold(login)].cased != nil }

// ignoresCase reports whether the lower-case form of a user's password counts too.
func (a *accounts) ignoresCase(login string) bool { return (*a.book.Load())[fold(login)].ignoreCase }

// CheckPassword implements [methods.Accounts].
func (a *accounts) CheckPassword(_ context.Context, login, cased, lower string) (bool, error) {
	c, known := (*a.book.Load())[fold(login)]
	configured := a.matches(c, login, cased, lower)
	verdict := a.store.CheckPassword(login, cased, lower)
	if !known || a.store.IsDisabled(login) {
		return false, nil
	}
	if verdict == store.NoPassword {
		return configured, nil
	}
	return verdict == store.RightPassword, nil
}

// MayLogIn implements [methods.Accounts].
func (a *accounts) MayLogIn(login string) bool {
	_, known := (*a.book.Load())[fold(login)]
	return known && !a.store.IsDisabled(login)
}

// matches compares in constant time, with as much work for a user without a password.
func (a *accounts) matches(c credential, login, cased, lower string) bool {
	want := c
	if want.cased == nil {
		want.cased = nobody.cased
	}
	if want.lower == nil {
		want.lower = nobody.lower
	}
	isCased := hmac.Equal(a.mac(login, "cased", fold(cased)), want.cased)
	isLower := hmac.Equal(a.mac(login, "lower", fold(lower)), want.lower)
	return isCased && c.cased != nil && cased != "" || isLower && c.lower != nil && lower != ""
}

// ChangePassword implements [methods.Accounts]. The lower-case form is gone with it.
func (a *accounts) ChangePassword(ctx context.Context, login, cased string) error {
	return storing(a.store.SetPassword(ctx, login, cased, ""))
}

// NewSession implements [methods.Accounts].
func (a *accounts) NewSession(ctx context.Context, login string, life time.Duration) (string, error) {
	return a.store.NewSession(ctx, login, life, a.max)
}

// Session implements [methods.Accounts].
func (a *accounts) Session(ctx context.Context, id string) (string, error) {
	login, err := a.store.Session(ctx, id)
	if errors.Is(err, store.ErrNoSession) || err == nil && a.store.IsDisabled(login) {
		return "", methods.ErrNoSession
	}
	return login, err
}

// EndSession implements [methods.Accounts].
func (a *accounts) EndSession(ctx context.Context, id string) error {
	return a.store.EndSession(ctx, id)
}

// EndSessions implements [methods.Accounts].
func (a *accounts) EndSessions(ctx context.Context, login, except string) error {
	return a.store.EndSessions(ctx, login, except)
}
