package plugins

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/octolink/octolink/pbx"
	hostv1 "github.com/octolink/octolink/plugins/proto/host/v1"
)

// A Host answers what plugins ask of the server. All fields may be left out; what they would do fails.
type Host struct {
	Switch  *pbx.Switch
	Journal Journal
	Storage Storage
	Kept    Kept
	// Deliveries is the outbox to addresses outside.
	Deliveries Deliveries
	// Retry is how long after its first attempt a delivery is tried again; each failure doubles it, up to
	// five minutes. Zero means 1 s.
	Retry time.Duration

	events  eventLog
	courier *courier // nil: there is no outbox
}

// A Journal is the calls that were.
type Journal interface {
	Calls(ctx context.Context, q JournalQuery) ([]pbx.CallRecord, error)
}

// A JournalQuery says which calls; what is zero does not matter.
type JournalQuery struct {
	Logins        []string
	Chain         string
	From, To      time.Time
	Direction     pbx.Direction
	Limit, Offset int
}

// Storage keeps values for plugins.
type Storage interface {
	// PluginValue is nil when there is none.
	PluginValue(ctx context.Context, plugin, key string) ([]byte, error)
	SetPluginValue(ctx context.Context, plugin, key string, value []byte) error
	DeletePluginValue(ctx context.Context, plugin, key string) error
	PluginKeys(ctx context.Context, plugin, prefix string) ([]string, error)
}

// The bounds of a plugin's storage and words.
const (
	maxKey    = 256
	maxStored = 256 << 10
	maxNotice = 4 << 10
)

// scoped is the host as one plugin sees it.
type scoped struct {
	hostv1.UnimplementedHostServiceServer
	host   *Host
	plugin string
	allow  Permissions
}

func (s *scoped) refuse(what string) error {
	return status.Errorf(codes.PermissionDenied, "the manifest of %s does not allow %s", s.plugin, what)
}

func missing(what string) error {
	return status.Errorf(codes.Unavailable, "this server has no %s", what)
}

// Command implements the contract.
func (s *scoped) Command(ctx context.Context, in *hostv1.CommandRequest) (*hostv1.CommandResponse, error) {
	what := commandName(in)
	switch {
	case what == "":
		return nil, status.Error(codes.InvalidArgument, "no command that this server knows")
	case !allows(s.allow.Commands, what):
		return nil, s.refuse("the command " + what)
	case !allows(s.allow.Users, in.GetUser()):
		return nil, s.refuse("commands for " + in.GetUser())
	case s.host.Switch == nil:
		return nil, missing("telephones")
	}
	chain, err := s.command(ctx, in)
	if err != nil {
		return nil, pbxStatus(err)
	}
	return &hostv1.CommandResponse{Chain: chain}, nil
}

func commandName(in *hostv1.CommandRequest) string {
	switch in.GetCommand().(type) {
	case *hostv1.CommandRequest_Dial:
		return "dial"
	case *hostv1.CommandRequest_Answer:
		return "answer"
	case *hostv1.CommandRequest_Decline:
		return "decline"
	case *hostv1.CommandRequest_Hangup:
		return "hangup"
	case *hostv1.CommandRequest_Transfer:
		return "transfer"
	case *hostv1.CommandRequest_State:
		return "state"
	}
	return ""
}

func (s *scoped) command(ctx context.Context, in *hostv1.CommandRequest) (chain string, err error) {
	sw, user := s.host.Switch, in.GetUser()
	switch c := in.GetCommand().(type) {
	case *hostv1.CommandRequest_Dial:
		return sw.AutoCall(ctx, user, c.Dial.GetTo(), c.Dial.GetAbonentFirst(), false)
	case *hostv1.CommandRequest_Answer:
		return "", sw.Answer(ctx, user)
	case *hostv1.CommandRequest_Decline:
		return "", sw.Decline(ctx, user)
	case *hostv1.CommandRequest_Hangup:
		return "", sw.Abort(ctx, user)
	case *hostv1.CommandRequest_Transfer:
		return "", sw.Transfer(ctx, user, c.Transfer.GetTo())
	case *hostv1.CommandRequest_State:
		_, err := sw.SetState(ctx, user, stateChange(c.State))
		return "", err
	}
	return "", fmt.Errorf("no such command")
}

func stateChange(in *hostv1.State) pbx.StateChange {
	ch := pbx.StateChange{CallCenter: in.CallCenter, Redirect: in.Redirect}
	if in.State != nil {
		state := pbx.StateID(in.GetState())
		ch.State = &state
	}
	if in.BreakId != nil {
		id := int(in.GetBreakId())
		ch.BreakID = &id
	}
	return ch
}

// Lookup implements the contract.
func (s *scoped) Lookup(_ context.Context, in *hostv1.LookupRequest) (*hostv1.LookupResponse, error) {
	switch {
	case !s.allow.Lookup:
		return nil, s.refuse("lookup")
	case s.host.Switch == nil:
		return nil, missing("telephones")
	}
	users, numbers := found(s.host.Switch.Directory(), in)
	out := &hostv1.LookupResponse{}
	for _, u := range users {
		if u != nil {
			out.Users = append(out.Users, &hostv1.User{
				Login: u.Login, Id: u.ID, Name: u.Name, Numbers: u.Numbers, Department: u.Department.Name,
				State: int32(s.host.Switch.User(u.Login).State), Supervisor: u.Supervisor,
			})
		}
	}
	for _, n := range numbers {
		if n == nil {
			continue
		}
		m := &hostv1.Number{
			Number: n.Number, Id: n.ID, Caption: n.Caption, Group: n.Group, Department: n.Department.Name,
			State: int32(s.host.Switch.NumberState(n.Number)),
		}
		if n.User != nil {
			m.User = n.User.Login
		}
		out.Numbers = append(out.Numbers, m)
	}
	return out, nil
}

// found is what a look-up asks for; there may be nils.
func found(d *pbx.Directory, in *hostv1.LookupRequest) ([]*pbx.User, []*pbx.Number) {
	switch by := in.GetBy().(type) {
	case *hostv1.LookupRequest_Login:
		return []*pbx.User{d.UserByLogin(by.Login)}, nil
	case *hostv1.LookupRequest_Id:
		return []*pbx.User{d.UserByID(by.Id)}, []*pbx.Number{d.NumberBy(by.Id)}
	case *hostv1.LookupRequest_Number:
		return []*pbx.User{d.UserByNumber(by.Number)}, []*pbx.Number{d.NumberBy(by.Number)}
	}
	return d.Users(), d.Numbers()
}

// Journal implements the contract.
func (s *scoped) Journal(ctx context.Context, in *hostv1.JournalRequest) (*hostv1.JournalResponse, error) {
	switch {
	case !s.allow.Journal:
		return nil, s.refuse("journal")
	case s.host.Journal == nil:
		return nil, missing("journal")
	}
	q := JournalQuery{
		Logins: in.GetUsers(), Chain: in.GetChain(), Direction: pbx.Direction(in.GetDirection()),
		Limit: min(max(int(in.GetLimit()), 0), 1000), Offset: max(int(in.GetOffset()), 0),
	}
	if q.Limit == 0 {
		q.Limit = 100
	}
	if in.From != nil {
		q.From = in.From.AsTime()
	}
	if in.To != nil {
		q.To = in.To.AsTime()
	}
	records, err := s.host.Journal.Calls(ctx, q)
	if err != nil {
		return nil, internal(err)
	}
	out := &hostv1.JournalResponse{}
	for _, r := range records {
		out.Records = append(out.Records, recordMessage(r))
	}
	return out, nil
}

func recordMessage(r pbx.CallRecord) *hostv1.CallRecord {
	m := &hostv1.CallRecord{
		Id: r.ID, Chain: r.Chain, User: r.Login, Number: r.Number, Peer: r.Peer, PeerName: r.PeerName, PeerUser: r.PeerLogin,
		Direction: string(r.Direction), Queue: r.Queue, Started: moment(r.Started), Answered: moment(r.AnsweredAt),
		Ended: moment(r.Ended), Outcome: string(r.Outcome), Recorded: r.Recorded,
		Flow: r.Flow,
	}
	for _, t := range r.Tags {
		m.Tags = append(m.Tags, &hostv1.Tag{Key: t.Key, Value: t.Value})
	}
	return m
}

func moment(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}

// Notify implements the contract.
func (s *scoped) Notify(ctx context.Context, in *hostv1.NotifyRequest) (*hostv1.NotifyResponse, error) {
	switch {
	case !s.allow.Notify:
		return nil, s.refuse("notify")
	case !allows(s.allow.Users, in.GetUser()):
		return nil, s.refuse("notices for " + in.GetUser())
	case len(in.GetText()) > maxNotice:
		return nil, status.Errorf(codes.InvalidArgument, "a notice has at most %d bytes", maxNotice)
	case s.host.Switch == nil:
		return nil, missing("telephones")
	}
	if _, err := s.host.Switch.Notify(ctx, in.GetUser(), s.plugin, in.GetText()); err != nil {
		return nil, pbxStatus(err)
	}
	return &hostv1.NotifyResponse{}, nil
}
