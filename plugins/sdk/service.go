package sdk

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	basev1 "github.com/octolink/octolink/plugins/proto/base/v1"
	crmv1 "github.com/octolink/octolink/plugins/proto/crm/v1"
	pbxv1 "github.com/octolink/octolink/plugins/proto/pbx/v1"
)

// A Service is a plugin put together, ready to be registered at a gRPC server. Authors need it only
// when [Serve] and sdktest are not enough.
type Service struct {
	basev1.UnimplementedPluginServiceServer
	crmv1.UnimplementedCRMServiceServer

	info      *basev1.InfoResponse
	catalog   *crmv1.CatalogResponse
	methods   map[string]run
	configure []func(context.Context, *basev1.Object) error
	events    []listener
	shutdown  []func(context.Context)
	http      http.Handler
	phones    *phones // nil: it is no telephone system

	dialer Dialer
	life   context.Context // ends with Shutdown; methods and listeners see it
	end    context.CancelFunc
	work   sync.WaitGroup

	mu   sync.Mutex
	host *Host
	web  *http.Server
}

// A Dialer connects to the server's services; go-plugin's broker is one.
type Dialer interface {
	Dial(id uint32) (*grpc.ClientConn, error)
}

// New puts a plugin together.
func New(p Plugin, parts ...Part) (*Service, error) {
	s := &Service{
		info:    &basev1.InfoResponse{Name: p.Name, Version: p.Version, Summary: p.Summary},
		catalog: &crmv1.CatalogResponse{}, methods: map[string]run{},
	}
	s.life, s.end = context.WithCancel(context.Background())
	var errs []error
	if p.Name == "" {
		errs = append(errs, errors.New("it has no name"))
	}
	for _, p := range parts {
		errs = append(errs, p.join(s))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("sdk: plugin %s: %w", p.Name, err)
	}
	return s, nil
}

func (s *Service) kind(k string) {
	if !slices.Contains(s.info.Kinds, k) {
		s.info.Kinds = append(s.info.Kinds, k)
	}
}

// Register puts the plugin's services on a server.
func (s *Service) Register(server *grpc.Server, d Dialer) {
	s.dialer = d
	basev1.RegisterPluginServiceServer(server, s)
	crmv1.RegisterCRMServiceServer(server, s)
	if s.phones != nil {
		s.phones.s = s
		pbxv1.RegisterPBXServiceServer(server, s.phones)
	}
}

// Info implements the contract.
func (s *Service) Info(context.Context, *basev1.InfoRequest) (*basev1.InfoResponse, error) {
	return s.info, nil
}

// Configure implements the contract.
func (s *Service) Configure(ctx context.Context, in *basev1.ConfigureRequest) (*basev1.ConfigureResponse, error) {
	if in.GetHost() != 0 {
		conn, err := s.dialer.Dial(in.GetHost())
		if err != nil {
			return nil, status.Errorf(codes.Internal, "the server's services: %v", err)
		}
		s.mu.Lock()
		s.host = newHost(conn)
		s.mu.Unlock()
	}
	for _, take := range s.configure {
		if err := take(s.with(ctx), in.GetSettings()); err != nil {
			return nil, status.Error(codes.InvalidArgument, err.Error())
		}
	}
	if s.http != nil && in.GetHttpSocket() != "" {
		if err := s.serveHTTP(in.GetHttpSocket()); err != nil {
			return nil, status.Errorf(codes.Internal, "http: %v", err)
		}
	}
	for _, l := range s.events {
		s.work.Go(func() { s.follow(l) })
	}
	return &basev1.ConfigureResponse{}, nil
}

func (s *Service) serveHTTP(socket string) error {
	l, err := net.Listen("unix", socket)
	if err != nil {
		return err
	}
	web := &http.Server{
		Handler: s.http, ReadHeaderTimeout: 10 * time.Second,
		BaseContext: func(net.Listener) context.Context { return s.with(s.life) },
	}
	s.mu.Lock()
	s.web = web
	s.mu.Unlock()
	s.work.Go(func() { _ = web.Serve(l) }) // ends with Shutdown
	return nil
}

// with lets a context know the server's services.
func (s *Service) with(ctx context.Context) context.Context {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.host == nil {
		return ctx
	}
	return context.WithValue(ctx, hostKey, s.host)
}

// Shutdown implements the contract.
func (s *Service) Shutdown(ctx context.Context, _ *basev1.ShutdownRequest) (*basev1.ShutdownResponse, error) {
	for _, do := range s.shutdown {
		do(s.with(ctx))
	}
	s.end()
	s.mu.Lock()
	web := s.web
	s.mu.Unlock()
	if web != nil {
		web.Close() //nolint:errcheck // connections that are cut
	}
	s.work.Wait()
	return &basev1.ShutdownResponse{}, nil
}

// Catalog implements the contract.
func (s *Service) Catalog(context.Context, *crmv1.CatalogRequest) (*crmv1.CatalogResponse, error) {
	return s.catalog, nil
}
