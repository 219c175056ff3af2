// Package sdktest runs a plugin in the process of its test, over real gRPC: what passes here is
// encoded, checked and decoded as it is between the plugin and a server.
package sdktest

import (
	"context"
	"errors"
	"net"
	"sync"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/test/bufconn"

	basev1 "github.com/octolink/octolink/plugins/proto/base/v1"
	crmv1 "github.com/octolink/octolink/plugins/proto/crm/v1"
	hostv1 "github.com/octolink/octolink/plugins/proto/host/v1"
	"github.com/octolink/octolink/plugins/sdk"
)

// Options are what a server would give to the plugin. The zero value is fine.
type Options struct {
	// Settings are those of the manifest: a struct with crm tags or a map[string]any. Zero means none.
	Settings any
	// Host answers the plugin's questions to the server; a [Host] does. Zero means that it may ask nothing.
	Host hostv1.HostServiceServer
	// HTTPSocket is where the plugin serves HTTP. Zero means nowhere.
	HTTPSocket string
}

// A Plugin runs until the end of its test.
type Plugin struct {
	Catalog *crmv1.CatalogResponse

	conn   *grpc.ClientConn
	base   basev1.PluginServiceClient
	down   sync.Once
	stream grpc.BidiStreamingClient[crmv1.InvokeRequest, crmv1.InvokeResponse]
	mu     sync.Mutex
	next   uint64
	wait   map[uint64]chan *crmv1.Result
	ended  bool
}

// Start runs a plugin. The test fails when the plugin cannot be put together or refuses its settings.
func Start(t testing.TB, o Options, about sdk.Plugin, parts ...sdk.Part) *Plugin {
	t.Helper()
	p, err := Try(t, o, about, parts...)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Try is Start for a plugin that may refuse.
func Try(t testing.TB, o Options, about sdk.Plugin, parts ...sdk.Part) (*Plugin, error) {
	t.Helper()
	service, err := sdk.New(about, parts...)
	if err != nil {
		return nil, err
	}
	var host dialer
	order := &basev1.ConfigureRequest{HttpSocket: o.HTTPSocket, Settings: &basev1.Object{}}
	if o.Host != nil {
		host.conn = serve(t, func(s *grpc.Server) { hostv1.RegisterHostServiceServer(s, o.Host) })
		order.Host = 1
	}
	if o.Settings != nil {
		if order.Settings, err = sdk.Encode(o.Settings); err != nil {
			return nil, err
		}
	}
	conn := serve(t, func(s *grpc.Server) { service.Register(s, host) })
	base := basev1.NewPluginServiceClient(conn)
	if _, err := base.Configure(t.Context(), order); err != nil {
		return nil, err
	}
	p, err := open(t, conn)
	if err != nil {
		return nil, err
	}
	p.conn, p.base = conn, base
	t.Cleanup(p.Shutdown)
	return p, nil
}

// Shutdown ends the plugin as a server does. The end of the test does it otherwise.
func (p *Plugin) Shutdown() {
	p.down.Do(func() { _, _ = p.base.Shutdown(context.Background(), &basev1.ShutdownRequest{}) })
}

// serve runs a gRPC server for the time of the test and connects to it.
func serve(t testing.TB, register func(*grpc.Server)) *grpc.ClientConn {
	l := bufconn.Listen(1 << 20)
	s := grpc.NewServer()
	register(s)
	go func() { _ = s.Serve(l) }()
	conn, err := grpc.NewClient("passthrough:test", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return l.DialContext(ctx) }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = conn.Close()
		s.Stop()
	})
	return conn
}

// A dialer is the broker of a plugin that has one service to dial.
type dialer struct{ conn *grpc.ClientConn }

// Dial implements [sdk.Dialer].
func (d dialer) Dial(uint32) (*grpc.ClientConn, error) { return d.conn, nil }

func open(t testing.TB, conn *grpc.ClientConn) (*Plugin, error) {
	service := crmv1.NewCRMServiceClient(conn)
	catalog, err := service.Catalog(t.Context(), &crmv1.CatalogRequest{})
	if err != nil {
		return nil, err
	}
	stream, err := service.Invoke(context.Background())
	if err != nil {
		return nil, err
	}
	p := &Plugin{Catalog: catalog, stream: stream, wait: map[uint64]chan *crmv1.Result{}}
	go p.receive()
	return p, nil
}

func (p *Plugin) receive() {
	for {
		in, err := p.stream.Recv()
		p.mu.Lock()
		if err != nil {
			p.ended = true
			for _, got := range p.wait {
				close(got)
			}
			p.mu.Unlock()
			return
		}
		for _, r := range in.GetResults() {
			if got, ok := p.wait[r.GetId()]; ok {
				delete(p.wait, r.GetId())
				got <- r
			}
		}
		p.mu.Unlock()
	}
}

// Call runs a method. in is a struct with crm tags or a map[string]any; out is a pointer to a struct
// with crm tags, a *map[string]any, or nil. A failure of the method is an [*sdk.Error].
func (p *Plugin) Call(ctx context.Context, method string, in, out any) error {
	return p.CallFor(ctx, "", method, in, out)
}

// CallFor runs a method for a user.
func (p *Plugin) CallFor(ctx context.Context, user, method string, in, out any) error {
	params, err := sdk.Encode(in)
	if err != nil {
		return err
	}
	r, err := p.call(ctx, &crmv1.Start{Method: method, In: params, User: user})
	if err != nil {
		return err
	}
	if f := r.GetFailure(); f != nil {
		return &sdk.Error{Code: int(f.GetCode()), Text: f.GetText()}
	}
	if m, ok := out.(*map[string]any); ok {
		*m = sdk.Map(r.GetOut())
		return nil
	}
	if out == nil {
		return nil
	}
	return sdk.Decode(r.GetOut(), out)
}

func (p *Plugin) call(ctx context.Context, start *crmv1.Start) (*crmv1.Result, error) {
	got := make(chan *crmv1.Result, 1)
	p.mu.Lock()
	if p.ended {
		p.mu.Unlock()
		return nil, errors.New("sdktest: the plugin has ended")
	}
	p.next++
	id := p.next
	p.wait[id] = got
	err := p.stream.Send(&crmv1.InvokeRequest{Calls: []*crmv1.Call{{Id: id, What: &crmv1.Call_Start{Start: start}}}})
	p.mu.Unlock()
	if err != nil {
		return nil, err
	}
	select {
	case r, ok := <-got:
		if !ok {
			return nil, errors.New("sdktest: the plugin has ended")
		}
		return r, nil
	case <-ctx.Done():
		p.mu.Lock()
		defer p.mu.Unlock()
		_ = p.stream.Send(&crmv1.InvokeRequest{Calls: []*crmv1.Call{{Id: id, What: &crmv1.Call_Cancel{Cancel: &crmv1.Cancel{}}}}})
		return nil, ctx.Err()
	}
}
