package store

import (
	"crypto/sha256"
	"sync"
)

// maxCached is how many sessions are kept in memory; the others are read when they are used.
const maxCached = 65536

// renewPart of a session's life must have passed before its new end is written: a session that is
// used every second costs a write an hour and a half.
const renewPart = 16

// A sessionCache spares a login the database. The writer's goroutine puts and removes once the disk
// agrees, so cache and disk change in the same order.
type sessionCache struct {
	mu      sync.Mutex
	byHash  map[[sha256.Size]byte]session // mu
	removes uint64                        // mu; grows with every removal
}

func (c *sessionCache) init() { c.byHash = make(map[[sha256.Size]byte]session) }

// use makes a session live longer and returns it. renew: the new end should be written.
func (c *sessionCache) use(hash [sha256.Size]byte, now int64) (n session, ok, renew bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n, ok = c.byHash[hash]
	if !ok {
		return session{}, false, false
	}
	if n.expires <= now {
		delete(c.byHash, hash)
		return n, true, false
	}
	renew = n.use(now)
	c.byHash[hash] = n
	return n, true, renew
}

// use moves the end. It reports whether that should be written.
func (n *session) use(now int64) bool {
	n.expires = max(n.expires, min(now+n.life, n.ends))
	if n.expires-n.saved <= n.life/renewPart {
		return false
	}
	n.saved = n.expires
	return true
}

func (c *sessionCache) put(hash [sha256.Size]byte, n session) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.add(hash, n)
}

// generation is given to putIf.
func (c *sessionCache) generation() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.removes
}

// putIf keeps what was read from the database, unless a session was removed meanwhile: it may be
// this one.
func (c *sessionCache) putIf(hash [sha256.Size]byte, n session, generation uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.removes == generation {
		c.add(hash, n)
	}
}

// add makes room by forgetting any other one.
func (c *sessionCache) add(hash [sha256.Size]byte, n session) {
	for h := range c.byHash {
		if len(c.byHash) < maxCached {
			break
		}
		delete(c.byHash, h)
	}
	c.byHash[hash] = n
}

func (c *sessionCache) remove(hash [sha256.Size]byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.removes++
	delete(c.byHash, hash)
}

func (c *sessionCache) removeAll(who string, except [sha256.Size]byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.removes++
	for h, n := range c.byHash {
		if h != except && fold(n.login) == who {
			delete(c.byHash, h)
		}
	}
}
