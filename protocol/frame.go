package protocol

import (
	"github.com/octolink/octolink/protocol/wire"
)

// An encoding is one event on its way to its receivers: encoded by the first who needs a format
// and a user's name, shared by all others.
type encoding struct {
	ev      Event
	qid     wire.Token
	unnamed [2]encoded // by format
	named   [2]encoded
}

type encoded struct {
	frame [1]Frame
	user  string // whose name is in it
	done  bool
}

func newEncoding(ev Event) *encoding { return &encoding{ev: ev, qid: NewQID()} }

// frame gives the event's bytes for a client, as one frame. Receivers come grouped by user, so that
// keeping the last user's bytes is enough.
func (e *encoding) frame(f wire.Format, login, userID string) ([]Frame, error) {
	have := &e.unnamed[f]
	if login != "" {
		have = &e.named[f]
	}
	if have.done && have.user == login {
		return have.frame[:], nil
	}
	b := wire.AppendHead(make([]byte, 0, 512), f, e.ev.def.Name, e.qid)
	if login != "" {
		b = appendUser(b, f, login, userID)
	}
	b, err := wire.AppendFields(b, f, e.ev.body)
	if err != nil {
		return nil, err
	}
	*have = encoded{[1]Frame{{Body: wire.AppendTail(b, f)}}, login, true}
	return have.frame[:], nil
}

// appendUser writes whom a message is about [P 3.1]. Text fields cannot fail.
func appendUser(b []byte, f wire.Format, login, userID string) []byte {
	b, _ = wire.AppendField(b, f, "userlogin", login)
	b, _ = wire.AppendField(b, f, "userid", userID)
	return b
}
