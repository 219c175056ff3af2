package methods

import (
	"sync"
	"sync/atomic"

	"github.com/octolink/octolink/crm"
	"github.com/octolink/octolink/protocol"
)

// maxExecutions is how many dynamic methods may be under way; beyond it callers are told that the
// server is busy.
const maxExecutions = 100_000

// executions are the dynamic methods that wait for their answers.
type executions struct {
	unknown atomic.Int64 // answers that nobody waited for

	mu   sync.Mutex
	byID map[string]*execution // by execution, and by session as long as that is one execution's
}

// An execution is one question.
type execution struct {
	id, session string
	ch          *protocol.Channel // where the question went out
	user        string            // at whose screens it is, "" at the CRM itself
	screens     []*protocol.Client
	gaveUp      <-chan struct{} // closed when the caller wants no answer any more, nil when he cannot say so
	got         chan answer
}

type answer struct {
	in   methodResultIn
	from *protocol.Client
	err  error
}

func (x *executions) add(e *execution) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if len(x.byID) >= maxExecutions {
		return errTooOften
	}
	if x.byID == nil {
		x.byID = make(map[string]*execution)
	}
	x.byID[e.id] = e
	if x.byID[e.session] == nil {
		x.byID[e.session] = e
	}
	return nil
}

func (x *executions) drop(e *execution) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.remove(e)
}

func (x *executions) remove(e *execution) { // mu is held
	delete(x.byID, e.id)
	if x.byID[e.session] == e {
		delete(x.byID, e.session)
	}
}

// settle gives an answer to the one who waits. It counts only from where the question went: the
// CRM's channel, whether it names the user or not, or a tab of the user.
func (x *executions) settle(id string, from *protocol.Client, in methodResultIn) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	e := x.byID[id]
	if e == nil {
		return false
	}
	tab := from.Server() == nil && e.user != "" && sameUser(from.Login(), e.user)
	if from.Server() != e.ch && !tab {
		return false
	}
	x.remove(e)
	e.got <- answer{in: in, from: from}
	return true
}

// failAll ends the questions to a CRM that is gone.
func (x *executions) failAll(ch *protocol.Channel) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, e := range x.byID {
		if e.ch == ch {
			x.remove(e)
			e.got <- answer{err: crm.ErrGone}
		}
	}
}
