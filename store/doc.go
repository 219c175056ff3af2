// Package store keeps what must outlive the process in one SQLite database: the call journal,
// users' states, redirect rules, photos, sessions, passwords, added users, the events that CRMs ask for
// again, and what plugins and call flows keep. It is the only package with C in it.
//
// # Writing
//
// One goroutine writes. It takes whatever is queued, up to 256 writes, and commits it in one
// transaction with synchronous=FULL, so that the cost of a disk sync is shared by all who wait at
// that moment. A second one folds the write-ahead log into the database beside it, so that no commit
// has to wait for that. A method that returns an error has waited for its commit: nil means that the write
// survives kill -9 and a loss of power. The methods without an error ([Store.OpenCall],
// [Store.CloseCall], [Store.SaveState], [Store.SaveEvent]) never wait; [Store.Sync] waits for all that
// was queued before it.
//
// While the disk is full or read-only, writes that somebody waits for fail at once, and the others
// stay in the queue and are tried again until they succeed. When the queue is full, new ones are
// refused, counted in [Stats.Lost] and logged. [Store.Health] tells the present fault. So calls go on.
//
// # Reading
//
// Reads have connections of their own and see what is committed. The journal, the events and the
// states wait for the writes that were queued before them, so a call whose end was told is there.
//
// # Secrets
//
// A copied database lets nobody in. Passwords are kept as HMAC-SHA-256 under the 32 bytes of
// DATA/secret.key, session ids as SHA-256 of 128 random bits. The key is not part of a backup: keep
// it apart. Without it the passwords that users chose themselves do not match any more and have to
// be reset; the sessions and everything else stay.
//
// # Procedures
//
// [Store.Query] runs the operator's read-only SQL for clients. It sees five views and nothing else:
//
//	users    id, login, name, number, numbers, department, departmentid, supervisor, operator
//	numbers  id, number, caption, kind, isgroup, user, login, department, departmentid, state
//	queues   id, number, name, members, ring, retry, strategy, department, departmentid
//	calls    id, chain, talk, user, login, number, peer, peername, peerlogin, external, direction,
//	         queue, started, answered, ended, started_ms, answered_ms, ended_ms, seconds, outcome,
//	         recorded, conference, flow, tags
//	states   user, login, number, state, statename, callcenter, manual, lunch, redirect, task,
//	         breakid, breaktext
//
// user is a user's id; flags are 0 or 1; tags is a JSON object or empty; numbers and members are separated by commas; ring and retry
// are seconds. Times are text in the server's zone ("2006-01-02 15:04:05", NULL for none) and, for
// comparisons that use an index, milliseconds since 1970 (0 for none). users, numbers and queues come
// from [Store.SetDirectory], states and numbers.state from [Store.SetPicture].
//
// # Files
//
//	octolink.db, -wal, -shm   the database, 0600
//	octolink.lock             held while a server runs; a second one is refused with [ErrLocked]
//	secret.key                32 bytes, 0600, made on the first start
package store
