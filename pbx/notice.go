package pbx

import "context"

// A Notice is a text for a user that he, and the CRMs that ask for notifications, are told.
type Notice struct {
	ID     string // GUID
	Sender string
	Text   string
}

// Notified: a user was sent a notice.
type Notified struct{ Notice Notice }

// Notify tells a user something. Error: [ErrNoSuchUser].
func (s *Switch) Notify(ctx context.Context, login, sender, text string) (Notice, error) {
	n := Notice{ID: s.opts.NewID(), Sender: sender, Text: text}
	return n, s.with(ctx, login, func(p *person) error {
		s.tell(p.user.Login, Notified{n})
		return nil
	})
}
