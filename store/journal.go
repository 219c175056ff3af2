package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/octolink/octolink/pbx"
)

const insertCall = `INSERT INTO calls (id, chain, talk, who, login, number, peer, peername, peerlogin, external,
 direction, queue, started, answered, ended, outcome, recorded, conference, flow, tags)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

// What of an entry may change after its beginning.
const upsertCall = insertCall + `
ON CONFLICT (id) DO UPDATE SET talk = excluded.talk, number = excluded.number, peer = excluded.peer,
 peername = excluded.peername, peerlogin = excluded.peerlogin, external = excluded.external,
 direction = excluded.direction, queue = excluded.queue, answered = excluded.answered, ended = excluded.ended,
 outcome = excluded.outcome, recorded = excluded.recorded, conference = excluded.conference, flow = excluded.flow,
 tags = excluded.tags`

// OpenCall writes a journal entry that has begun. It does not wait.
func (s *Store) OpenCall(r pbx.CallRecord) { s.saveCall("journal entry begun", r) }

// CloseCall completes it, or writes the whole of it when its beginning was lost. An entry with the
// outcome pbx.Taken is forgotten instead: another one tells the rest. It does not wait.
func (s *Store) CloseCall(r pbx.CallRecord) {
	if r.Outcome != pbx.Taken {
		s.saveCall("journal entry ended", r)
		return
	}
	s.w.forget(op{what: "journal entry taken", write: func(t *tx) error {
		_, err := t.exec(`DELETE FROM calls WHERE id = ?`, r.ID)
		return err
	}})
}

func (s *Store) saveCall(what string, r pbx.CallRecord) {
	s.w.forget(op{what: what, write: func(t *tx) error {
		_, err := t.exec(upsertCall, r.ID, r.Chain, r.Talk, fold(r.Login), r.Login, r.Number, r.Peer, r.PeerName, r.PeerLogin,
			r.External, string(r.Direction), r.Queue, millis(r.Started), millis(r.AnsweredAt), millis(r.Ended),
			string(r.Outcome), r.Recorded, r.Conference, r.Flow, tagText(r.Tags))
		return err
	}})
}

const callColumns = `c.id, c.chain, c.talk, c.login, c.number, c.peer, c.peername, c.peerlogin, c.external,
 c.direction, c.queue, c.started, c.answered, c.ended, c.outcome, c.recorded, c.conference, c.flow, c.tags`

// callFields are the places for callColumns; done moves them into the record.
type callFields struct {
	r                        pbx.CallRecord
	started, answered, ended int64
}

func (f *callFields) places() []any {
	r := &f.r
	return []any{&r.ID, &r.Chain, &r.Talk, &r.Login, &r.Number, &r.Peer, &r.PeerName, &r.PeerLogin, &r.External,
		&r.Direction, &r.Queue, &f.started, &f.answered, &f.ended, &r.Outcome, &r.Recorded, &r.Conference,
		&r.Flow, (*tagList)(&r.Tags)}
}

func (f *callFields) done() pbx.CallRecord {
	f.r.Started, f.r.AnsweredAt, f.r.Ended = instant(f.started), instant(f.answered), instant(f.ended)
	return f.r
}

// RecordByID is one journal entry. ErrNotFound: there is none.
func (s *Store) RecordByID(ctx context.Context, id string) (pbx.CallRecord, error) {
	if err := s.settle(ctx); err != nil {
		return pbx.CallRecord{}, err
	}
	var f callFields
	err := s.read.QueryRowContext(ctx, `SELECT `+callColumns+` FROM calls c WHERE c.id = ?`, id).Scan(f.places()...)
	if errors.Is(err, sql.ErrNoRows) {
		return pbx.CallRecord{}, fmt.Errorf("store: journal entry %q: %w", id, ErrNotFound)
	}
	if err != nil {
		return pbx.CallRecord{}, fmt.Errorf("store: journal: %w", explain(err))
	}
	return f.done(), nil
}

// How far back the last sign of life is looked for, in entries.
const lastSignOfLife = `SELECT coalesce(max(max(started, answered, ended)), 0) FROM
 (SELECT started, answered, ended FROM calls ORDER BY n DESC LIMIT 1000)`

// recoverJournal closes what a killed server left open. When it died is not known: the end of an
// entry is the last moment that the journal knows of, so that a night without power does not
// become a talk. The entries are told to CRMs like others.
func (s *Store) recoverJournal(t *tx) error {
	open, err := number(t.conn, `SELECT count(*) FROM calls WHERE ended = 0`)
	if err != nil {
		return err
	}
	sign, err := number(t.conn, lastSignOfLife)
	if err != nil {
		return err
	}
	first, err := s.startNumbering(t.conn)
	if err != nil {
		return err
	}
	return t.run([]op{{write: func(t *tx) error {
		if open > 0 {
			s.log.Warn("calls of the last run were interrupted", "entries", open)
			if err := interrupt(t, sign, first, millis(s.now())); err != nil {
				return err
			}
		}
		return s.reserve(t, first+open)
	}}})
}

func interrupt(t *tx, sign, first, now int64) error {
	_, err := t.exec(`INSERT INTO events (number, at, kind, login, call)
 SELECT ? + row_number() OVER (ORDER BY n) - 1, ?, ?, login, id FROM calls WHERE ended = 0`, first, now, KindCallRecord)
	if err != nil {
		return err
	}
	_, err = t.exec(`UPDATE calls SET ended = max(started, answered, ?), outcome = ? WHERE ended = 0`, sign, string(pbx.Interrupted))
	return err
}
