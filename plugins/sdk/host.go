package sdk

import (
	"context"
	"maps"
	"slices"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	hostv1 "github.com/octolink/octolink/plugins/proto/host/v1"
)

// A Host is what the server offers to the plugin, as far as the manifest allows it. A nil Host refuses
// everything.
type Host struct{ client hostv1.HostServiceClient }

func newHost(conn grpc.ClientConnInterface) *Host {
	return &Host{hostv1.NewHostServiceClient(conn)}
}

// HostOf is the server of a context that the SDK gave to a method, a handler or a listener. Nil: the
// manifest allows nothing.
func HostOf(ctx context.Context) *Host {
	h, _ := ctx.Value(hostKey).(*Host)
	return h
}

// errNothing is what a nil Host answers.
var errNothing = &Error{Code: 403, Text: "the manifest allows nothing"}

// An Event is something that happened at the telephones.
type Event struct {
	Number int64
	At     time.Time
	Kind   string
	User   string // login; "" for everybody
	Body   map[string]any
}

// Since calls do with the events after a number, in order, until ctx ends or do fails. Zero begins
// with the oldest that is known. Without kinds it tells all that the manifest lists. gap, if it is not
// nil, hears of events that are not known any more.
func (h *Host) Since(ctx context.Context, number int64, do func(Event) error, gap func(after, before int64), kinds ...string) error {
	return h.follow(ctx, &hostv1.EventsRequest{Since: &number, Kinds: kinds}, do, gap)
}

func (h *Host) follow(ctx context.Context, in *hostv1.EventsRequest, do func(Event) error, gap func(after, before int64)) error {
	if h == nil {
		return errNothing
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := h.client.Events(ctx, in)
	if err != nil {
		return err
	}
	for {
		r, err := stream.Recv()
		if err != nil {
			return err
		}
		switch what := r.GetWhat().(type) {
		case *hostv1.EventsResponse_Gap:
			if gap != nil {
				gap(what.Gap.GetAfter(), what.Gap.GetBefore())
			}
		case *hostv1.EventsResponse_Event:
			e := what.Event
			if err := do(Event{e.GetNumber(), e.GetAt().AsTime(), e.GetKind(), e.GetUser(), Map(e.GetBody())}); err != nil {
				return err
			}
		}
	}
}

// A listener is a function that hears of events.
type listener struct {
	do    func(context.Context, Event)
	kinds []string
}

// follow tells a listener until the plugin ends. It begins again where it was when the stream breaks.
func (s *Service) follow(l listener) {
	ctx := s.with(s.life)
	in := &hostv1.EventsRequest{Kinds: l.kinds}
	for ctx.Err() == nil {
		err := HostOf(ctx).follow(ctx, in, func(e Event) error {
			l.do(ctx, e)
			in.Since = &e.Number
			return nil
		}, nil)
		if ctx.Err() == nil {
			report("events: %v", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
}

// Dial calls a number and the user, and connects them. It returns the new call's chain.
func (h *Host) Dial(ctx context.Context, user, to string) (chain string, err error) {
	return h.Command(ctx, &hostv1.CommandRequest{User: user, Command: &hostv1.CommandRequest_Dial{Dial: &hostv1.Dial{To: to}}})
}

// Command does something at a user's telephone; a dial gives the new call's chain.
func (h *Host) Command(ctx context.Context, in *hostv1.CommandRequest) (chain string, err error) {
	if h == nil {
		return "", errNothing
	}
	r, err := h.client.Command(ctx, in)
	return r.GetChain(), err
}

// Users are all users and what they do now.
func (h *Host) Users(ctx context.Context) ([]*hostv1.User, error) {
	return h.lookup(ctx, &hostv1.LookupRequest{})
}

// UserByNumber finds the user of a number; nil: it is nobody's.
func (h *Host) UserByNumber(ctx context.Context, number string) (*hostv1.User, error) {
	return first(h.lookup(ctx, &hostv1.LookupRequest{By: &hostv1.LookupRequest_Number{Number: number}}))
}

// UserByLogin finds a user; nil: there is none.
func (h *Host) UserByLogin(ctx context.Context, login string) (*hostv1.User, error) {
	return first(h.lookup(ctx, &hostv1.LookupRequest{By: &hostv1.LookupRequest_Login{Login: login}}))
}

func first(users []*hostv1.User, err error) (*hostv1.User, error) {
	if err != nil || len(users) == 0 {
		return nil, err
	}
	return users[0], nil
}

// Numbers are all internal numbers.
func (h *Host) Numbers(ctx context.Context) ([]*hostv1.Number, error) {
	r, err := h.find(ctx, &hostv1.LookupRequest{})
	return r.GetNumbers(), err
}

// Number finds an internal number; nil: there is none.
func (h *Host) Number(ctx context.Context, number string) (*hostv1.Number, error) {
	r, err := h.find(ctx, &hostv1.LookupRequest{By: &hostv1.LookupRequest_Number{Number: number}})
	if err != nil || len(r.GetNumbers()) == 0 {
		return nil, err
	}
	return r.GetNumbers()[0], nil
}

func (h *Host) lookup(ctx context.Context, in *hostv1.LookupRequest) ([]*hostv1.User, error) {
	r, err := h.find(ctx, in)
	return r.GetUsers(), err
}

func (h *Host) find(ctx context.Context, in *hostv1.LookupRequest) (*hostv1.LookupResponse, error) {
	if h == nil {
		return nil, errNothing
	}
	return h.client.Lookup(ctx, in)
}

// A JournalQuery says which calls; what is zero does not matter.
type JournalQuery struct {
	Users         []string
	Chain         string
	From, To      time.Time
	Direction     string // incoming, outgoing or internal
	Limit, Offset int    // Zero limit means 100.
}

// Journal reads calls, newest first.
func (h *Host) Journal(ctx context.Context, q JournalQuery) ([]*hostv1.CallRecord, error) {
	if h == nil {
		return nil, errNothing
	}
	in := &hostv1.JournalRequest{
		Users: q.Users, Chain: q.Chain, Direction: q.Direction, Limit: int32(q.Limit), Offset: int32(q.Offset),
	}
	if !q.From.IsZero() {
		in.From = timestamppb.New(q.From)
	}
	if !q.To.IsZero() {
		in.To = timestamppb.New(q.To)
	}
	r, err := h.client.Journal(ctx, in)
	return r.GetRecords(), err
}

// Get reads a value of the plugin's own storage; nil: there is none.
func (h *Host) Get(ctx context.Context, key string) ([]byte, error) {
	if h == nil {
		return nil, errNothing
	}
	r, err := h.client.Get(ctx, &hostv1.GetRequest{Key: key})
	if err != nil || r.Value == nil {
		return nil, err
	}
	return r.GetValue(), nil
}

// Set keeps a value; it is on the disk when Set returns.
func (h *Host) Set(ctx context.Context, key string, value []byte) error {
	if h == nil {
		return errNothing
	}
	_, err := h.client.Set(ctx, &hostv1.SetRequest{Key: key, Value: value})
	return err
}

// Delete forgets a value.
func (h *Host) Delete(ctx context.Context, key string) error {
	if h == nil {
		return errNothing
	}
	_, err := h.client.Delete(ctx, &hostv1.DeleteRequest{Key: key})
	return err
}

// Keys lists the plugin's own storage.
func (h *Host) Keys(ctx context.Context, prefix string) ([]string, error) {
	if h == nil {
		return nil, errNothing
	}
	r, err := h.client.Keys(ctx, &hostv1.KeysRequest{Prefix: prefix})
	return r.GetKeys(), err
}

// A Request is an HTTP request to an endpoint of the manifest.
type Request struct {
	Method string            // POST, PUT, PATCH or DELETE. Zero means POST.
	Path   string            // what follows the endpoint's address: "", "/…", "?…" or "/…?…"
	Header map[string]string // at most 32
	Body   []byte            // at most 256 KiB
}

// Deliver has a request sent to an address outside, again and again until that confirms it with 2xx. When
// it returns without an error, the request is on the disk, and neither the plugin nor the server can lose
// it. Requests to one endpoint go in the order of their Delivers. A key that the endpoint had within the last 7
// days is known, and not sent again: who does not know whether he has delivered something does it again.
func (h *Host) Deliver(ctx context.Context, endpoint, key string, r Request) (known bool, err error) {
	if h == nil {
		return false, errNothing
	}
	in := &hostv1.HTTPRequest{Method: r.Method, Path: r.Path, Body: r.Body}
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		in.Headers = append(in.Headers, &hostv1.Header{Name: name, Value: r.Header[name]})
	}
	out, err := h.client.Deliver(ctx, &hostv1.DeliverRequest{Endpoint: endpoint, Key: key, Request: in})
	return out.GetKnown(), err
}

// Notify tells a user something.
func (h *Host) Notify(ctx context.Context, user, text string) error {
	if h == nil {
		return errNothing
	}
	_, err := h.client.Notify(ctx, &hostv1.NotifyRequest{User: user, Text: text})
	return err
}
