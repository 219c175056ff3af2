package methods

import (
	"context"
	"time"

	"github.com/octolink/octolink/pbx"
	"github.com/octolink/octolink/protocol"
	"github.com/octolink/octolink/protocol/wire"
)

type chainIn struct {
	Chain string `wire:"chainid" doc:"the call; absent: the user's present one"`
	ID    string `wire:"idchain" doc:"other name of chainid"`
}

type chainOut struct {
	Content chainContent `wire:"content" doc:"what is known of the call"`
}

type chainContent struct {
	ChainID string      `wire:"chainid" doc:"the call, zero for none"`
	Trace   []chainStep `wire:"trace" doc:"what happened, oldest first"`
}

type chainStep struct {
	Time   string `wire:"time" doc:"when"`
	Kind   string `wire:"kind" doc:"what"`
	User   string `wire:"login" doc:"at whose phone"`
	Number string `wire:"number" doc:"its number"`
	Peer   string `wire:"abonent" doc:"the other side's number"`
	Talk   string `wire:"commutationid" doc:"the connection of two parties"`
}

// chainContent shows a call that the user, or one of his subordinates, has a part in; a supervisor
// sees any.
func (a *API) chainContent(_ context.Context, c *protocol.Client, in chainIn) (chainOut, error) {
	user, err := a.asker(c)
	if err != nil {
		return chainOut{}, err
	}
	chain := in.Chain
	if chain == "" {
		chain = in.ID
	}
	if line := a.sw.Line(user.Login); chain == "" && line.Current != nil {
		chain = line.Current.Chain
	}
	steps := a.sw.Chain(chain)
	if len(steps) > 0 && !a.maySee(user, steps) {
		return chainOut{}, errNotAllowed
	}
	return chainOut{a.contentOf(chain, steps)}, nil
}

func (a *API) maySee(user *pbx.User, steps []pbx.Step) bool {
	if user.Supervisor {
		return true
	}
	for _, s := range steps {
		if s.Login == user.Login || (s.Login != "" && a.sw.Directory().Supervises(user.Login, s.Login)) {
			return true
		}
	}
	return false
}

func (a *API) contentOf(chain string, steps []pbx.Step) chainContent {
	if chain == "" {
		chain = zeroGUID
	}
	out := chainContent{ChainID: chain, Trace: make([]chainStep, len(steps))}
	for i, s := range steps {
		out.Trace[i] = chainStep{
			Time: a.stamp(s.At), Kind: s.Kind, User: s.Login, Number: s.Number, Peer: s.Peer, Talk: s.Talk,
		}
	}
	return out
}

type journalIn struct {
	Filter journalFilter `wire:"filter" doc:"which calls"`
}

type journalFilter struct {
	Chain      string `wire:"idchain" doc:"one call"`
	Talk       string `wire:"commutationid" doc:"one connection of two parties"`
	CallCenter bool   `wire:"showcallcenter" doc:"only calls that came through a queue"`
	From       string `wire:"datestart" doc:"from this day on, 2006-01-02, or time, 2006-01-02T15:04:05"`
	To         string `wire:"datestop" doc:"up to this day, or time"`
	Kind       string `wire:"connectiontype" doc:"incoming, outgoing or internal"`
	MinSeconds int    `wire:"minduration" doc:"at least so many seconds of talk"`
	User       string `wire:"login" doc:"calls of one user"`
	Limit      int    `wire:"limit" doc:"how many at the most; 1000 when absent, never more"`
	Skip       int    `wire:"skip" doc:"leave out so many of the newest"`
}

type journalOut struct {
	Data []journalRow `wire:"data" doc:"the calls, newest first"`
}

// journalRow is one user's part in one call. A recording's link is a path on the web server that
// wants a temporary password [P 6.4].
type journalRow struct {
	ID         string `wire:"id" doc:"the entry"`
	ChainID    string `wire:"chainid" doc:"the call"`
	TalkID     string `wire:"commutationid" doc:"the last connection of two parties"`
	Link       string `wire:"recordlink" doc:"path of the recording, empty when there is none"`
	Started    string `wire:"datetimestart" doc:"when it began"`
	AnsweredAt string `wire:"datetimeanswer" doc:"when it was answered, empty if never"`
	Ended      string `wire:"datetimestop" doc:"when it ended, empty while it lasts"`
	Seconds    int    `wire:"duration" doc:"seconds of talk"`
	Kind       string `wire:"connectiontype" doc:"incoming, outgoing or internal"`
	Outcome    string `wire:"outcome" doc:"answered, missed, noanswer, busy, rejected, cancelled, failed, interrupted; empty while it lasts"`
	Login      string `wire:"login" doc:"whose part; empty for a caller whom nobody took from a queue, and for the call of one whom a flow led"`
	Number     string `wire:"number" doc:"his number, the queue's, or the one that was dialled for a flow"`
	Abonent    string `wire:"abonent" doc:"the other side's number"`
	Name       string `wire:"abonentname" doc:"its name"`
	PeerLogin  string `wire:"abonentlogin" doc:"its login, if it is a user"`
	ExtLine    bool   `wire:"isextline" doc:"the other side was outside"`
	Queue      string `wire:"queue" doc:"the queue that the call came through"`

	Flow string      `wire:"flow,omitempty" doc:"the flow that led the call"`
	Tags wire.Object `wire:"tags,omitempty" doc:"what flows noted about the call, by key"`
}

// maxJournal is how many entries one answer has at the most.
const maxJournal = 1000

func (a *API) callJournal(ctx context.Context, c *protocol.Client, in journalIn) (journalOut, error) {
	user, err := a.asker(c)
	if err != nil {
		return journalOut{}, err
	}
	q, err := queryOf(in.Filter, a.opts.Zone)
	if err != nil {
		return journalOut{}, err
	}
	if q.Logins, err = a.visible(user, in.Filter.User); err != nil {
		return journalOut{}, err
	}
	records, err := a.opts.Journal.Journal(ctx, q)
	if err != nil {
		return journalOut{}, err
	}
	out := journalOut{Data: make([]journalRow, len(records))}
	for i, r := range records {
		out.Data[i] = a.rowOf(r)
	}
	return out, nil
}

// visible are the users whose calls one may see: his own and his subordinates'; nil is everybody,
// for a supervisor.
func (a *API) visible(user *pbx.User, wanted string) ([]string, error) {
	may := append([]string{user.Login}, user.Subordinates...)
	switch {
	case wanted == "" && user.Supervisor:
		return nil, nil
	case wanted == "":
		return may, nil
	}
	other := a.sw.Directory().UserByLogin(wanted)
	if other == nil {
		return nil, pbx.ErrNoSuchUser
	}
	if !user.Supervisor && other != user && !a.sw.Directory().Supervises(user.Login, other.Login) {
		return nil, errNotAllowed
	}
	return []string{other.Login}, nil
}

func queryOf(f journalFilter, zone *time.Location) (q JournalQuery, err error) {
	q = JournalQuery{
		Chain: f.Chain, Talk: f.Talk, Direction: pbx.Direction(f.Kind), Queued: f.CallCenter,
		MinTalk: time.Duration(f.MinSeconds) * time.Second, Limit: maxJournal, Skip: max(f.Skip, 0),
	}
	if f.Limit > 0 {
		q.Limit = min(f.Limit, maxJournal)
	}
	switch q.Direction {
	case "", pbx.Incoming, pbx.Outgoing, pbx.Internal:
	default:
		return q, badField("connectiontype", "incoming, outgoing or internal")
	}
	if q.From, err = dayOrTime("datestart", f.From, 0, zone); err != nil {
		return q, err
	}
	q.To, err = dayOrTime("datestop", f.To, 1, zone)
	return q, err
}

// dayOrTime reads a time of a filter. A day counts from its start plus so
// many days: the last day of a span is meant whole.
func dayOrTime(field, text string, plusDays int, zone *time.Location) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if t, err := time.ParseInLocation(time.DateOnly, text, zone); err == nil {
		return t.AddDate(0, 0, plusDays), nil
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", time.DateTime} {
		if t, err := time.ParseInLocation(layout, text, zone); err == nil {
			return t, nil
		}
	}
	return time.Time{}, badField("filter."+field, "not a date")
}

func (a *API) rowOf(r pbx.CallRecord) journalRow {
	row := journalRow{
		ID: r.ID, ChainID: r.Chain, TalkID: r.Talk, Started: a.stamp(r.Started), AnsweredAt: a.stamp(r.AnsweredAt),
		Ended: a.stamp(r.Ended), Seconds: int(r.Talked() / time.Second), Kind: string(r.Direction), Outcome: string(r.Outcome),
		Login: r.Login, Number: r.Number, Abonent: r.Peer, Name: r.PeerName, PeerLogin: r.PeerLogin,
		ExtLine: r.External, Queue: r.Queue, Flow: r.Flow,
	}
	if r.Recorded {
		row.Link = "/record/" + r.ID
	}
	for _, t := range r.Tags {
		row.Tags = append(row.Tags, wire.Member{Key: t.Key, Value: t.Value})
	}
	return row
}

// stamp writes a time of the journal; an absent one is empty.
func (a *API) stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(a.opts.Zone).Format(time.RFC3339)
}
