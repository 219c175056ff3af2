package protocol

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/octolink/octolink/protocol/wire"
)

// A Peer is a CRM server that we can ask: behind a permanent channel, or an HTTP address.
type Peer interface {
	// Name is the link's name.
	Name() string
	// Permanent reports whether messages can be pushed to it at any time.
	Permanent() bool
	// Call asks and waits for a message of one of the names with the question's qid. Errors:
	// [ErrGone], [ErrTooManyCalls], those of ctx, and a transport's.
	Call(ctx context.Context, name string, fields any, replies ...string) (wire.Message, error)
	// Notify tells something that is not answered. Errors: [ErrGone], and a transport's.
	Notify(ctx context.Context, name string, fields any) error
}

// What asking a peer fails with.
var (
	ErrGone         = errors.New("the peer is gone")
	ErrTooManyCalls = errors.New("too many questions to the peer are open")
)

// maxCalls is how many questions may be open on one channel.
const maxCalls = 4096

// calls are our own questions that wait for their answers.
type calls struct {
	mu   sync.Mutex
	open map[wire.Token]*Question
	over bool
}

// A Question was sent to a peer and waits for its answer.
type Question struct {
	calls   *calls
	qid     wire.Token
	replies []string          // names of messages that answer it
	got     chan wire.Message // closed when the channel ends
}

func (cs *calls) add(q *Question) error {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	switch {
	case cs.over:
		return ErrGone
	case len(cs.open) >= maxCalls:
		return ErrTooManyCalls
	}
	if cs.open == nil {
		cs.open = make(map[wire.Token]*Question)
	}
	cs.open[q.qid] = q
	return nil
}

func (cs *calls) drop(qid wire.Token) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	delete(cs.open, qid)
}

// settle gives an answer to the one who waits for it. Only the expected names count: a peer may use
// our qid for questions of its own.
func (cs *calls) settle(msg wire.Message) bool {
	if msg.QID == "" {
		return false
	}
	cs.mu.Lock()
	defer cs.mu.Unlock()
	c := cs.open[msg.QID]
	if c == nil || !slices.Contains(c.replies, msg.Name) {
		return false
	}
	delete(cs.open, msg.QID)
	c.got <- msg.Clone()
	return true
}

// end lets all who wait know that there will be no answer.
func (cs *calls) end() {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	cs.over = true
	for qid, c := range cs.open {
		delete(cs.open, qid)
		close(c.got)
	}
}

// Wait takes the answer. It must be called once. Errors: [ErrGone] when the channel ended, those of
// ctx.
func (q *Question) Wait(ctx context.Context) (wire.Message, error) {
	defer q.calls.drop(q.qid)
	select {
	case msg, ok := <-q.got:
		return answerOf(msg, ok)
	case <-ctx.Done():
	}
	select { // what has come counts, however late it is looked at
	case msg, ok := <-q.got:
		return answerOf(msg, ok)
	default:
		return wire.Message{}, ctx.Err()
	}
}

func answerOf(msg wire.Message, ok bool) (wire.Message, error) {
	if !ok {
		return wire.Message{}, ErrGone
	}
	return msg, nil
}
