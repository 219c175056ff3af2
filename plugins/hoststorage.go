package plugins

import (
	"context"
	"errors"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/octolink/octolink/pbx"
	hostv1 "github.com/octolink/octolink/plugins/proto/host/v1"
)

// ErrFull: a plugin's storage takes no more.
var ErrFull = errors.New("the plugin's storage is full")

func (s *scoped) mayStore(key string) error {
	switch {
	case !s.allow.Storage:
		return s.refuse("storage")
	case s.host.Storage == nil:
		return missing("storage")
	case key == "" || len(key) > maxKey:
		return status.Errorf(codes.InvalidArgument, "a key has 1 to %d bytes", maxKey)
	}
	return nil
}

// Get implements the contract.
func (s *scoped) Get(ctx context.Context, in *hostv1.GetRequest) (*hostv1.GetResponse, error) {
	if err := s.mayStore(in.GetKey()); err != nil {
		return nil, err
	}
	value, err := s.host.Storage.PluginValue(ctx, s.plugin, in.GetKey())
	if err != nil {
		return nil, internal(err)
	}
	return &hostv1.GetResponse{Value: value}, nil
}

// Set implements the contract.
func (s *scoped) Set(ctx context.Context, in *hostv1.SetRequest) (*hostv1.SetResponse, error) {
	if err := s.mayStore(in.GetKey()); err != nil {
		return nil, err
	}
	if len(in.GetValue()) > maxStored {
		return nil, status.Errorf(codes.InvalidArgument, "a value has at most %d bytes", maxStored)
	}
	value := in.GetValue()
	if value == nil {
		value = []byte{} // there, and empty
	}
	if err := s.host.Storage.SetPluginValue(ctx, s.plugin, in.GetKey(), value); err != nil {
		return nil, internal(err)
	}
	return &hostv1.SetResponse{}, nil
}

// Delete implements the contract.
func (s *scoped) Delete(ctx context.Context, in *hostv1.DeleteRequest) (*hostv1.DeleteResponse, error) {
	if err := s.mayStore(in.GetKey()); err != nil {
		return nil, err
	}
	if err := s.host.Storage.DeletePluginValue(ctx, s.plugin, in.GetKey()); err != nil {
		return nil, internal(err)
	}
	return &hostv1.DeleteResponse{}, nil
}

// Keys implements the contract.
func (s *scoped) Keys(ctx context.Context, in *hostv1.KeysRequest) (*hostv1.KeysResponse, error) {
	if err := s.mayStore("any"); err != nil {
		return nil, err
	}
	keys, err := s.host.Storage.PluginKeys(ctx, s.plugin, in.GetPrefix())
	if err != nil {
		return nil, internal(err)
	}
	return &hostv1.KeysResponse{Keys: keys}, nil
}

// internal hides nothing: the plugin is the operator's own.
func internal(err error) error {
	if errors.Is(err, ErrFull) {
		return status.Error(codes.ResourceExhausted, err.Error())
	}
	return status.Error(codes.Internal, err.Error())
}

// pbxStatus gives errors of the telephones gRPC's codes.
func pbxStatus(err error) error {
	code := codes.Internal
	for _, c := range []struct {
		err  error
		code codes.Code
	}{
		{pbx.ErrNoSuchUser, codes.NotFound}, {pbx.ErrNoSuchNumber, codes.NotFound}, {pbx.ErrNoPhone, codes.FailedPrecondition},
		{pbx.ErrState, codes.FailedPrecondition}, {pbx.ErrBusy, codes.FailedPrecondition}, {pbx.ErrForbidden, codes.PermissionDenied},
		{pbx.ErrOffline, codes.Unavailable}, {pbx.ErrUnsupported, codes.Unimplemented},
		{context.Canceled, codes.Canceled}, {context.DeadlineExceeded, codes.DeadlineExceeded},
	} {
		if errors.Is(err, c.err) {
			code = c.code
		}
	}
	return status.Error(code, err.Error())
}
