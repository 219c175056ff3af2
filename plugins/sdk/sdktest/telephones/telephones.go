// Package telephones is a small telephone system for tests of plugins that are one: its calls are in a
// file, so that they outlive the plugin's process, as those of a real one do.
package telephones

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	pbxv1 "github.com/octolink/octolink/plugins/proto/pbx/v1"
	"github.com/octolink/octolink/plugins/sdk"
)

// A System is the telephones. All calls go through the board, the file is what is.
type System struct {
	mu    sync.Mutex
	file  string
	legs  map[string]*pbxv1.Leg
	board *sdk.Board
}

var _ sdk.Telephony = (*System)(nil)

// Settings of the plugin.
type Settings struct {
	File string `crm:"file,required"`
}

// Parts are the plugin around a system, for [sdk.Serve].
func (s *System) Parts() []sdk.Part {
	return []sdk.Part{
		sdk.PBX(s),
		sdk.Settings(func(_ context.Context, o Settings) error {
			s.file = o.File
			return nil
		}),
	}
}

// load reads the calls that there are.
func (s *System) load() error {
	s.legs = map[string]*pbxv1.Leg{}
	text, err := os.ReadFile(s.file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var all [][]byte
	if err := json.Unmarshal(text, &all); err != nil {
		return err
	}
	for _, b := range all {
		l := &pbxv1.Leg{}
		if err := proto.Unmarshal(b, l); err != nil {
			return err
		}
		s.legs[l.GetId()] = l
	}
	return nil
}

// Run implements [sdk.Telephony]. It looks at the calls now, not earlier: a process of before may have
// changed them meanwhile.
func (s *System) Run(ctx context.Context, b *sdk.Board) error {
	s.mu.Lock()
	if err := s.load(); err != nil {
		s.mu.Unlock()
		return err
	}
	s.board = b
	whole := &pbxv1.Report{Whole: true}
	for _, l := range s.legs {
		whole.Legs = append(whole.Legs, l)
	}
	err := b.Report(whole)
	s.mu.Unlock()
	if err != nil {
		return err
	}
	<-ctx.Done()
	return ctx.Err()
}

// Board is the board, once the system runs.
func (s *System) Board() *sdk.Board {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.board
}

// tell writes what is and tells what has changed. Under mu.
func (s *System) tell(changed ...*pbxv1.Leg) error {
	if s.board == nil {
		return sdk.ErrOffline
	}
	for _, l := range changed {
		s.legs[l.GetId()] = l
		if l.GetState() == pbxv1.LegState_LEG_STATE_ENDED {
			delete(s.legs, l.GetId())
		}
	}
	all := [][]byte{}
	for _, l := range s.legs {
		b, err := proto.Marshal(l)
		if err != nil {
			return err
		}
		all = append(all, b)
	}
	text, err := json.Marshal(all)
	if err != nil {
		return err
	}
	if err := os.WriteFile(s.file+".new", text, 0o600); err != nil {
		return err
	}
	if err := os.Rename(s.file+".new", s.file); err != nil {
		return err
	}
	return s.board.Legs(changed...)
}

// Dial implements [sdk.Telephony]: the user's phone rings. The number 999 does not exist, 998 is busy.
func (s *System) Dial(_ context.Context, r *pbxv1.DialRequest) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch r.GetTo() {
	case "999":
		return fmt.Errorf("no route to %s: %w", r.GetTo(), sdk.ErrNoSuchNumber)
	case "998":
		return sdk.ErrBusy
	case "997":
		return errors.New("the exchange is on fire")
	}
	return s.tell(&pbxv1.Leg{
		Id: sdk.NewID(), Chain: r.GetChain(), User: r.GetUser(), Number: r.GetFrom(), State: pbxv1.LegState_LEG_STATE_RINGING,
		Outgoing: true, Callback: pbxv1.Callback_CALLBACK_USER, Peer: &pbxv1.Party{Number: r.GetTo(), External: s.board.UserByNumber(r.GetTo()) == nil},
	})
}

// Answer implements [sdk.Telephony]. Outside parties answer at once.
func (s *System) Answer(_ context.Context, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	l, err := s.leg(id)
	if err != nil {
		return err
	}
	if l.GetState() != pbxv1.LegState_LEG_STATE_RINGING {
		return sdk.ErrState
	}
	talk, now := sdk.NewID(), timestamppb.New(time.Now())
	var all []*pbxv1.Leg
	switch {
	case l.GetCallback() != 0 && l.GetPeer().GetExternal():
		all = []*pbxv1.Leg{l}
	case l.GetCallback() != 0:
		l.State, l.Callback = pbxv1.LegState_LEG_STATE_DIALLING, pbxv1.Callback_CALLBACK_ABONENT
		there := &pbxv1.Leg{
			Id: sdk.NewID(), Chain: l.GetChain(), Number: l.GetPeer().GetNumber(), State: pbxv1.LegState_LEG_STATE_RINGING,
			Peer: &pbxv1.Party{Number: l.GetNumber()},
		}
		return s.tell(l, there)
	default:
		for _, o := range s.legs {
			if o.GetChain() == l.GetChain() && o.GetId() != l.GetId() {
				all = append(all, proto.Clone(o).(*pbxv1.Leg))
			}
		}
		all = append(all, l)
	}
	for _, o := range all {
		o.State, o.Callback, o.Talk, o.Since = pbxv1.LegState_LEG_STATE_TALKING, pbxv1.Callback_CALLBACK_UNSPECIFIED, talk, now
	}
	return s.tell(all...)
}

// Hangup implements [sdk.Telephony]: the call is over.
func (s *System) Hangup(_ context.Context, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	l, err := s.leg(id)
	if err != nil {
		return err
	}
	var all []*pbxv1.Leg
	for _, o := range s.legs {
		if o.GetChain() != l.GetChain() {
			continue
		}
		over := proto.Clone(o).(*pbxv1.Leg)
		over.State = pbxv1.LegState_LEG_STATE_ENDED
		if over.GetId() == id {
			over.Cause = pbxv1.Cause_CAUSE_HUNG_UP
		}
		all = append(all, over)
	}
	return s.tell(all...)
}

// Transfer implements [sdk.Telephony]: it cannot.
func (s *System) Transfer(context.Context, string, string) error { return sdk.ErrUnsupported }

// leg is a copy of a leg. Under mu.
func (s *System) leg(id string) (*pbxv1.Leg, error) {
	if l := s.legs[id]; l != nil {
		return proto.Clone(l).(*pbxv1.Leg), nil
	}
	return nil, fmt.Errorf("%s: %w", id, sdk.ErrNoSuchLeg)
}
