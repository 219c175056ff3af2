package sdk

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	contract "github.com/octolink/octolink/plugins/proto"
	pbxv1 "github.com/octolink/octolink/plugins/proto/pbx/v1"
)

// A Telephony is a telephone system that a server uses as its own, see [PBX]. Commands name legs by the
// ids that it told; they return when the telephone system has accepted them, what happens then goes to the
// [Board]. Their errors wrap one of ErrNoSuchLeg, ErrNoSuchNumber, ErrBusy, ErrState, ErrOffline,
// ErrUnsupported and the others below; the server's log has their text.
type Telephony interface {
	// Run connects, stays connected, and tells the board until ctx ends. It begins with a whole report.
	// When it returns earlier, the plugin is started again.
	Run(ctx context.Context, b *Board) error
	// Dial makes a callback: both sides are called.
	Dial(ctx context.Context, r *pbxv1.DialRequest) error
	// Answer takes a ringing leg's phone off the hook.
	Answer(ctx context.Context, leg string) error
	// Hangup ends a leg; a ringing one is rejected, a callback stopped.
	Hangup(ctx context.Context, leg string) error
	// Transfer sends the leg's other side to a number without asking there; the leg ends.
	Transfer(ctx context.Context, leg, to string) error
}

// A Holder is a [Telephony] that can hold.
type Holder interface {
	// Hold puts the leg's other side on hold.
	Hold(ctx context.Context, leg string) error
	// Resume takes the other side back; a current leg of the same phone goes on hold for it.
	Resume(ctx context.Context, held string) error
	// Connect joins the other sides of two legs of one phone, which is free then.
	Connect(ctx context.Context, held, current string) error
}

// A Conferencer is a [Telephony] that has conferences.
type Conferencer interface {
	// CreateConference rings the numbers, the creator too, and gathers them.
	CreateConference(ctx context.Context, c *pbxv1.Conference, creator string, members []string) error
	// Gather turns a talk of two into a conference.
	Gather(ctx context.Context, leg, conference string) error
	// Invite rings numbers into a conference.
	Invite(ctx context.Context, conference string, numbers []string) error
	// Kick ends a member's part.
	Kick(ctx context.Context, conference, member string) error
	// Join takes a held leg's other side into the conference of the current leg, or makes one of the three.
	Join(ctx context.Context, held, current string) error
}

// An Eavesdropper is a [Telephony] with supervision.
type Eavesdropper interface {
	// Listen makes the supervisor's phone a silent member of a talk.
	Listen(ctx context.Context, supervisor, leg, conference string) error
	// SetGhostMode changes what the ghosts of a conference may do; member "" means all of them.
	SetGhostMode(ctx context.Context, conference, member string, mode pbxv1.GhostMode) error
}

// A Recorder is a [Telephony] that keeps recordings of talks.
type Recorder interface {
	// Recording gives a recording piece by piece. None: there is no recording.
	Recording(ctx context.Context, r *pbxv1.RecordingRequest, piece func(mediaType string, data []byte) error) error
}

// A Watcher is a [Telephony] that wants to know what users do, and of another directory. The functions are
// called one after the other and must not block.
type Watcher interface {
	// UserChanged: a user does something else. At the beginning it is called for everybody.
	UserChanged(u *pbxv1.UserState)
	// DirectoryChanged: others exist than before.
	DirectoryChanged()
}

// Why a [Telephony] does not accept a command.
var (
	ErrNoSuchLeg        = errors.New("no such call")
	ErrNoSuchNumber     = errors.New("no such number")
	ErrNoSuchConference = errors.New("no such conference")
	ErrNoSuchMember     = errors.New("no such participant")
	ErrBusy             = errors.New("busy")
	ErrState            = errors.New("not possible in the present state of the phone")
	ErrOffline          = errors.New("the telephone system is away")
	ErrUnsupported      = errors.New("the telephone system cannot do that")
)

var faults = []struct {
	err   error
	fault pbxv1.Fault
}{
	{ErrNoSuchLeg, pbxv1.Fault_FAULT_NO_SUCH_LEG}, {ErrNoSuchNumber, pbxv1.Fault_FAULT_NO_SUCH_NUMBER},
	{ErrNoSuchConference, pbxv1.Fault_FAULT_NO_SUCH_CONFERENCE}, {ErrNoSuchMember, pbxv1.Fault_FAULT_NO_SUCH_MEMBER},
	{ErrBusy, pbxv1.Fault_FAULT_BUSY}, {ErrState, pbxv1.Fault_FAULT_STATE}, {ErrOffline, pbxv1.Fault_FAULT_OFFLINE},
	{ErrUnsupported, pbxv1.Fault_FAULT_UNSUPPORTED},
}

// refusal is an error as a command's answer carries it.
func refusal(err error) *pbxv1.Failure {
	if err == nil {
		return nil
	}
	for _, f := range faults {
		if errors.Is(err, f.err) {
			return &pbxv1.Failure{Fault: f.fault, Text: err.Error()}
		}
	}
	return &pbxv1.Failure{Text: err.Error()}
}

// PBX makes the plugin a telephone system. A server uses it as such when its configuration says
// pbx: {driver: "plugin:NAME"} and the manifest says allow: {pbx: true}. What t can beyond a [Telephony]
// is found out by the interfaces that it has.
func PBX(t Telephony) Part {
	return part(func(s *Service) error {
		if s.phones != nil {
			return errors.New("there are two telephone systems")
		}
		s.phones = newPhones(t)
		s.kind(contract.KindPBX)
		for _, a := range []struct {
			name string
			has  bool
		}{
			{contract.AbilityHold, is[Holder](t)}, {contract.AbilityConference, is[Conferencer](t)},
			{contract.AbilityListen, is[Eavesdropper](t)}, {contract.AbilityRecord, is[Recorder](t)},
		} {
			if a.has {
				s.info.Abilities = append(s.info.Abilities, a.name)
			}
		}
		return nil
	})
}

func is[T any](t Telephony) bool {
	_, ok := t.(T)
	return ok
}

// NewID is a new random GUID, for chains, talks and conferences.
func NewID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // it never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
