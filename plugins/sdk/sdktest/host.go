package sdktest

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	hostv1 "github.com/octolink/octolink/plugins/proto/host/v1"
	"github.com/octolink/octolink/plugins/sdk"
)

// A Host is a server as a plugin sees it, for [Options].Host: it has the users and calls that the test gives
// it, keeps values in memory, and writes down what the plugin did. It allows everything that is not in
// Forbidden.
type Host struct {
	hostv1.UnimplementedHostServiceServer
	// Users and Numbers are who and what exists, Records the journal, newest first. Set them before the
	// plugin starts.
	Users   []*hostv1.User
	Numbers []*hostv1.Number
	Records []*hostv1.CallRecord
	// Forbidden are names of calls that the manifest would not list: Command, Lookup …
	Forbidden []string

	mu         sync.Mutex
	values     map[string][]byte
	commands   []*hostv1.CommandRequest
	notices    []*hostv1.NotifyRequest
	deliveries []*hostv1.DeliverRequest
	events     []*hostv1.Event
	news       chan struct{} // closed at the next event; nil: nobody waits
}

var _ hostv1.HostServiceServer = (*Host)(nil)

func (h *Host) allows(call string) error {
	if slices.Contains(h.Forbidden, call) {
		return status.Errorf(codes.PermissionDenied, "the manifest does not allow %s", strings.ToLower(call))
	}
	return nil
}

// Tell makes an event happen. body is a struct with crm tags or a map[string]any; nil for none.
func (h *Host) Tell(kind, user string, body any) error {
	e := &hostv1.Event{At: timestamppb.New(time.Now()), Kind: kind, User: user}
	if body != nil {
		o, err := sdk.Encode(body)
		if err != nil {
			return err
		}
		e.Body = o
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	e.Number = int64(len(h.events) + 1)
	h.events = append(h.events, e)
	if h.news != nil {
		close(h.news)
		h.news = nil
	}
	return nil
}

// Commands are what the plugin did at telephones, oldest first.
func (h *Host) Commands() []*hostv1.CommandRequest {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.commands)
}

// Notices are what it told users.
func (h *Host) Notices() []*hostv1.NotifyRequest {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.notices)
}

// Deliveries are what it wants delivered, every key once.
func (h *Host) Deliveries() []*hostv1.DeliverRequest {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.deliveries)
}

// Value is what the plugin keeps under a key; nil: nothing.
func (h *Host) Value(key string) []byte {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.values[key]
}

// Events implements the contract.
func (h *Host) Events(in *hostv1.EventsRequest, stream hostv1.HostService_EventsServer) error {
	if err := h.allows("Events"); err != nil {
		return err
	}
	h.mu.Lock()
	next := len(h.events)
	h.mu.Unlock()
	if in.Since != nil {
		next = int(max(in.GetSince(), 0))
	}
	for {
		h.mu.Lock()
		found := slices.Clone(h.events[min(next, len(h.events)):])
		if h.news == nil {
			h.news = make(chan struct{})
		}
		news := h.news
		h.mu.Unlock()
		for _, e := range found {
			next++
			if len(in.GetKinds()) > 0 && !slices.Contains(in.GetKinds(), e.GetKind()) {
				continue
			}
			if err := stream.Send(&hostv1.EventsResponse{What: &hostv1.EventsResponse_Event{Event: e}}); err != nil {
				return err
			}
		}
		select {
		case <-news:
		case <-stream.Context().Done():
			return nil
		}
	}
}

// Command implements the contract.
func (h *Host) Command(_ context.Context, in *hostv1.CommandRequest) (*hostv1.CommandResponse, error) {
	if err := h.allows("Command"); err != nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.commands = append(h.commands, in)
	if in.GetDial() != nil {
		return &hostv1.CommandResponse{Chain: sdk.NewID()}, nil
	}
	return &hostv1.CommandResponse{}, nil
}

// Lookup implements the contract.
func (h *Host) Lookup(_ context.Context, in *hostv1.LookupRequest) (*hostv1.LookupResponse, error) {
	if err := h.allows("Lookup"); err != nil {
		return nil, err
	}
	out := &hostv1.LookupResponse{}
	for _, u := range h.Users {
		is := true
		switch by := in.GetBy().(type) {
		case *hostv1.LookupRequest_Login:
			is = strings.EqualFold(u.GetLogin(), by.Login)
		case *hostv1.LookupRequest_Id:
			is = strings.EqualFold(u.GetId(), by.Id)
		case *hostv1.LookupRequest_Number:
			is = slices.Contains(u.GetNumbers(), by.Number)
		}
		if is {
			out.Users = append(out.Users, u)
		}
	}
	for _, n := range h.Numbers {
		is := true
		switch by := in.GetBy().(type) {
		case *hostv1.LookupRequest_Login:
			is = false
		case *hostv1.LookupRequest_Id:
			is = strings.EqualFold(n.GetId(), by.Id)
		case *hostv1.LookupRequest_Number:
			is = n.GetNumber() == by.Number
		}
		if is {
			out.Numbers = append(out.Numbers, n)
		}
	}
	return out, nil
}

// Journal implements the contract; it looks at users, chain, limit and offset.
func (h *Host) Journal(_ context.Context, in *hostv1.JournalRequest) (*hostv1.JournalResponse, error) {
	if err := h.allows("Journal"); err != nil {
		return nil, err
	}
	var found []*hostv1.CallRecord
	for _, r := range h.Records {
		if (len(in.GetUsers()) == 0 || slices.Contains(in.GetUsers(), r.GetUser())) && (in.GetChain() == "" || in.GetChain() == r.GetChain()) {
			found = append(found, r)
		}
	}
	limit := int(in.GetLimit())
	if limit == 0 {
		limit = 100
	}
	found = found[min(int(in.GetOffset()), len(found)):]
	return &hostv1.JournalResponse{Records: found[:min(limit, len(found))]}, nil
}

// Get implements the contract.
func (h *Host) Get(_ context.Context, in *hostv1.GetRequest) (*hostv1.GetResponse, error) {
	if err := h.allows("Get"); err != nil {
		return nil, err
	}
	return &hostv1.GetResponse{Value: h.Value(in.GetKey())}, nil
}

// Set implements the contract.
func (h *Host) Set(_ context.Context, in *hostv1.SetRequest) (*hostv1.SetResponse, error) {
	if err := h.allows("Set"); err != nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.values == nil {
		h.values = map[string][]byte{}
	}
	h.values[in.GetKey()] = append([]byte{}, in.GetValue()...)
	return &hostv1.SetResponse{}, nil
}

// Delete implements the contract.
func (h *Host) Delete(_ context.Context, in *hostv1.DeleteRequest) (*hostv1.DeleteResponse, error) {
	if err := h.allows("Delete"); err != nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.values, in.GetKey())
	return &hostv1.DeleteResponse{}, nil
}

// Keys implements the contract.
func (h *Host) Keys(_ context.Context, in *hostv1.KeysRequest) (*hostv1.KeysResponse, error) {
	if err := h.allows("Keys"); err != nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	out := &hostv1.KeysResponse{}
	for key := range h.values {
		if strings.HasPrefix(key, in.GetPrefix()) {
			out.Keys = append(out.Keys, key)
		}
	}
	slices.Sort(out.Keys)
	return out, nil
}

// Notify implements the contract.
func (h *Host) Notify(_ context.Context, in *hostv1.NotifyRequest) (*hostv1.NotifyResponse, error) {
	if err := h.allows("Notify"); err != nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.notices = append(h.notices, in)
	return &hostv1.NotifyResponse{}, nil
}

// Deliver implements the contract.
func (h *Host) Deliver(_ context.Context, in *hostv1.DeliverRequest) (*hostv1.DeliverResponse, error) {
	if err := h.allows("Deliver"); err != nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, d := range h.deliveries {
		if d.GetEndpoint() == in.GetEndpoint() && d.GetKey() == in.GetKey() {
			return &hostv1.DeliverResponse{Known: true}, nil
		}
	}
	h.deliveries = append(h.deliveries, in)
	return &hostv1.DeliverResponse{}, nil
}
