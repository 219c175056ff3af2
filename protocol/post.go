package protocol

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/octolink/octolink/protocol/wire"
)

// A Post is a CRM that is asked over HTTP, one question at a time for each request; nothing can be
// pushed to its users [P 2.3].
type Post struct {
	link *Link
	x    Exchanger
}

var _ Peer = (*Post)(nil)

// Attach makes a link's CRM one that is reached by single exchanges. Whether it is there shows at
// the first question; the caller introduces the server by it.
func (e *Engine) Attach(l *Link, x Exchanger) *Post {
	p := &Post{l, x}
	l.mu.Lock()
	l.post = p
	l.mu.Unlock()
	return p
}

// Name is the link's name.
func (p *Post) Name() string { return p.link.opts.Name }

// Link is the link that the CRM is behind.
func (p *Post) Link() *Link { return p.link }

// Permanent is false: the CRM can only be asked.
func (p *Post) Permanent() bool { return false }

// Notify posts a message and takes no answer from it.
func (p *Post) Notify(ctx context.Context, name string, fields any) error {
	_, err := p.exchange(ctx, name, NewQID(), fields)
	return err
}

// Call posts a question, see [Peer]. The answer is one message, or a list in which the one with our
// qid is the answer; messages beside it have nobody to go to over HTTP and are logged.
func (p *Post) Call(ctx context.Context, name string, fields any, replies ...string) (wire.Message, error) {
	qid := NewQID()
	messages, err := p.exchange(ctx, name, qid, fields)
	if err != nil {
		return wire.Message{}, err
	}
	answer := slices.IndexFunc(messages, func(m wire.Message) bool {
		return slices.Contains(replies, m.Name) && (m.QID == qid || m.QID == "" && len(messages) == 1)
	})
	for i, m := range messages {
		if i != answer {
			p.link.engine.log.Info("a message that nobody waits for", "link", p.Name(), "method", m.Name)
		}
	}
	if answer < 0 {
		return wire.Message{}, fmt.Errorf("%w: the answer to %s is not in it", errBadAnswer, name)
	}
	return messages[answer], nil
}

var errBadAnswer = &wire.Error{Code: CodeBadField, Text: "the CRM's answer cannot be read"}

func (p *Post) exchange(ctx context.Context, name string, qid wire.Token, fields any) ([]wire.Message, error) {
	format := p.x.Info().Format
	frame, err := wire.Append(nil, format, name, qid, fields)
	if err != nil {
		return nil, err
	}
	p.link.engine.tapPost(Out, p.x.Info(), frame)
	body, err := p.x.Exchange(ctx, frame)
	if err != nil {
		return nil, err
	}
	p.link.engine.tapPost(In, p.x.Info(), body)
	messages, err := wire.DecodeAll(format, body, p.link.engine.opts.Limits.Wire)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errBadAnswer, err)
	}
	return messages, nil
}

// Heard notes that the CRM answered, and what it calls itself; the zero time that it does not.
func (p *Post) Heard(at time.Time, peer string) {
	p.link.mu.Lock()
	defer p.link.mu.Unlock()
	switch {
	case at.IsZero():
		p.link.since = time.Time{}
	case p.link.since.IsZero():
		p.link.since = at
	}
	if peer != "" {
		p.link.peer = peer
	}
}
