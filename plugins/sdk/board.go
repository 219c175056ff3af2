package sdk

import (
	"context"
	"errors"
	"strings"
	"sync"

	contract "github.com/octolink/octolink/plugins/proto"
	pbxv1 "github.com/octolink/octolink/plugins/proto/pbx/v1"
)

// A Board is the server as a [Telephony] sees it. Its functions may be called from any goroutine.
type Board struct {
	stream pbxv1.PBXService_RunServer

	sending sync.Mutex // one Send at a time

	mu        sync.Mutex
	directory *pbxv1.Directory
	users     map[string]*pbxv1.UserState // by login in lower case
	next      uint64
	open      map[uint64]chan string // questions
}

func newBoard(stream pbxv1.PBXService_RunServer) *Board {
	return &Board{stream: stream, users: map[string]*pbxv1.UserState{}, open: map[uint64]chan string{}}
}

func (b *Board) send(m *pbxv1.RunResponse) error {
	b.sending.Lock()
	defer b.sending.Unlock()
	return b.stream.Send(m)
}

// Report tells the present truth about what it names. The first report must be whole. It waits as long as
// the server does not read; what it fails with is the end of ctx of Run.
func (b *Board) Report(r *pbxv1.Report) error {
	return b.send(&pbxv1.RunResponse{What: &pbxv1.RunResponse_Report{Report: r}})
}

// Legs tells the present truth about legs that changed at one time.
func (b *Board) Legs(legs ...*pbxv1.Leg) error { return b.Report(&pbxv1.Report{Legs: legs}) }

// Away tells that the telephone system cannot be reached. The next report must be whole.
func (b *Board) Away(reason string) error {
	return b.send(&pbxv1.RunResponse{What: &pbxv1.RunResponse_Away{Away: &pbxv1.Away{Reason: reason}}})
}

// Directory is who exists. It is shared: do not change it.
func (b *Board) Directory() *pbxv1.Directory {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.directory
}

// User is what a user does now, without regard to case of the login. It is shared: do not change it.
func (b *Board) User(login string) *pbxv1.UserState {
	b.mu.Lock()
	defer b.mu.Unlock()
	if u := b.users[strings.ToLower(login)]; u != nil {
		return u
	}
	return &pbxv1.UserState{Login: login}
}

// UserByNumber finds the user of any of his numbers; nil: it is nobody's.
func (b *Board) UserByNumber(number string) *pbxv1.User {
	for _, u := range b.Directory().GetUsers() {
		for _, n := range u.GetNumbers() {
			if n == number {
				return u
			}
		}
	}
	return nil
}

// Redirect asks where a call to a user goes by his redirect rules: "" is his own phone.
func (b *Board) Redirect(ctx context.Context, login, caller string) (to string, err error) {
	got := make(chan string, 1)
	b.mu.Lock()
	if len(b.open) >= contract.MaxQuestions {
		b.mu.Unlock()
		return "", errors.New("sdk: too many questions without an answer")
	}
	b.next++
	id := b.next
	b.open[id] = got
	b.mu.Unlock()
	defer func() {
		b.mu.Lock()
		delete(b.open, id)
		b.mu.Unlock()
	}()
	q := &pbxv1.RedirectQuestion{Id: id, User: login, Caller: caller}
	if err := b.send(&pbxv1.RunResponse{What: &pbxv1.RunResponse_Redirect{Redirect: q}}); err != nil {
		return "", err
	}
	select {
	case to := <-got:
		return to, nil
	case <-ctx.Done():
		return "", ctx.Err()
	case <-b.stream.Context().Done():
		return "", ErrOffline
	}
}

// hear takes over what the server told. The functions tell who wants to know of it.
func (b *Board) hear(m *pbxv1.RunRequest, user func(*pbxv1.UserState), directory func()) {
	switch what := m.GetWhat().(type) {
	case *pbxv1.RunRequest_Directory:
		b.mu.Lock()
		b.directory = what.Directory
		b.mu.Unlock()
		directory()
	case *pbxv1.RunRequest_User:
		b.mu.Lock()
		b.users[strings.ToLower(what.User.GetLogin())] = what.User
		b.mu.Unlock()
		user(what.User)
	case *pbxv1.RunRequest_Redirect:
		b.mu.Lock()
		got := b.open[what.Redirect.GetId()]
		delete(b.open, what.Redirect.GetId())
		b.mu.Unlock()
		if got != nil {
			got <- what.Redirect.GetTo()
		}
	}
}
