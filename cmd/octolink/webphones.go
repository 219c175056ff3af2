package main

import (
	"sync/atomic"

	"github.com/octolink/octolink/protocol/methods"
)

// webphones are the users' SIP accounts.
type webphones struct {
	list atomic.Pointer[map[string]methods.WebPhone] // by folded login
}

func (w *webphones) learn(users []User) {
	list := map[string]methods.WebPhone{}
	for _, u := range users {
		if u.Webphone.given() {
			list[fold(u.Login)] = methods.WebPhone{
				User: u.Webphone.User, Password: u.Webphone.Password, Port: u.Webphone.Port, Secure: u.Webphone.Secure,
			}
		}
	}
	w.list.Store(&list)
}

// of is a user's account, the zero WebPhone when he has none.
func (w *webphones) of(login string) methods.WebPhone { return (*w.list.Load())[fold(login)] }
