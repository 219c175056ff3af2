package web

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"sync"
	"time"
)

// Limits of one-time passwords.
const (
	passLife    = time.Minute
	passBytes   = 16 // 128 random bits
	passesEach  = 32 // unused passwords of one user; a new one above that ends his oldest
	sweepPeriod = passLife
)

// A Copy takes what an HTTP request was answered, for the event httpresponsecopy [P 7.4]: the
// request's password, the status as "200 OK" and the answer's text. It must not block.
type Copy = func(password, status, body string)

// Passes is the table of one-time passwords for HTTP requests of users who are logged in over a
// channel [P 11]. A password opens /upload, /record and /photo for one request within a minute.
// The table is bounded: 32 passwords of a user.
type Passes struct {
	mu    sync.Mutex
	byKey map[passKey]*pass
	users map[string][]passKey // oldest first
	swept time.Time
}

// passKey is the SHA-256 of a password. A map over it takes a time that says nothing about the
// password itself.
type passKey [sha256.Size]byte

type pass struct {
	login string
	copy  Copy
	ends  time.Time
}

// NewPasses makes an empty table.
func NewPasses() *Passes {
	return &Passes{byKey: map[passKey]*pass{}, users: map[string][]passKey{}}
}

// Issue makes a password for a user. Where the answer to its request shall be copied to the user's
// channel, copyTo takes it; nil means no copy. It does not fail; the error is there for tables
// elsewhere that can.
func (p *Passes) Issue(login string, copyTo Copy) (password string, err error) {
	var b [passBytes]byte
	rand.Read(b[:]) //nolint:errcheck // crypto/rand never fails, it ends the program
	password = hex.EncodeToString(b[:])
	p.put(login, passKey(sha256.Sum256([]byte(password))), copyTo, time.Now())
	return password, nil
}

func (p *Passes) put(login string, key passKey, copyTo Copy, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sweep(now)
	if mine := p.users[login]; len(mine) >= passesEach {
		p.drop(mine[0])
	}
	p.byKey[key] = &pass{login: login, copy: copyTo, ends: now.Add(passLife)}
	p.users[login] = append(p.users[login], key)
}

// Take uses a password up. ok is false when there is none such, it was used before or its minute is over.
func (p *Passes) Take(password string) (login string, copyTo Copy, ok bool) {
	key := passKey(sha256.Sum256([]byte(password)))
	p.mu.Lock()
	defer p.mu.Unlock()
	found := p.byKey[key]
	if found == nil {
		return "", nil, false
	}
	p.drop(key)
	if time.Now().After(found.ends) {
		return "", nil, false
	}
	return found.login, found.copy, true
}

// Revoke ends all unused passwords of a user who may no longer do anything.
func (p *Passes) Revoke(login string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, key := range p.users[login] {
		delete(p.byKey, key)
	}
	delete(p.users, login)
}

// Len is how many unused passwords there are.
func (p *Passes) Len() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.byKey)
}

// sweep forgets what nobody will use any more. Under mu.
func (p *Passes) sweep(now time.Time) {
	if now.Sub(p.swept) < sweepPeriod {
		return
	}
	p.swept = now
	for key, e := range p.byKey {
		if now.After(e.ends) {
			p.drop(key)
		}
	}
}

// drop forgets one password. Under mu.
func (p *Passes) drop(key passKey) {
	e := p.byKey[key]
	delete(p.byKey, key)
	mine := p.users[e.login]
	for i, k := range mine {
		if k == key {
			mine = append(mine[:i:i], mine[i+1:]...)
			break
		}
	}
	if len(mine) == 0 {
		delete(p.users, e.login)
		return
	}
	p.users[e.login] = mine
}
