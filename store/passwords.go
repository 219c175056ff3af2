package store

import (
	"context"
	"crypto/hmac"
	"strings"
	"sync"
)

// A Verdict is what the store says about a password.
type Verdict uint8

// The verdicts.
const (
	NoPassword    Verdict = iota // the user has set none: the configuration's counts
	WrongPassword                // he has, and it is another one
	RightPassword
)

// A password as the database has it.
type password struct {
	cased []byte
	lower []byte // nil: only the case-kept form counts
	known bool   // kept under the key that we have
}

// A passwordBook has all passwords in memory: a login storm asks no disk. The writer's goroutine
// changes it once the disk agrees.
type passwordBook struct {
	mu    sync.RWMutex
	byWho map[string]password // mu
}

func (s *Store) loadPasswords(ctx context.Context) error {
	rows, err := s.read.QueryContext(ctx, `SELECT who, cased, lower, keyid FROM passwords`)
	if err != nil {
		return err
	}
	defer rows.Close()
	s.passwords.byWho = make(map[string]password)
	lost := 0
	for rows.Next() {
		var who string
		var p password
		var keyID []byte
		if err := rows.Scan(&who, &p.cased, &p.lower, &keyID); err != nil {
			return err
		}
		if p.known = hmac.Equal(keyID, s.keyID()); !p.known {
			lost++
		}
		s.passwords.byWho[who] = p
	}
	if lost > 0 {
		s.log.Warn("passwords were kept under another secret.key: bring that file back or reset them", "users", lost)
	}
	return rows.Err()
}

// passwordMAC binds a form of a password to its user and its kind, so that equal passwords do not
// show. The hex digits of md5 compare without regard to case.
func (s *Store) passwordMAC(kind, login, md5 string) []byte {
	return s.mac("password", kind, fold(login), strings.ToLower(md5))
}

// SetPassword keeps the md5 forms of a user's new password [P 5.2]; from then on they count instead
// of the configuration's. md5lower "" means that case matters. It returns when they are on the disk.
func (s *Store) SetPassword(ctx context.Context, login, md5cased, md5lower string) error {
	p := password{cased: s.passwordMAC("cased", login, md5cased), known: true}
	if md5lower != "" {
		p.lower = s.passwordMAC("lower", login, md5lower)
	}
	return s.write(ctx, "set password", func(t *tx) error {
		_, err := t.exec(`INSERT OR REPLACE INTO passwords (who, login, cased, lower, keyid) VALUES (?, ?, ?, ?, ?)`,
			fold(login), login, p.cased, p.lower, s.keyID())
		return err
	}, func() { s.passwords.set(fold(login), p) })
}

// ResetPassword makes the configuration's password count again.
func (s *Store) ResetPassword(ctx context.Context, login string) error {
	return s.write(ctx, "reset password", func(t *tx) error {
		_, err := t.exec(`DELETE FROM passwords WHERE who = ?`, fold(login))
		return err
	}, func() { s.passwords.remove(fold(login)) })
}

// HasPassword reports whether a user has set a password.
func (s *Store) HasPassword(login string) bool {
	_, ok := s.passwords.get(fold(login))
	return ok
}

// CheckPassword compares in constant time. An empty form never matches; md5lower counts only for a
// password that was set with its lower-case form. It does as much for a user without a password.
func (s *Store) CheckPassword(login, md5cased, md5lower string) Verdict {
	p, ok := s.passwords.get(fold(login))
	cased := hmac.Equal(s.passwordMAC("cased", login, md5cased), p.cased)
	lower := hmac.Equal(s.passwordMAC("lower", login, md5lower), p.lower)
	right := cased && md5cased != "" || lower && md5lower != ""
	switch {
	case !ok:
		return NoPassword
	case p.known && right:
		return RightPassword
	}
	return WrongPassword
}

func (b *passwordBook) get(who string) (password, bool) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	p, ok := b.byWho[who]
	return p, ok
}

func (b *passwordBook) set(who string, p password) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.byWho[who] = p
}

func (b *passwordBook) remove(who string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.byWho, who)
}
