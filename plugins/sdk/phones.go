package sdk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	contract "github.com/octolink/octolink/plugins/proto"
	pbxv1 "github.com/octolink/octolink/plugins/proto/pbx/v1"
)

// phones serves a [Telephony].
type phones struct {
	pbxv1.UnimplementedPBXServiceServer
	t      Telephony
	hold   Holder // nil: it cannot, as the following
	conf   Conferencer
	listen Eavesdropper
	record Recorder
	watch  Watcher
	s      *Service
}

func newPhones(t Telephony) *phones {
	p := &phones{t: t}
	p.hold, _ = t.(Holder)
	p.conf, _ = t.(Conferencer)
	p.listen, _ = t.(Eavesdropper)
	p.record, _ = t.(Recorder)
	p.watch, _ = t.(Watcher)
	return p
}

// Run implements the contract.
func (p *phones) Run(stream pbxv1.PBXService_RunServer) error {
	first, err := stream.Recv()
	if err != nil {
		return err
	}
	if first.GetDirectory() == nil {
		return status.Error(codes.InvalidArgument, "the host must begin with the directory")
	}
	ctx, cancel := context.WithCancel(p.s.with(stream.Context()))
	defer cancel()
	stop := context.AfterFunc(p.s.life, cancel)
	defer stop()
	b := newBoard(stream)
	p.hear(b, first)
	ended := make(chan error, 1)
	go func() { ended <- p.t.Run(ctx, b) }()
	go func() { // it ends with the stream, and that with this function
		defer cancel()
		for {
			m, err := stream.Recv()
			if err != nil {
				return
			}
			p.hear(b, m)
		}
	}()
	err = <-ended
	if ctx.Err() != nil {
		return nil
	}
	if err == nil {
		err = errors.New("Run returned")
	}
	return status.Error(codes.Aborted, err.Error())
}

func (p *phones) hear(b *Board, m *pbxv1.RunRequest) {
	if p.watch != nil {
		b.hear(m, p.watch.UserChanged, p.watch.DirectoryChanged)
		return
	}
	b.hear(m, func(*pbxv1.UserState) {}, func() {})
}

// try carries a command out; one that panics fails alone.
func (p *phones) try(do func() error) (f *pbxv1.Failure) {
	defer func() {
		if r := recover(); r != nil {
			report("a command of the telephone system: panic: %v\n%s", r, debug.Stack())
			f = &pbxv1.Failure{Text: fmt.Sprintf("the command panicked: %v", r)}
		}
	}()
	return refusal(do())
}

// Dial implements the contract.
func (p *phones) Dial(ctx context.Context, in *pbxv1.DialRequest) (*pbxv1.DialResponse, error) {
	return &pbxv1.DialResponse{Failure: p.try(func() error { return p.t.Dial(ctx, in) })}, nil
}

// Answer implements the contract.
func (p *phones) Answer(ctx context.Context, in *pbxv1.AnswerRequest) (*pbxv1.AnswerResponse, error) {
	return &pbxv1.AnswerResponse{Failure: p.try(func() error { return p.t.Answer(ctx, in.GetLeg()) })}, nil
}

// Hangup implements the contract.
func (p *phones) Hangup(ctx context.Context, in *pbxv1.HangupRequest) (*pbxv1.HangupResponse, error) {
	return &pbxv1.HangupResponse{Failure: p.try(func() error { return p.t.Hangup(ctx, in.GetLeg()) })}, nil
}

// Transfer implements the contract.
func (p *phones) Transfer(ctx context.Context, in *pbxv1.TransferRequest) (*pbxv1.TransferResponse, error) {
	return &pbxv1.TransferResponse{Failure: p.try(func() error { return p.t.Transfer(ctx, in.GetLeg(), in.GetTo()) })}, nil
}

// Hold implements the contract.
func (p *phones) Hold(ctx context.Context, in *pbxv1.HoldRequest) (*pbxv1.HoldResponse, error) {
	if p.hold == nil {
		return p.UnimplementedPBXServiceServer.Hold(ctx, in)
	}
	return &pbxv1.HoldResponse{Failure: p.try(func() error { return p.hold.Hold(ctx, in.GetLeg()) })}, nil
}

// Resume implements the contract.
func (p *phones) Resume(ctx context.Context, in *pbxv1.ResumeRequest) (*pbxv1.ResumeResponse, error) {
	if p.hold == nil {
		return p.UnimplementedPBXServiceServer.Resume(ctx, in)
	}
	return &pbxv1.ResumeResponse{Failure: p.try(func() error { return p.hold.Resume(ctx, in.GetHeld()) })}, nil
}

// Connect implements the contract.
func (p *phones) Connect(ctx context.Context, in *pbxv1.ConnectRequest) (*pbxv1.ConnectResponse, error) {
	if p.hold == nil {
		return p.UnimplementedPBXServiceServer.Connect(ctx, in)
	}
	return &pbxv1.ConnectResponse{Failure: p.try(func() error { return p.hold.Connect(ctx, in.GetHeld(), in.GetCurrent()) })}, nil
}

// CreateConference implements the contract.
func (p *phones) CreateConference(ctx context.Context, in *pbxv1.CreateConferenceRequest) (*pbxv1.CreateConferenceResponse, error) {
	if p.conf == nil {
		return p.UnimplementedPBXServiceServer.CreateConference(ctx, in)
	}
	return &pbxv1.CreateConferenceResponse{Failure: p.try(func() error {
		return p.conf.CreateConference(ctx, in.GetConference(), in.GetCreator(), in.GetMembers())
	})}, nil
}

// Gather implements the contract.
func (p *phones) Gather(ctx context.Context, in *pbxv1.GatherRequest) (*pbxv1.GatherResponse, error) {
	if p.conf == nil {
		return p.UnimplementedPBXServiceServer.Gather(ctx, in)
	}
	return &pbxv1.GatherResponse{Failure: p.try(func() error { return p.conf.Gather(ctx, in.GetLeg(), in.GetConference()) })}, nil
}

// Invite implements the contract.
func (p *phones) Invite(ctx context.Context, in *pbxv1.InviteRequest) (*pbxv1.InviteResponse, error) {
	if p.conf == nil {
		return p.UnimplementedPBXServiceServer.Invite(ctx, in)
	}
	return &pbxv1.InviteResponse{Failure: p.try(func() error { return p.conf.Invite(ctx, in.GetConference(), in.GetNumbers()) })}, nil
}

// Kick implements the contract.
func (p *phones) Kick(ctx context.Context, in *pbxv1.KickRequest) (*pbxv1.KickResponse, error) {
	if p.conf == nil {
		return p.UnimplementedPBXServiceServer.Kick(ctx, in)
	}
	return &pbxv1.KickResponse{Failure: p.try(func() error { return p.conf.Kick(ctx, in.GetConference(), in.GetMember()) })}, nil
}

// Join implements the contract.
func (p *phones) Join(ctx context.Context, in *pbxv1.JoinRequest) (*pbxv1.JoinResponse, error) {
	if p.conf == nil {
		return p.UnimplementedPBXServiceServer.Join(ctx, in)
	}
	return &pbxv1.JoinResponse{Failure: p.try(func() error { return p.conf.Join(ctx, in.GetHeld(), in.GetCurrent()) })}, nil
}

// Listen implements the contract.
func (p *phones) Listen(ctx context.Context, in *pbxv1.ListenRequest) (*pbxv1.ListenResponse, error) {
	if p.listen == nil {
		return p.UnimplementedPBXServiceServer.Listen(ctx, in)
	}
	return &pbxv1.ListenResponse{Failure: p.try(func() error { return p.listen.Listen(ctx, in.GetSupervisor(), in.GetLeg(), in.GetConference()) })}, nil
}

// SetGhostMode implements the contract.
func (p *phones) SetGhostMode(ctx context.Context, in *pbxv1.SetGhostModeRequest) (*pbxv1.SetGhostModeResponse, error) {
	if p.listen == nil {
		return p.UnimplementedPBXServiceServer.SetGhostMode(ctx, in)
	}
	return &pbxv1.SetGhostModeResponse{Failure: p.try(func() error {
		return p.listen.SetGhostMode(ctx, in.GetConference(), in.GetMember(), in.GetMode())
	})}, nil
}

// Recording implements the contract.
func (p *phones) Recording(in *pbxv1.RecordingRequest, stream pbxv1.PBXService_RecordingServer) error {
	if p.record == nil {
		return p.UnimplementedPBXServiceServer.Recording(in, stream)
	}
	err := p.record.Recording(stream.Context(), in, func(mediaType string, data []byte) error {
		for len(data) > contract.MaxPiece {
			if err := stream.Send(&pbxv1.RecordingResponse{MediaType: mediaType, Data: data[:contract.MaxPiece]}); err != nil {
				return err
			}
			data = data[contract.MaxPiece:]
		}
		return stream.Send(&pbxv1.RecordingResponse{MediaType: mediaType, Data: data})
	})
	if err == nil || errors.Is(err, io.EOF) {
		return nil
	}
	return status.Error(codes.Unknown, err.Error())
}
