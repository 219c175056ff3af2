package plugins

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/octolink/octolink/pbx"
	contract "github.com/octolink/octolink/plugins/proto"
	pbxv1 "github.com/octolink/octolink/plugins/proto/pbx/v1"
)

// faults are why a telephone system does not accept a command.
var faults = map[pbxv1.Fault]error{
	pbxv1.Fault_FAULT_NO_SUCH_LEG: pbx.ErrNoSuchLeg, pbxv1.Fault_FAULT_NO_SUCH_NUMBER: pbx.ErrNoSuchNumber,
	pbxv1.Fault_FAULT_NO_SUCH_CONFERENCE: pbx.ErrNoSuchConference, pbxv1.Fault_FAULT_NO_SUCH_MEMBER: pbx.ErrNoSuchMember,
	pbxv1.Fault_FAULT_BUSY: pbx.ErrBusy, pbxv1.Fault_FAULT_STATE: pbx.ErrState, pbxv1.Fault_FAULT_OFFLINE: pbx.ErrOffline,
	pbxv1.Fault_FAULT_UNSUPPORTED: pbx.ErrUnsupported,
}

// An answer is any of the answers to a command.
type answer interface{ GetFailure() *pbxv1.Failure }

// command has one carried out. ability is what it takes beyond the least; "" for nothing.
func command[A answer](ctx context.Context, d *Driver, ability string, do func(context.Context, pbxv1.PBXServiceClient) (A, error)) error {
	s, err := d.session(ctx)
	if err != nil {
		return err
	}
	defer s.exit()
	if ability != "" && !slices.Contains(s.i.info.GetAbilities(), ability) {
		return pbx.ErrUnsupported
	}
	within, cancel := context.WithTimeout(ctx, s.i.manifest.Timeout)
	defer cancel()
	a, err := do(within, s.i.pbx)
	if err != nil {
		return commandError(ctx, err)
	}
	if f := a.GetFailure(); f != nil {
		if known := faults[f.GetFault()]; known != nil {
			return fmt.Errorf("%s: %w", f.GetText(), known)
		}
		return fmt.Errorf("the telephone system: %s", f.GetText())
	}
	return nil
}

// commandError is why a command did not come through.
func commandError(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	switch status.Code(err) {
	case codes.Unavailable, codes.Canceled:
		return fmt.Errorf("%w: its plugin is gone", pbx.ErrOffline)
	case codes.DeadlineExceeded:
		return fmt.Errorf("%w: its plugin does not answer", pbx.ErrOffline)
	case codes.Unimplemented:
		return pbx.ErrUnsupported
	}
	return fmt.Errorf("the telephone system: %w", plain(err))
}

// Dial implements [pbx.Driver].
func (d *Driver) Dial(ctx context.Context, r pbx.DialRequest) error {
	return command(ctx, d, "", func(ctx context.Context, c pbxv1.PBXServiceClient) (*pbxv1.DialResponse, error) {
		return c.Dial(ctx, &pbxv1.DialRequest{
			User: r.User, From: r.From, To: r.To, AbonentFirst: r.AbonentFirst, Intercom: r.Intercom, Chain: r.Chain,
		})
	})
}

// Answer implements [pbx.Driver].
func (d *Driver) Answer(ctx context.Context, leg string) error {
	return command(ctx, d, "", func(ctx context.Context, c pbxv1.PBXServiceClient) (*pbxv1.AnswerResponse, error) {
		return c.Answer(ctx, &pbxv1.AnswerRequest{Leg: leg})
	})
}

// Hangup implements [pbx.Driver].
func (d *Driver) Hangup(ctx context.Context, leg string) error {
	return command(ctx, d, "", func(ctx context.Context, c pbxv1.PBXServiceClient) (*pbxv1.HangupResponse, error) {
		return c.Hangup(ctx, &pbxv1.HangupRequest{Leg: leg})
	})
}

// Transfer implements [pbx.Driver].
func (d *Driver) Transfer(ctx context.Context, leg, to string) error {
	return command(ctx, d, "", func(ctx context.Context, c pbxv1.PBXServiceClient) (*pbxv1.TransferResponse, error) {
		return c.Transfer(ctx, &pbxv1.TransferRequest{Leg: leg, To: to})
	})
}

// Hold implements [pbx.Holder].
func (d *Driver) Hold(ctx context.Context, leg string) error {
	return command(ctx, d, contract.AbilityHold, func(ctx context.Context, c pbxv1.PBXServiceClient) (*pbxv1.HoldResponse, error) {
		return c.Hold(ctx, &pbxv1.HoldRequest{Leg: leg})
	})
}

// Resume implements [pbx.Holder].
func (d *Driver) Resume(ctx context.Context, held string) error {
	return command(ctx, d, contract.AbilityHold, func(ctx context.Context, c pbxv1.PBXServiceClient) (*pbxv1.ResumeResponse, error) {
		return c.Resume(ctx, &pbxv1.ResumeRequest{Held: held})
	})
}

// Connect implements [pbx.Holder].
func (d *Driver) Connect(ctx context.Context, held, current string) error {
	return command(ctx, d, contract.AbilityHold, func(ctx context.Context, c pbxv1.PBXServiceClient) (*pbxv1.ConnectResponse, error) {
		return c.Connect(ctx, &pbxv1.ConnectRequest{Held: held, Current: current})
	})
}

// Create implements [pbx.Conferencer].
func (d *Driver) Create(ctx context.Context, conf pbx.Conference, creator string, members []string) error {
	return command(ctx, d, contract.AbilityConference, func(ctx context.Context, c pbxv1.PBXServiceClient) (*pbxv1.CreateConferenceResponse, error) {
		return c.CreateConference(ctx, &pbxv1.CreateConferenceRequest{Conference: conferenceMessage(conf), Creator: creator, Members: members})
	})
}

// Gather implements [pbx.Conferencer].
func (d *Driver) Gather(ctx context.Context, leg, conference string) error {
	return command(ctx, d, contract.AbilityConference, func(ctx context.Context, c pbxv1.PBXServiceClient) (*pbxv1.GatherResponse, error) {
		return c.Gather(ctx, &pbxv1.GatherRequest{Leg: leg, Conference: conference})
	})
}

// Invite implements [pbx.Conferencer].
func (d *Driver) Invite(ctx context.Context, conference string, numbers []string) error {
	return command(ctx, d, contract.AbilityConference, func(ctx context.Context, c pbxv1.PBXServiceClient) (*pbxv1.InviteResponse, error) {
		return c.Invite(ctx, &pbxv1.InviteRequest{Conference: conference, Numbers: numbers})
	})
}

// Kick implements [pbx.Conferencer].
func (d *Driver) Kick(ctx context.Context, conference, member string) error {
	return command(ctx, d, contract.AbilityConference, func(ctx context.Context, c pbxv1.PBXServiceClient) (*pbxv1.KickResponse, error) {
		return c.Kick(ctx, &pbxv1.KickRequest{Conference: conference, Member: member})
	})
}

// Join implements [pbx.Conferencer].
func (d *Driver) Join(ctx context.Context, held, current string) error {
	return command(ctx, d, contract.AbilityConference, func(ctx context.Context, c pbxv1.PBXServiceClient) (*pbxv1.JoinResponse, error) {
		return c.Join(ctx, &pbxv1.JoinRequest{Held: held, Current: current})
	})
}

// Listen implements [pbx.Eavesdropper].
func (d *Driver) Listen(ctx context.Context, supervisor, targetLeg, conference string) error {
	return command(ctx, d, contract.AbilityListen, func(ctx context.Context, c pbxv1.PBXServiceClient) (*pbxv1.ListenResponse, error) {
		return c.Listen(ctx, &pbxv1.ListenRequest{Supervisor: supervisor, Leg: targetLeg, Conference: conference})
	})
}

// GhostMode implements [pbx.Eavesdropper].
func (d *Driver) GhostMode(ctx context.Context, conference, member string, m pbx.GhostMode) error {
	return command(ctx, d, contract.AbilityListen, func(ctx context.Context, c pbxv1.PBXServiceClient) (*pbxv1.SetGhostModeResponse, error) {
		return c.SetGhostMode(ctx, &pbxv1.SetGhostModeRequest{Conference: conference, Member: member, Mode: ghostModeMessage(m)})
	})
}

// Recording implements [pbx.Recorder]. It is in a file of its own until it is closed.
func (d *Driver) Recording(ctx context.Context, r pbx.CallRecord) (rc io.ReadSeekCloser, mediaType string, err error) {
	s, err := d.session(ctx)
	if err != nil {
		return nil, "", err
	}
	defer s.exit()
	if !slices.Contains(s.i.info.GetAbilities(), contract.AbilityRecord) {
		return nil, "", pbx.ErrUnsupported
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := s.i.pbx.Recording(ctx, recordingMessage(r))
	if err != nil {
		return nil, "", commandError(ctx, err)
	}
	f, err := os.CreateTemp("", "octolink-recording-")
	if err != nil {
		return nil, "", err
	}
	_ = os.Remove(f.Name()) // it lives as long as it is open
	for size := 0; ; {
		piece, err := stream.Recv()
		switch {
		case errors.Is(err, io.EOF) && size == 0:
			err = fs.ErrNotExist
		case errors.Is(err, io.EOF):
			if _, err = f.Seek(0, io.SeekStart); err == nil {
				return f, mediaType, nil
			}
		case err != nil:
			err = commandError(ctx, err)
		}
		if err == nil {
			if size += len(piece.GetData()); size > contract.MaxRecording {
				err = fmt.Errorf("the recording has more than %d MiB", contract.MaxRecording>>20)
			} else {
				_, err = f.Write(piece.GetData())
			}
		}
		if err != nil {
			return nil, "", errors.Join(err, f.Close())
		}
		if mediaType == "" {
			mediaType = piece.GetMediaType()
		}
	}
}
