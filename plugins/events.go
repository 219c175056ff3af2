package plugins

import (
	"context"
	"slices"
	"sort"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/octolink/octolink/pbx"
	hostv1 "github.com/octolink/octolink/plugins/proto/host/v1"
)

// rememberedEvents is how many events plugins can ask for again; older ones only if they are kept.
const rememberedEvents = 8192

// Kept are the events that outlive a restart: call records and notices.
type Kept interface {
	// Since gives at most limit of them with numbers above one, in order. An error for a number whose
	// successors are gone is treated as none.
	Since(ctx context.Context, number int64, limit int) ([]pbx.Event, error)
}

// An eventLog remembers the last events. The switch's goroutine writes, each plugin reads on its own.
type eventLog struct {
	mu   sync.Mutex
	ring []pbx.Event // grows to rememberedEvents, then it is a ring
	next int         // where the next one goes, once it is one
	news chan struct{}
}

// gather remembers events from now on, until stop is called.
func (h *Host) gather() (stop func()) {
	if h == nil || h.Switch == nil {
		return func() {}
	}
	return h.Switch.Subscribe(h.events.add)
}

func (l *eventLog) add(e pbx.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.ring) < rememberedEvents {
		l.ring = append(l.ring, e)
	} else {
		l.ring[l.next] = e
		l.next = (l.next + 1) % rememberedEvents
	}
	if l.news != nil {
		close(l.news)
		l.news = nil
	}
}

// after is the remembered events above a number, the oldest number that is remembered (0: none yet), and
// a channel that is closed when there is something new.
func (l *eventLog) after(number int64) (found []pbx.Event, oldest int64, news <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.news == nil {
		l.news = make(chan struct{})
	}
	if len(l.ring) == 0 {
		return nil, 0, l.news
	}
	oldest = l.ring[l.next%len(l.ring)].Number
	at := func(i int) pbx.Event { return l.ring[(l.next+i)%len(l.ring)] }
	first := sort.Search(len(l.ring), func(i int) bool { return at(i).Number > number })
	for i := first; i < len(l.ring); i++ {
		found = append(found, at(i))
	}
	return found, oldest, l.news
}

// newest is the last number; 0: there is none.
func (l *eventLog) newest() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.ring) == 0 {
		return 0
	}
	return l.ring[(l.next+len(l.ring)-1)%len(l.ring)].Number
}

type eventStream = grpc.ServerStreamingServer[hostv1.EventsResponse]

// Events implements the contract.
func (s *scoped) Events(in *hostv1.EventsRequest, stream eventStream) error {
	if len(s.allow.Events) == 0 {
		return s.refuse("events")
	}
	for _, kind := range in.GetKinds() {
		if !allows(s.allow.Events, kind) {
			return s.refuse("events of the kind " + kind)
		}
	}
	wanted := func(kind string) bool {
		return allows(s.allow.Events, kind) && (len(in.GetKinds()) == 0 || slices.Contains(in.GetKinds(), kind))
	}
	last := s.host.events.newest()
	if in.Since != nil {
		last = in.GetSince()
	}
	for {
		found, oldest, news := s.host.events.after(last)
		if oldest > last+1 && in.Since != nil {
			if err := s.old(stream, last, oldest, wanted); err != nil {
				return err
			}
		}
		for _, e := range found {
			if err := tell(stream, e, wanted); err != nil {
				return err
			}
			last = e.Number
		}
		in.Since = &last // from now on a gap is one
		select {
		case <-news:
		case <-stream.Context().Done():
			return nil
		}
	}
}

// old tells that events are forgotten, and those of them that are kept.
func (s *scoped) old(stream eventStream, last, oldest int64, wanted func(string) bool) error {
	gap := &hostv1.Gap{After: last, Before: oldest}
	if err := stream.Send(&hostv1.EventsResponse{What: &hostv1.EventsResponse_Gap{Gap: gap}}); err != nil {
		return err
	}
	for s.host.Kept != nil {
		kept, err := s.host.Kept.Since(stream.Context(), last, 100)
		if err != nil || len(kept) == 0 {
			return stream.Context().Err()
		}
		for _, e := range kept {
			if e.Number >= oldest {
				return nil
			}
			if err := tell(stream, e, wanted); err != nil {
				return err
			}
			last = e.Number
		}
	}
	return nil
}

// tell sends an event if it is wanted.
func tell(stream eventStream, e pbx.Event, wanted func(string) bool) error {
	kind, body := eventBody(e.What)
	if kind == "" || !wanted(kind) {
		return nil
	}
	object, err := toObject(body)
	if err != nil {
		return err
	}
	return stream.Send(&hostv1.EventsResponse{What: &hostv1.EventsResponse_Event{Event: &hostv1.Event{
		Number: e.Number, At: timestamppb.New(e.At), Kind: kind, User: e.Login, Body: object,
	}}})
}
