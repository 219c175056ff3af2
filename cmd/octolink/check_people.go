package main

import (
	"regexp"
	"strings"

	"github.com/google/uuid"
)

// A seen is a set of names that must not occur twice; the value tells whose it is.
type seen map[string]string

// take notes a name and returns whose it was before, "" for a new one.
func (s seen) take(name, owner string) string {
	if before, ok := s[name]; ok {
		return before
	}
	s[name] = owner
	return ""
}

func (k *checker) checkID(id *string, ids seen, owner string) {
	if *id == "" {
		return
	}
	u, err := uuid.Parse(*id)
	if err != nil || len(*id) != 36 || u == uuid.Nil {
		k.fault(id, "%s: the id is a GUID such as 11111111-1111-4111-8111-111111111111, got %q", owner, cut(*id))
		return
	}
	*id = u.String()
	if other := ids.take(*id, owner); other != "" {
		k.fault(id, "%s has the id of %s", owner, other)
	}
}

func (k *checker) checkDepartments() {
	ids, names := seen{}, seen{}
	for i := range k.c.Departments {
		d := &k.c.Departments[i]
		owner := "department " + d.Name
		if d.Name == "" {
			k.fault(k.near(&d.Name, d), "a department needs a name")
			continue
		}
		if names.take(d.Name, owner) != "" {
			k.fault(&d.Name, "department %q is there twice", cut(d.Name))
		}
		k.checkID(&d.ID, ids, owner)
	}
}

func (k *checker) hasDepartment(name string) bool {
	for _, d := range k.c.Departments {
		if d.Name == name {
			return true
		}
	}
	return name == ""
}

func (k *checker) checkUsers() {
	ids, logins := seen{}, seen{}
	for i := range k.c.Users {
		u := &k.c.Users[i]
		if u.Login == "" || len(u.Login) > 64 || strings.ContainsAny(u.Login, " \t\r\n\"<>") {
			k.fault(k.near(&u.Login, u), "a user needs a login of 1 to 64 characters without spaces, quotes and angle brackets")
			continue
		}
		owner := "user " + u.Login
		if other := logins.take(strings.ToLower(u.Login), owner); other != "" {
			k.fault(&u.Login, "login %s is there twice: logins differ by more than their case", u.Login)
		}
		k.checkID(&u.ID, ids, owner)
		k.checkPassword(u, owner)
		if !k.hasDepartment(u.Department) {
			k.fault(&u.Department, "%s: no department %q in departments", owner, cut(u.Department))
		}
		k.checkDial(u, owner)
		k.checkWebphone(u, owner)
	}
	for i := range k.c.Users {
		u := &k.c.Users[i]
		k.checkSubordinates(u, logins)
	}
	k.checkNumbers()
}

var hexMD5 = regexp.MustCompile(`^[0-9a-fA-F]{32}$`)

func (k *checker) checkPassword(u *User, owner string) {
	if u.Password != "" && u.PasswordMD5 != "" {
		k.fault(&u.PasswordMD5, "%s: password and password_md5 exclude each other", owner)
	}
	if u.PasswordMD5 == "" {
		return
	}
	if !hexMD5.MatchString(u.PasswordMD5) {
		k.fault(&u.PasswordMD5, "%s: password_md5 is 32 hexadecimal digits", owner)
	}
	u.PasswordMD5 = strings.ToLower(u.PasswordMD5)
	if u.IgnoreCase {
		k.fault(k.near(&u.IgnoreCase, u), "%s: ignore_case needs the password itself, its md5 does not tell the lower-case form", owner)
	}
}

func (k *checker) checkSubordinates(u *User, logins seen) {
	for i := range u.Subordinates {
		login := &u.Subordinates[i]
		switch {
		case logins[strings.ToLower(*login)] == "":
			k.fault(login, "user %s: no user %q to be a subordinate", u.Login, cut(*login))
		case strings.EqualFold(*login, u.Login):
			k.fault(login, "user %s is named as a subordinate of himself", u.Login)
		}
	}
}

var (
	numberForm  = regexp.MustCompile(`^\+?[0-9*#]{1,31}$`)
	patternForm = regexp.MustCompile(`^[0-9#+xX]*\*?$`)
)

// allNumbers is every number of a user, the main one first.
func (u *User) allNumbers() []string {
	if u.Number != "" {
		return []string{u.Number}
	}
	return u.Numbers
}

func (k *checker) checkNumbers() {
	numbers := seen{}
	check := func(n *string, owner string) {
		if !numberForm.MatchString(*n) {
			k.fault(n, "%s: %q is no telephone number", owner, cut(*n))
		} else if other := numbers.take(*n, owner); other != "" {
			k.fault(n, "%s has number %s, and so has %s", owner, *n, other)
		}
	}
	for i := range k.c.Users {
		u := &k.c.Users[i]
		owner := "user " + u.Login
		if u.Number != "" && len(u.Numbers) > 0 {
			k.fault(&u.Number, "%s: number and numbers exclude each other", owner)
		}
		if u.Number != "" {
			check(&u.Number, owner)
		}
		for j := range u.Numbers {
			check(&u.Numbers[j], owner)
		}
	}
	for i := range k.c.Queues {
		if q := &k.c.Queues[i]; q.Number != "" {
			check(&q.Number, "queue "+q.title())
		}
	}
}

func (k *checker) checkDial(u *User, owner string) {
	for i := range u.Dial {
		if p := &u.Dial[i]; *p == "" || !patternForm.MatchString(*p) {
			k.fault(p, "%s: dial: %q is no pattern: digits, x for any digit, * at the end for all that follows", owner, cut(*p))
		}
	}
}

// given reports whether there is an account at all: a file may also spell out that there is none.
func (w *Webphone) given() bool { return w != nil && (w.User != "" || w.Password != "" || w.Port != 0) }

func (k *checker) checkWebphone(u *User, owner string) {
	w := u.Webphone
	if !w.given() {
		return
	}
	// A client takes the account only when all three are there [P 5.2].
	if w.User == "" || w.Password == "" || w.Port == 0 {
		k.fault(w, "%s: webphone needs user, password and port", owner)
	}
	if w.Port < 0 || w.Port > 65535 {
		k.fault(&w.Port, "%s: webphone.port: want a port from 1 to 65535, got %d", owner, w.Port)
	}
}
